//! The memory stubs live in: one mapping per object, within reach of all of it, never writable and executable at once.
#![allow(unsafe_code, reason = "maps, fills and protects memory")]

use std::ops::Range;

use super::crossing::Crossings;
use super::stub::{self, Descriptor, Entries, Slots, Stub};
use super::template::Templates;
use crate::hook::unwanted_table;
use crate::patch::Patch;
use crate::sys::call::{Errno, protect, unmap};
use crate::sys::near::map_near;

const PAGE: usize = 4096;
/// What the addresses take that stubs read.
const SLOTS: usize = size_of::<Slots>();
/// Behind them: where the path of the object is, and behind that the path itself.
const HEADER: usize = SLOTS + size_of::<Path>();

/// The path of an object, with a NUL behind it.
type Path = &'static [u8];

/// Why an object gets no stubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// No memory within two gigabytes of the object.
    NoMemoryNear(Errno),
    /// The kernel refuses to make the stubs executable.
    NotExecutable(Errno),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::NoMemoryNear(errno) => write!(f, "no memory for stubs within 2 GiB: {errno}"),
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

/// An arena that is being filled. Without [`finish`](Draft::finish) it goes away again.
#[derive(Debug)]
pub(crate) struct Draft {
    base: u64,
    capacity: usize,
    used: usize,
    slots: Slots,
    templates: Templates,
    stubs: Vec<Stub>,
}

impl Draft {
    /// Room for so many stubs, near an object that occupies `span`, and for its path, which they refer to.
    pub(crate) fn new(span: &Range<u64>, path: &[u8], crossings: Crossings, count: usize) -> Result<Draft, Error> {
        let used = (HEADER + path.len() + 1).next_multiple_of(align_of::<u64>());
        let capacity = (used + count * stub::LONGEST).next_multiple_of(PAGE);
        let base = map_near(span, capacity).map_err(Error::NoMemoryNear)?;
        let place = |index: usize| base + (index * size_of::<u64>()) as u64;
        let entries = |index: usize| Entries { crossing: place(index), after_clone: place(index + 1) };
        let slots = Slots { full: entries(0), vectors: entries(2), general: entries(4), unwanted: place(6) };
        let Crossings { full, vectors, general } = crossings;
        let [[a, b], [c, d], [e, f]] = [full, vectors, general].map(|crossing| [crossing.entry, crossing.after_clone]);
        // SAFETY: mapped above, writable, and known to nobody else; there is room for them at its beginning.
        unsafe { (base as *mut [u64; SLOTS / size_of::<u64>()]).write([a, b, c, d, e, f, unwanted_table()]) };
        // SAFETY: as above. Whoever is given the path is in this memory, too.
        unsafe {
            let copy = (base as *mut u8).add(HEADER);
            path.as_ptr().copy_to_nonoverlapping(copy, path.len());
            ((base as *mut u8).add(SLOTS).cast::<Path>()).write(std::slice::from_raw_parts(copy, path.len()));
        }
        Ok(Draft { base, capacity, used, slots, templates: Templates::default(), stubs: Vec::with_capacity(count) })
    }

    /// The path of the object, for the descriptors of its stubs, and for as long as they are there; with a NUL behind it.
    pub(crate) fn path(&self) -> &'static Path {
        // SAFETY: written by `new`.
        unsafe { &*((self.base as *const u8).add(SLOTS).cast::<Path>()) }
    }

    /// Adds the stub of a patch. `None` if an instruction of the window cannot be moved that far.
    pub(crate) fn add(&mut self, patch: &Patch, descriptor: &Descriptor) -> Option<Stub> {
        // SAFETY: mapped by `new`, writable, and known to nobody else.
        let memory = unsafe { std::slice::from_raw_parts_mut(self.base as *mut u8, self.capacity) };
        let free = memory.get_mut(self.used..)?;
        let (stub, length) = stub::stamp(free, &self.slots, &mut self.templates, patch, descriptor)?;
        self.used += length;
        self.stubs.push(stub);
        Some(stub)
    }

    /// Makes the stubs executable, and no longer writable.
    ///
    /// The memory stays for good: threads may be inside a stub at any time.
    pub(crate) fn finish(mut self) -> Result<Arena, Error> {
        let used = self.used.next_multiple_of(PAGE);
        // SAFETY: nothing refers to what is behind the stubs.
        unsafe {
            if used < self.capacity {
                unmap(self.base + used as u64, self.capacity - used);
                self.capacity = used;
            }
            protect(self.base, used, libc::PROT_READ | libc::PROT_EXEC)
        }
        .map_err(Error::NotExecutable)?;
        self.capacity = 0;
        Ok(Arena { memory: self.base..self.base + used as u64, stubs: std::mem::take(&mut self.stubs) })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.capacity > 0 {
            // SAFETY: nobody knows of this memory.
            unsafe { unmap(self.base, self.capacity) };
        }
    }
}
