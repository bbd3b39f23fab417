//! The memory stubs live in: one mapping per object, within reach of all of it, never writable and executable at once.
#![allow(unsafe_code, reason = "maps, fills and protects memory")]

use std::ops::Range;

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynasmApi, DynasmLabelApi, VecAssembler};

use super::crossing::{Crossing, Crossings};
use super::stub::{self, Descriptor, Entries, Slots, Stub};
use crate::hook::unwanted_table;
use crate::patch::Patch;
use crate::sys::call::{Errno, protect, unmap};
use crate::sys::near::map_near;

const PAGE: usize = 4096;
/// Most stubs are somewhat shorter: enough for all of them to be assembled without moving.
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
    /// For each patch its stub; `None` if an instruction of its window cannot be moved that far.
    pub(crate) stubs: Vec<Option<Stub>>,
}

impl Arena {
    /// Assembles the stubs of some patches of an object that occupies `span`, each with its descriptor.
    ///
    /// The memory stays for good: threads may be inside a stub at any time.
    pub(crate) fn build(
        span: &Range<u64>,
        crossings: Crossings,
        patches: &[Patch],
        describe: impl Fn(&Patch) -> Descriptor,
    ) -> Result<Arena, Error> {
        let capacity = (16 + patches.len() * stub::LONGEST).next_multiple_of(PAGE);
        let base = map_near(span, capacity).map_err(Error::NoMemoryNear)?;
        // SAFETY: mapped by the line above and known to nobody until this function returns.
        let give_up = |error| unsafe {
            unmap(base, capacity);
            error
        };

        let (code, stubs) = assemble(base, crossings, patches, describe).ok_or(Error::OutOfReach).map_err(give_up)?;
        let used = code.len().next_multiple_of(PAGE);
        debug_assert!(used <= capacity, "{} stubs of {used} bytes", patches.len());
        // SAFETY: `capacity` writable bytes, of which the code fills the first; the rest nothing refers to.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), base as *mut u8, code.len().min(capacity));
            if used < capacity {
                unmap(base + used as u64, capacity - used);
            }
            protect(base, used, libc::PROT_READ | libc::PROT_EXEC)
        }
        .map_err(|errno| give_up(Error::NotExecutable(errno)))?;
        Ok(Arena { memory: base..base + used as u64, stubs })
    }
}

/// The bytes of all stubs, and where each is.
fn assemble(
    base: u64,
    crossings: Crossings,
    patches: &[Patch],
    describe: impl Fn(&Patch) -> Descriptor,
) -> Option<(Vec<u8>, Vec<Option<Stub>>)> {
    let mut ops = VecAssembler::<X64Relocation>::new(base as usize);
    ops.reserve_ops(patches.len() * USUAL);
    let mut slot = |value| {
        let label = ops.new_dynamic_label();
        ops.dynamic_label(label);
        ops.push_u64(value);
        label
    };
    let mut entries =
        |crossing: Crossing| Entries { crossing: slot(crossing.entry), after_clone: slot(crossing.after_clone) };
    let (full, general) = (entries(crossings.full), entries(crossings.general));
    let slots = Slots { full, general, unwanted: slot(unwanted_table()) };
    let stubs = patches.iter().map(|patch| stub::emit(&mut ops, base, slots, patch, &describe(patch))).collect();
    let code = ops.finalize().ok()?;
    Some((code, stubs))
}
