//! One patch as bytes, and back.
//!
//! ```text
//! the address of the syscall in its file               u32
//! the number of the call                               u32      0 unless NUMBER
//! what follows, and what it is                         FLAGS
//! the length of the syscall                            u8
//! the bytes of the window before and behind it         u8, u8
//! instructions moved, and those of them before it      u8, u8
//! for each its length and, rip-relative, where         u8, u8
//! the bytes that must be there: window and syscall
//! the distance from the window to the island           i8       if it has one
//! the bytes that must be there                         five     if it has one
//! ```
//!
//! What is always there comes first: most plugins want a few of the calls, and pass over the records of the others.

use std::ops::Range;

use crate::disasm::{Eax, Instruction, Kind};
use crate::object::Image;
use crate::patch::{Patch, Reason, Rung};

const NUMBER: u8 = 0x08;
const DEAD: u8 = 0x10;
const X87_EMPTY: u8 = 0x20;
const RUNG: u8 = 0x07;

/// The rungs by their number in the flags. Sites that others have patched are in no index.
const RUNGS: [Rung; 7] = [
    Rung::InPlace,
    Rung::InPlaceShort,
    Rung::InStub,
    Rung::InStubShort,
    Rung::LeftAlone(Reason::SignalReturn),
    Rung::LeftAlone(Reason::NoStack),
    Rung::LeftAlone(Reason::NoRoom),
];

/// In the second byte of an instruction: what cannot be the place of a displacement.
const PLAIN: u8 = 0xff;
const NOP: u8 = 0xfe;
const RETURN: u8 = 0xfd;

/// Length of the jump an island holds.
const ISLAND: usize = 5;

/// How long the part of a record is that is always there.
pub(super) const HEAD: usize = 14;

/// Adds a patch to records. `None`, and rubbish added, if it cannot be said in one.
pub(super) fn write(records: &mut Vec<u8>, patch: &Patch, image: &Image<'_>) -> Option<()> {
    let rung = RUNGS.iter().position(|rung| *rung == patch.rung)? as u8;
    let flag = |flag: u8, set: bool| if set { flag } else { 0 };
    let proofs = flag(DEAD, patch.state_is_dead) | flag(X87_EMPTY, patch.x87_is_empty);
    records.extend_from_slice(&u32::try_from(patch.address).ok()?.to_le_bytes());
    records.extend_from_slice(&patch.number.unwrap_or(0).to_le_bytes());
    records.push(rung | flag(NUMBER, patch.number.is_some()) | proofs);
    let covered = covered(patch);
    let small = |length: u64| u8::try_from(length).ok();
    records.push(patch.length);
    records.push(small(patch.address - covered.start)?);
    records.push(small(covered.end - patch.end())?);
    records.push(small(patch.moved.len() as u64)?);
    records.push(small(patch.moved_before as u64)?);
    for instruction in &patch.moved {
        records.push(instruction.length());
        records.push(match instruction.kind {
            Kind::Plain => PLAIN,
            Kind::Nop => NOP,
            Kind::Return => RETURN,
            Kind::RipRelative { displacement, .. } => displacement,
            Kind::Branch(_) | Kind::Syscall | Kind::EndBranch | Kind::Trap | Kind::Pinned => return None,
        });
    }
    records.extend_from_slice(image.bytes(covered.start, usize::try_from(covered.end - covered.start).ok()?)?);
    if let Some(island) = patch.island {
        records.push(i8::try_from(island.wrapping_sub(patch.window.start).cast_signed()).ok()?.cast_unsigned());
        records.extend_from_slice(image.bytes(island, ISLAND)?);
    }
    Some(())
}

/// What a patch changes or relies on: the window and the syscall.
fn covered(patch: &Patch) -> Range<u64> {
    patch.window.start.min(patch.address)..patch.window.end.max(patch.end())
}

fn has_island(rung: Rung) -> bool {
    matches!(rung, Rung::InPlaceShort | Rung::InStubShort)
}

/// Records that are read one after the other.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    rest: &'a [u8],
    /// How far behind the addresses in its file the object is.
    bias: u64,
}

/// What a record says.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    address: u64,
    length: u8,
    number: Option<u32>,
    state_is_dead: bool,
    x87_is_empty: bool,
    rung: Rung,
    /// The window and the syscall, and what must be there.
    covered: Range<u64>,
    bytes: &'a [u8],
    /// The island, and what must be there.
    island: Option<(u64, &'a [u8])>,
    /// The instructions moved: lengths and kinds.
    moved: &'a [[u8; 2]],
    moved_before: usize,
}

impl<'a> Records<'a> {
    /// Records of an object that lies so many bytes behind the addresses in its file.
    pub(super) fn new(bytes: &'a [u8], bias: u64) -> Self {
        Records { rest: bytes, bias }
    }

    /// Passes over the next record if it is about a call that nobody wants. Answers whether it did; `None` if there is none.
    #[inline]
    pub(super) fn pass_over(&mut self, is_wanted: impl Fn(u32) -> bool) -> Option<bool> {
        let (head, rest) = self.rest.split_first_chunk::<HEAD>()?;
        let &[_, _, _, _, e, f, g, h, flags, length, before, behind, count, _] = head;
        if flags & NUMBER == 0 || is_wanted(u32::from_le_bytes([e, f, g, h])) {
            return Some(false);
        }
        let covered = [before, length, behind].map(usize::from).iter().sum::<usize>();
        let island = if has_island(*RUNGS.get(usize::from(flags & RUNG))?) { 1 + ISLAND } else { 0 };
        self.rest = rest.get(2 * usize::from(count) + covered + island..)?;
        Some(true)
    }

