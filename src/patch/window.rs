//! The bytes around a site that can be overwritten.

use crate::disasm::{Kind, Site};
use std::ops::Range;

/// Length of `jmp rel32`.
pub(super) const LONG_JUMP: u64 = Site::ROOM;
/// Length of `jmp rel8`.
pub(super) const SHORT_JUMP: u64 = 2;

/// Whole instructions to overwrite, and how many of them stand before and after the syscall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) range: Range<u64>,
    pub(super) before: usize,
    pub(super) after: usize,
}

/// The smallest window that ends at the syscall and holds a jump of `room` bytes.
///
/// Nothing may arrive behind its start: not in the middle of the jump, and not at the syscall itself either, for who jumps
/// there goes past the hook.
pub(super) fn in_place(site: &Site, floor: u64, room: u64) -> Option<Window> {
    let (before, start) = take_before(site, room)?;
    let free = start >= floor && !site.has_target_in(start + 1..site.address + 1);
    free.then_some(Window { range: start..site.address, before, after: 0 })
}

/// The window within `room` that spans the syscall, holds a jump of five bytes and moves the fewest instructions. `padding`
/// gives the end of the unused bytes that begin at an address.
pub(super) fn in_stub(site: &Site, room: Range<u64>, padding: impl Fn(u64) -> Option<u64>) -> Option<Window> {
    let mut best: Option<Window> = None;
    for before in 0..=movable_before(site) {
        let start = start_of(site, before);
        if start < room.start {
            break;
        }
        // At the end of the address space, where a hostile file may have code, there is no room for a jump.
        let Some(jump_end) = start.checked_add(LONG_JUMP) else { continue };
        let Some((after, end)) = take_after(site, jump_end, &padding) else { continue };
        let fewer = best.as_ref().is_none_or(|best| before + after < best.before + best.after);
        if fewer && end <= room.end && !site.has_target_in(start + 1..end) {
            best = Some(Window { range: start..end, before, after });
        }
    }
    best
}

/// The syscall alone, which always holds a jump of two bytes.
pub(super) fn syscall_alone(site: &Site, room: Range<u64>) -> Option<Window> {
    let range = site.address..site.end();
    let free = room.start <= range.start && range.end <= room.end && !site.has_target_in(range.start + 1..range.end);
    free.then_some(Window { range, before: 0, after: 0 })
}

/// How many instructions before the syscall hold `room` bytes, and where they start.
fn take_before(site: &Site, room: u64) -> Option<(usize, u64)> {
    (1..=movable_before(site))
        .map(|count| (count, start_of(site, count)))
        .find(|(_, start)| site.address - start >= room)
}

/// How many instructions after the syscall reach `end`, and where they end. What follows a `ret` is only overwritten, not
/// moved, where nothing executes it.
fn take_after(site: &Site, end: u64, padding: impl Fn(u64) -> Option<u64>) -> Option<(usize, u64)> {
    let mut at = site.end();
    for (count, instruction) in site.after.iter().enumerate() {
        if at >= end {
            return Some((count, at));
        }
        if !is_movable(instruction.kind) {
            return None;
        }
        at = instruction.end();
        if instruction.kind == Kind::Return && at < end {
            return padding(at).filter(|&limit| limit >= end).map(|_| (count + 1, end));
        }
    }
    (at >= end).then_some((site.after.len(), at))
}

fn start_of(site: &Site, count: usize) -> u64 {
    let first = site.before.len() - count;
    site.before.get(first).map_or(site.address, |instruction| instruction.address)
}

fn movable_before(site: &Site) -> usize {
    site.before.iter().rev().take_while(|instruction| is_movable(instruction.kind)).count()
}

/// Whether an instruction does the same in a stub. A branch could be rewritten, but none is straight-line code; an
/// `endbr64` has to stay where indirect branches look for it.
pub(super) fn is_movable(kind: Kind) -> bool {
    match kind {
        Kind::Plain | Kind::RipRelative { .. } | Kind::Nop | Kind::Return => true,
        Kind::Branch(_) | Kind::Syscall | Kind::EndBranch | Kind::Trap | Kind::Pinned => false,
    }
}
