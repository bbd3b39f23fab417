//! One patch as bytes, and back.
//!
//! ```text
//! distance of the syscall from the one before it       varint
//! what follows, and what it is                          FLAGS
//! the number of the call                                varint   if NUMBER
//! the length of the syscall                             u8
//! the bytes of the window before and behind it          u8, u8
//! the distance from the window to the island            i8       if it has one
//! instructions moved, and those of them before it       u8, u8
//! for each its length and, rip-relative, where          u8, u8
//! the bytes that must be there: window and syscall; then those of the island
//! ```

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

/// Adds a patch to records of which the last was about `previous`. `None`, and rubbish added, if it cannot be said in one.
pub(super) fn write(records: &mut Vec<u8>, patch: &Patch, previous: u64, image: &Image<'_>) -> Option<()> {
    let rung = RUNGS.iter().position(|rung| *rung == patch.rung)? as u8;
    varint(records, patch.address.checked_sub(previous)?);
    let flag = |flag: u8, set: bool| if set { flag } else { 0 };
    let proofs = flag(DEAD, patch.vector_state_is_dead) | flag(X87_EMPTY, patch.x87_is_empty);
    records.push(rung | flag(NUMBER, patch.number.is_some()) | proofs);
    if let Some(number) = patch.number {
        varint(records, number.into());
    }
    let covered = covered(patch);
    let small = |length: u64| u8::try_from(length).ok();
    records.push(patch.length);
    records.push(small(patch.address - covered.start)?);
    records.push(small(covered.end - patch.end())?);
    if let Some(island) = patch.island {
        records.push(i8::try_from(island.wrapping_sub(patch.window.start).cast_signed()).ok()?.cast_unsigned());
    }
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
        records.extend_from_slice(image.bytes(island, ISLAND)?);
    }
    Some(())
}

/// What a patch changes or relies on: the window and the syscall.
fn covered(patch: &Patch) -> Range<u64> {
    patch.window.start.min(patch.address)..patch.window.end.max(patch.end())
}

/// Records that are read one after the other.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    rest: &'a [u8],
    /// The address of the last syscall.
    address: u64,
}

/// What a record says.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    address: u64,
    length: u8,
    number: Option<u32>,
    vector_state_is_dead: bool,
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
        Records { rest: bytes, address: bias }
    }

    /// The next record; `None` if there is none.
    pub(super) fn next(&mut self) -> Option<Record<'a>> {
        let address = self.address.wrapping_add(self.varint()?);
        self.address = address;
        let flags = self.byte()?;
        let rung = *RUNGS.get(usize::from(flags & RUNG))?;
        let number = if flags & NUMBER != 0 { Some(u32::try_from(self.varint()?).ok()?) } else { None };
        let length = self.byte()?;
        let (before, behind) = (self.byte()?, self.byte()?);
        let end = address.checked_add(length.into())?;
        let covered = address.checked_sub(before.into())?..end.checked_add(behind.into())?;
        let island = match rung {
            Rung::InPlaceShort | Rung::InStubShort => {
                Some(covered.start.wrapping_add_signed(self.byte()?.cast_signed().into()))
            }
            _ => None,
        };
        let (count, moved_before) = (usize::from(self.byte()?), usize::from(self.byte()?));
        let (moved, _) = self.take(2 * count)?.as_chunks();
        let bytes = self.take(usize::try_from(covered.end - covered.start).ok()?)?;
        let island = match island {
            Some(island) => Some((island, self.take(ISLAND)?)),
            None => None,
        };
        let (vector_state_is_dead, x87_is_empty) = (flags & DEAD != 0, flags & X87_EMPTY != 0);
        Some(Record {
            address,
            length,
            number,
            vector_state_is_dead,
            x87_is_empty,
            rung,
            covered,
            bytes,
            island,
            moved,
            moved_before,
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

impl Record<'_> {
    /// The number of the call, where it is the same each time.
    pub fn number(&self) -> Option<u32> {
        self.number
    }

    /// Whether the site is to be taken.
    pub fn is_taken(&self) -> bool {
        self.rung.is_taken()
    }

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

    /// The patch. The image fits.
    pub fn patch(&self) -> Patch {
        let window = match self.rung {
            Rung::InPlace | Rung::InPlaceShort => self.covered.start..self.address,
            Rung::InStub | Rung::InStubShort => self.covered.clone(),
            Rung::LeftAlone(_) => self.address..self.address,
        };
        let mut moved = Vec::with_capacity(self.moved.len());
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
            vector_state_is_dead: self.vector_state_is_dead,
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

fn varint(records: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        records.push(value as u8 | 0x80);
        value >>= 7;
    }
    records.push(value as u8);
}