    /// The next record; `None` if there is none.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Record<'a>> {
        let (head, rest) = self.rest.split_first_chunk::<HEAD>()?;
        let &[a, b, c, d, e, f, g, h, flags, length, before, behind, count, moved_before] = head;
        let address = self.bias.wrapping_add(u32::from_le_bytes([a, b, c, d]).into());
        let number = (flags & NUMBER != 0).then_some(u32::from_le_bytes([e, f, g, h]));
        let rung = *RUNGS.get(usize::from(flags & RUNG))?;
        let (moved, rest) = rest.split_at_checked(2 * usize::from(count))?;
        let (bytes, rest) = rest.split_at_checked(usize::from(before) + usize::from(length) + usize::from(behind))?;
        let start = address.checked_sub(before.into())?;
        let covered = start..start.checked_add(bytes.len() as u64)?;
        let (island, rest) = if has_island(rung) {
            let (&distance, rest) = rest.split_first()?;
            let (bytes, rest) = rest.split_at_checked(ISLAND)?;
            (Some((start.wrapping_add_signed(distance.cast_signed().into()), bytes)), rest)
        } else {
            (None, rest)
        };
        self.rest = rest;
        Some(Record {
            address,
            length,
            number,
            state_is_dead: flags & DEAD != 0,
            x87_is_empty: flags & X87_EMPTY != 0,
            rung,
            covered,
            bytes,
            island,
            moved: moved.as_chunks().0,
            moved_before: moved_before.into(),
        })
    }
}

impl Record<'_> {
    /// Whether the record makes sense, and the image has the bytes that it was made from.
    pub fn fits(&self, image: &Image<'_>) -> bool {
        let has = |address, bytes: &[u8]| image.bytes(address, bytes.len()) == Some(bytes);
        self.makes_sense()
            && has(self.covered.start, self.bytes)
            && self.island.is_none_or(|(island, bytes)| has(island, bytes))
    }

    /// Whether the instructions are ones and fill the window as those of a plan do.
    fn makes_sense(&self) -> bool {
        let Some((before, after)) = self.moved.split_at_checked(self.moved_before) else { return false };
        let length = |moved: &[[u8; 2]]| moved.iter().map(|&[length, _]| u64::from(length)).sum::<u64>();
        let possible = |&[length, kind]: &[u8; 2]| {
            let room = usize::from(length).checked_sub(size_of::<i32>());
            (1..=Instruction::LONGEST).contains(&length.into())
                && (kind >= RETURN || room.is_some_and(|room| usize::from(kind) <= room))
        };
        let window_before = self.address - self.covered.start;
        let window_behind = self.covered.end - self.address - u64::from(self.length);
        let filled = match self.rung {
            Rung::LeftAlone(_) => self.moved.is_empty(),
            _ => length(before) == window_before && length(after) <= window_behind,
        };
        filled && self.length >= 2 && self.moved.iter().all(possible)
    }

    /// The patch. The image fits. It keeps its instructions in this vector, so that one does for all patches.
    pub fn patch(&self, mut moved: Vec<Instruction>) -> Patch {
        let window = match self.rung {
            Rung::InPlace | Rung::InPlaceShort => self.covered.start..self.address,
            Rung::InStub | Rung::InStubShort => self.covered.clone(),
            Rung::LeftAlone(_) => self.address..self.address,
        };
        moved.clear();
        let (mut address, mut bytes) = (self.covered.start, self.bytes);
        for (index, &[length, kind]) in self.moved.iter().enumerate() {
            if index == self.moved_before {
                let behind = usize::from(self.length) + (self.address - address) as usize;
                (address, bytes) = (address + behind as u64, bytes.get(behind..).unwrap_or_default());
            }
            let Some((code, rest)) = bytes.split_at_checked(length.into()) else { break };
            moved.extend(instruction(address, code, kind));
            (address, bytes) = (address + u64::from(length), rest);
        }
        Patch {
            address: self.address,
            length: self.length,
            number: self.number,
            state_is_dead: self.state_is_dead,
            x87_is_empty: self.x87_is_empty,
            rung: self.rung,
            window,
            island: self.island.map(|(island, _)| island),
            moved,
            moved_before: self.moved_before,
        }
    }
}

/// The instruction of this kind with these bytes.
fn instruction(address: u64, code: &[u8], kind: u8) -> Option<Instruction> {
    let kind = match kind {
        PLAIN => Kind::Plain,
        NOP => Kind::Nop,
        RETURN => Kind::Return,
        displacement => {
            let field = code.get(displacement.into()..)?.first_chunk()?;
            let end = address.wrapping_add(code.len() as u64);
            let target = end.wrapping_add_signed(i32::from_le_bytes(*field).into());
            Kind::RipRelative { displacement, target }
        }
    };
    // What it leaves in eax was asked for the number, which is known.
    Instruction::new(address, code, kind, Eax::Lost)
}
