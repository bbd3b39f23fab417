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
    /// Address of the `syscall` instruction, its prefixes included.
    pub address: u64,
    /// Its length: 2, or more where it carries prefixes.
    pub length: u8,
    /// The number of the call, where it is the same each time.
    pub number: Option<u32>,
    /// Whether no value can be in a vector or x87 register, or in the flags, that anybody reads later.
    pub state_is_dead: bool,
    /// Whether no x87 register can be in use here.
    pub x87_is_empty: bool,
    /// How the site is taken.
    pub rung: Rung,
    /// The bytes to overwrite, whole instructions. Empty, and at the syscall, where the site is left alone.
    pub window: Range<u64>,
    /// Where five unused bytes hold the jump to the stub, if the window has only room for a jump of two.
    pub island: Option<u64>,
    /// The overwritten instructions but for the syscall, and how many of them stand before it.
    pub(crate) moved: Vec<Instruction>,
    pub(crate) moved_before: usize,
}

impl Patch {
    /// Address of the instruction after the syscall: where the kernel returns to.
    pub fn end(&self) -> u64 {
        self.address.wrapping_add(u64::from(self.length))
    }

    /// The overwritten instructions before the syscall, to be executed in the stub.
    pub fn moved_before(&self) -> &[Instruction] {
        &self.moved[..self.moved_before]
    }

    /// The overwritten instructions after it. The last may be a `ret`; otherwise the code goes on at the end of the window.
    pub fn moved_after(&self) -> &[Instruction] {
        &self.moved[self.moved_before..]
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
pub fn plan(located: &Located) -> Vec<Patch> {
    let mut islands = Islands::new(located.paddings.clone());
    let mut patches: Vec<Patch> = Vec::with_capacity(located.sites.len());
    // The end of what earlier sites need.
    let mut floor = 0;
    let mut previous = None;
    let mut sites = located.sites.iter().peekable();
    while let Some(site) = sites.next() {
        // Code that is read in two ways, from two starts, may have the next site inside an instruction that follows this one.
        let room = floor..sites.peek().map_or(u64::MAX, |next| next.address);
        let patch = match exception(site, previous, sites.peek().copied()) {
            Some(reason) => left_alone(site, reason),
            None => choose(site, room, &mut islands),
        };
        floor = floor.max(site.end()).max(patch.window.end);
        patches.push(patch);
        previous = Some(site);
    }
    patches
}

/// Chooses a window for a site within `room`, the addresses that no other site needs.
fn choose(site: &Site, room: Range<u64>, islands: &mut Islands) -> Patch {
    if let Some(window) = window::in_place(site, room.start, LONG_JUMP) {
        return taken(site, Rung::InPlace, window, None);
    }
    if let Some(window) = window::in_place(site, room.start, SHORT_JUMP)
        && let Some(island) = islands.take(window.range.start)
    {
        return taken(site, Rung::InPlaceShort, window, Some(island));
    }
    if let Some(window) = window::in_stub(site, room.clone(), |start| islands.end_of(start)) {
        islands.use_until(window.range.end);
        return taken(site, Rung::InStub, window, None);
    }
    if let Some(window) = window::syscall_alone(site, room)
        && let Some(island) = islands.take(window.range.start)
    {
        return taken(site, Rung::InStubShort, window, Some(island));
    }
    left_alone(site, Reason::NoRoom)
}

fn taken(site: &Site, rung: Rung, window: Window, island: Option<u64>) -> Patch {
    let before = &site.before[site.before.len() - window.before..];
    let mut moved = Vec::with_capacity(window.before + window.after);
    moved.extend_from_slice(before);
    moved.extend_from_slice(&site.after[..window.after]);
    Patch {
        address: site.address,
        length: site.length,
        number: site.number,
        state_is_dead: site.state_is_dead,
        x87_is_empty: site.x87_is_empty,
        rung,
        window: window.range,
        island,
        moved,
        moved_before: window.before,
    }
}

fn left_alone(site: &Site, reason: Reason) -> Patch {
    let nothing = Window { range: site.address..site.address, before: 0, after: 0 };
    taken(site, Rung::LeftAlone(reason), nothing, None)
}
