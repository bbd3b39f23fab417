//! What the locator says of each `0f 05`.

use super::{Eax, Instruction, Kind};
use std::{fmt, ops::Range};

/// A `syscall` instruction, and the straight-line code around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Address of the instruction, its prefixes included.
    pub address: u64,
    /// Its length: 2, or more where it carries prefixes.
    pub length: u8,
    /// The code it was found in: from the start of its function to the start of the next.
    pub function: Range<u64>,
    /// Whether unwinders find call frame information for this address.
    pub unwind_info: bool,
    /// The number of the call, where it is the same each time.
    pub number: Option<u32>,
    /// Where the straight line begins that leads to the syscall: nothing between here and there branches away. Control may
    /// still arrive in between, at one of `targets` or unseen.
    pub line: u64,
    /// The last instructions of that line, oldest first: as many as fill a window of [`Site::ROOM`] bytes and tell the number.
    pub before: Vec<Instruction>,
    /// The instructions that run right after it, as many as fill such a window. Only the last may leave, by `ret`.
    pub after: Vec<Instruction>,
    /// The addresses from the first instruction of `before` to the end of the last of `after` that some branch is known, or
    /// suspected, to lead to. Sorted.
    pub targets: Vec<u64>,
    /// Whether general registers are all that matters here: no value can be in a vector or x87 register that anybody reads later, and
    /// nobody reads the flags; see `liveness`, `held` and `flags`.
    pub state_is_dead: bool,
    /// Whether no x87 register can be in use here; see `x87`.
    pub x87_is_empty: bool,
    /// Where a jump leads that stands right before the instruction and leaves the object: someone has patched this site.
    pub detour: Option<u64>,
}

impl Site {
    /// The longest jump a window may have to hold: `jmp rel32`.
    pub const ROOM: u64 = 5;
    /// How far back the number is looked for, in instructions. In glibc 2.36 this finds all that a whole basic block would.
    pub const BEFORE: usize = 8;

    /// Address of the instruction after the syscall: where the kernel returns to.
    pub fn end(&self) -> u64 {
        self.address.wrapping_add(u64::from(self.length))
    }

    /// Whether a known branch target lies in a range of addresses.
    pub fn has_target_in(&self, range: Range<u64>) -> bool {
        let first = self.targets.partition_point(|&target| target < range.start);
        self.targets.get(first).is_some_and(|&target| target < range.end)
    }

    /// How many bytes right before the syscall nothing is known to branch into, or behind.
    pub(super) fn room_before(&self) -> u64 {
        let start = self.before.first().map_or(self.address, |first| first.address);
        let arrivals = self.targets.iter().rev().find(|&&target| target <= self.address);
        self.address - arrivals.map_or(start, |&target| target.max(start))
    }

    /// Whether an address lies inside one of the instructions around the syscall.
    pub(super) fn splits(&self, address: u64) -> bool {
        let mut around = self.before.iter().chain(&self.after);
        around.any(|instruction| instruction.address < address && address < instruction.end())
    }

    /// The addresses `before` to `after` cover.
    pub fn neighbourhood(&self) -> Range<u64> {
        let start = self.before.first().map_or(self.address, |first| first.address);
        let end = self.after.last().map_or(self.end(), Instruction::end);
        start..end
    }
}

/// The bytes of a `syscall` inside another instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookalike {
    /// Where the bytes `0f 05` are.
    pub address: u64,
    /// Where the instruction begins that holds them.
    pub instruction: u64,
}

/// The bytes of a `syscall` that may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown {
    /// Where the bytes `0f 05` are.
    pub address: u64,
    /// Why nothing better can be said.
    pub doubt: Doubt,
}

/// Why bytes are neither a site nor a lookalike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// No instruction begins at this address, though one should.
    Undecodable(u64),
    /// The bytes lie outside of every function, and nothing is known to lead there: data, nearly always.
    Unreached,
    /// The jump tables of the function have more entries than a compiler writes.
    Tables,
    /// The decoder that walks takes it for a system call, and Capstone does not.
    Disputed,
}

impl Doubt {
    /// Whether the bytes lie in a function, so that a system call of the program may be missed. Otherwise there is nothing to
    /// worry about: cryptographic libraries keep their tables between functions, older linkers put all constants before them.
    pub fn is_in_function(self) -> bool {
        !matches!(self, Doubt::Unreached)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Undecodable(address) => write!(f, "undecodable bytes at {address:#x}"),
            Doubt::Unreached => f.write_str("outside of every function, and nothing leads there"),
            Doubt::Tables => f.write_str("the jump tables of the function are too large to follow"),
            Doubt::Disputed => f.write_str("one disassembler calls it a system call and the other does not"),
        }
    }
}

/// Whether an instruction can be copied before or after a syscall and still be the same straight line.
pub(super) fn is_straight(kind: Kind) -> bool {
    match kind {
        Kind::Plain | Kind::RipRelative { .. } | Kind::Nop | Kind::EndBranch | Kind::Pinned => true,
        Kind::Return | Kind::Branch(_) | Kind::Syscall | Kind::Trap => false,
    }
}

/// The number a call is made with, if the last write to eax in its basic block says so.
pub(super) fn number(site: &Site) -> Option<u32> {
    let mut next = site.address;
    for instruction in site.before.iter().rev() {
        // Somebody may arrive between here and the syscall with another number.
        if site.has_target_in(instruction.end()..next.saturating_add(1)) {
            return None;
        }
        match instruction.eax {
            Eax::Constant(number) => return Some(number),
            Eax::Lost => return None,
            Eax::Kept => next = instruction.address,
        }
    }
    None
}
