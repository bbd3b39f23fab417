//! One rung for each site.

use super::{
    exception::exception,
    island::Islands,
    rung::{Reason, Rung},
    window::{self, LONG_JUMP, SHORT_JUMP, Window},
};
use crate::disasm::{Instruction, Located, Site};
use std::ops::Range;

/// What will be done to a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The site.
    pub site: Site,
    /// How it is taken.
    pub rung: Rung,
    /// The bytes to overwrite, whole instructions. Empty, and at the syscall, where the site is left alone.
    pub window: Range<u64>,
    /// Where five unused bytes hold the jump to the stub, if the window has only room for a jump of two.
    pub island: Option<u64>,
    moved_before: usize,
    moved_after: usize,
}

impl Patch {
    /// The overwritten instructions before the syscall, to be executed in the stub.
    pub fn moved_before(&self) -> &[Instruction] {
        &self.site.before[self.site.before.len() - self.moved_before..]
    }

    /// The overwritten instructions after it. The last may be a `ret`; otherwise the code goes on at the end of the window.
    pub fn moved_after(&self) -> &[Instruction] {
        &self.site.after[..self.moved_after]
    }

    /// Whether the original `syscall` instruction stays and executes.
    pub fn in_place(&self) -> bool {
        self.rung.is_in_place()
    }

    /// Why the site is left alone, if it is.
    pub fn reason(&self) -> Option<Reason> {
        match self.rung {
            Rung::LeftAlone(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Chooses a window for every site, in the order of their addresses. Windows and islands do not overlap each other, nor the
/// syscall instructions that stay, nor the instructions these return to.
pub fn plan(located: Located) -> Vec<Patch> {
    let mut islands = Islands::new(located.paddings);
    let mut patches: Vec<Patch> = Vec::with_capacity(located.sites.len());
    // The end of what earlier sites need.
    let mut floor = 0;
    let mut sites = located.sites.into_iter().peekable();
    while let Some(site) = sites.next() {
        let previous = patches.last().map(|patch| &patch.site);
        // Code that is read in two ways, from two starts, may have the next site inside an instruction that follows this one.
        let room = floor..sites.peek().map_or(u64::MAX, |next| next.address);
        let patch = match exception(&site, previous, sites.peek()) {
            Some(reason) => left_alone(site, reason),
            None => choose(site, room, &mut islands),
        };
        floor = floor.max(patch.site.end()).max(patch.window.end);
        patches.push(patch);
    }
    patches
}

/// Chooses a window for a site within `room`, the addresses that no other site needs.
fn choose(site: Site, room: Range<u64>, islands: &mut Islands) -> Patch {
    if let Some(window) = window::in_place(&site, room.start, LONG_JUMP) {
        return taken(site, Rung::InPlace, window, None);
    }
    if let Some(window) = window::in_place(&site, room.start, SHORT_JUMP)
        && let Some(island) = islands.take(window.range.start)
    {
        return taken(site, Rung::InPlaceShort, window, Some(island));
    }
    if let Some(window) = window::in_stub(&site, room.clone(), |start| islands.end_of(start)) {
        islands.use_until(window.range.end);
        return taken(site, Rung::InStub, window, None);
    }
    if let Some(window) = window::syscall_alone(&site, room)
        && let Some(island) = islands.take(window.range.start)
    {
        return taken(site, Rung::InStubShort, window, Some(island));
    }
    left_alone(site, Reason::NoRoom)
}

fn taken(site: Site, rung: Rung, window: Window, island: Option<u64>) -> Patch {
    Patch { site, rung, window: window.range, island, moved_before: window.before, moved_after: window.after }
}

fn left_alone(site: Site, reason: Reason) -> Patch {
    let nothing = Window { range: site.address..site.address, before: 0, after: 0 };
    taken(site, Rung::LeftAlone(reason), nothing, None)
}
