//! The memory stubs live in: one mapping per object, within reach of all of it, never writable and executable at once.
#![allow(unsafe_code, reason = "maps, fills and protects memory")]

use std::borrow::Cow;
use std::ops::Range;

use super::assembler::Assembler;
use super::crossing::Crossings;
use super::header;
use super::place::Row;
use super::stub::Stub;
use crate::patch::Patch;
use crate::sys::call::{Errno, protect, unmap};
use crate::sys::near::map_near;

const PAGE: usize = 4096;

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
    /// Where they are, behind their header.
    pub(crate) memory: Range<u64>,
    /// In the order of their addresses.
    pub(crate) stubs: Cow<'static, [Row]>,
}

/// An arena that is being filled. Without [`finish`](Draft::finish) it goes away again.
#[derive(Debug)]
pub(crate) struct Draft {
    base: u64,
    capacity: usize,
    path: header::Path,
    assembler: Assembler,
}

impl Draft {
    /// Room for so many stubs, near an object that occupies `span`, and for its path, which they refer to.
    pub(crate) fn new(span: &Range<u64>, path: &[u8], crossings: Crossings, count: usize) -> Result<Draft, Error> {
        let capacity = (header::LENGTH + Assembler::capacity(count)).next_multiple_of(PAGE);
        let base = map_near(span, capacity).map_err(Error::NoMemoryNear)?;
        // SAFETY: mapped above, and known to nobody else.
        let path = unsafe { header::write(base, path, crossings) };
        Ok(Draft { base, capacity, path, assembler: Assembler::new(base, count) })
    }

    /// The path of the object, for as long as the stubs are there; with a NUL behind it.
    pub(crate) fn path(&self) -> header::Path {
        self.path
    }

    /// Adds the stub of a patch, whose system call is at an offset of the object's file. `None` if an instruction of the window cannot be
    /// moved that far.
    pub(crate) fn add(&mut self, patch: &Patch, offset: u64) -> Option<Stub> {
        let behind_header = (self.base as *mut u8).wrapping_add(header::LENGTH);
        // SAFETY: mapped by `new`, writable, and known to nobody else.
        let memory = unsafe { std::slice::from_raw_parts_mut(behind_header, self.capacity - header::LENGTH) };
        self.assembler.add(memory, patch, offset)
    }

    /// Makes the stubs executable, and no longer writable.
    ///
    /// The memory stays for good: threads may be inside a stub at any time.
    pub(crate) fn finish(mut self) -> Result<Arena, Error> {
        let (length, stubs) = self.assembler.finish();
        let used = (header::LENGTH + length).next_multiple_of(PAGE);
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
        Ok(Arena { memory: self.base..self.base + used as u64, stubs: Cow::Owned(stubs) })
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
