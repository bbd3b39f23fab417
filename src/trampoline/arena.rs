//! The memory stubs live in: one mapping per object, within reach of all of it, never writable and executable at once.
#![allow(unsafe_code, reason = "maps, fills and protects memory")]

use std::ops::Range;

use dynasmrt::VecAssembler;
use dynasmrt::x64::X64Relocation;

use super::crossing::{Crossing, Crossings};
use super::stub::{self, Descriptor, Entries, Slots, Stub};
use crate::hook::unwanted_table;
use crate::patch::Patch;
use crate::sys::call::{Errno, protect, unmap};
use crate::sys::near::map_near;

const PAGE: usize = 4096;
/// What the addresses take that stubs read.
const SLOTS: usize = size_of::<Slots>();
/// Most stubs are somewhat shorter: enough for a batch of them to be assembled without moving.
const USUAL: usize = 192;

/// Why an object gets no stubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// No memory within two gigabytes of the object.
    NoMemoryNear(Errno),
    /// Stub and object cannot reach each other.
    OutOfReach,
    /// The kernel refuses to make the stubs executable.
    NotExecutable(Errno),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::NoMemoryNear(errno) => write!(f, "no memory for stubs within 2 GiB: {errno}"),
            Error::OutOfReach => write!(f, "a stub would be out of reach of a jump"),
            Error::NotExecutable(errno) => write!(f, "the kernel refuses executable memory for stubs: {errno}"),
        }
    }
}

/// The stubs of one object.
#[derive(Debug)]
pub(crate) struct Arena {
    /// Where they are.
    pub(crate) memory: Range<u64>,
    /// In the order of their addresses.
    pub(crate) stubs: Vec<Stub>,
}

impl Arena {
    /// Assembles stubs for patches of an object that occupies `span`, each with its descriptor, and tells `done` of each; of
    /// none, if an instruction of the window cannot be moved that far. There are at most `count`.
    ///
    /// The memory stays for good: threads may be inside a stub at any time.
    pub(crate) fn build(
        span: &Range<u64>,
        crossings: Crossings,
        count: usize,
        patches: impl Iterator<Item = Patch>,
        describe: impl Fn(&Patch) -> Descriptor,
        done: impl FnMut(&Patch, Option<&Stub>),
    ) -> Result<Arena, Error> {
        let capacity = (SLOTS + count * stub::LONGEST).next_multiple_of(PAGE);
        let base = map_near(span, capacity).map_err(Error::NoMemoryNear)?;
        // SAFETY: mapped by the line above and known to nobody until this function returns.
        let give_up = |error| unsafe {
            unmap(base, capacity);
            error
        };
        // SAFETY: as above; `capacity` zeros, writable.
        let memory = unsafe { std::slice::from_raw_parts_mut(base as *mut u8, capacity) };
        let filled = fill(memory, crossings, patches, describe, done).ok_or(Error::OutOfReach);
        let (used, stubs) = filled.map_err(give_up)?;
        let used = used.next_multiple_of(PAGE);
        // SAFETY: nothing refers to what is behind the stubs.
        unsafe {
            if used < capacity {
                unmap(base + used as u64, capacity - used);
            }
            protect(base, used, libc::PROT_READ | libc::PROT_EXEC)
        }
        .map_err(|errno| give_up(Error::NotExecutable(errno)))?;
        Ok(Arena { memory: base..base + used as u64, stubs })
    }
}

/// How many stubs are assembled at a time: in a buffer small enough to stay in the cache, and to be the same each time.
const BATCH: usize = 32;

/// Fills memory with the addresses that stubs need and the stubs. Answers how much of it, and where they are.
fn fill(
    memory: &mut [u8],
    crossings: Crossings,
    patches: impl Iterator<Item = Patch>,
    describe: impl Fn(&Patch) -> Descriptor,
    mut done: impl FnMut(&Patch, Option<&Stub>),
) -> Option<(usize, Vec<Stub>)> {
    let base = memory.as_ptr() as u64;
    let mut used = 0;
    let mut put = |bytes: &[u8]| {
        memory.get_mut(used..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        used += bytes.len();
        Some(base + used as u64)
    };
    let mut slot = |value: u64| Some(put(&value.to_le_bytes())? - size_of::<u64>() as u64);
    let mut entries = |crossing: Crossing| {
        Some(Entries { crossing: slot(crossing.entry)?, after_clone: slot(crossing.after_clone)? })
    };
    let full = entries(crossings.full)?;
    let (vectors, general) = (entries(crossings.vectors)?, entries(crossings.general)?);
    let slots = Slots { full, vectors, general, unwanted: slot(unwanted_table())? };
    let mut stubs = Vec::new();
    let mut next = base + SLOTS as u64;
    let mut patches = patches.peekable();
    while patches.peek().is_some() {
        let mut ops = VecAssembler::<X64Relocation>::new(next as usize);
        ops.reserve_ops(BATCH * USUAL);
        for patch in patches.by_ref().take(BATCH) {
            let stub = stub::emit(&mut ops, next, slots, &patch, &describe(&patch));
            stubs.extend(stub);
            done(&patch, stub.as_ref());
        }
        next = put(&ops.finalize().ok()?)?;
    }
    Some((used, stubs))
}
