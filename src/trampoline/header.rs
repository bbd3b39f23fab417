//! What is at the beginning of an arena: all that stubs refer to and that each process has elsewhere. Stubs themselves, and the
//! distances between them, the header and the object, can be the same in all processes.
#![allow(unsafe_code, reason = "writes to fresh memory")]

use std::mem::offset_of;

use super::crossing::Crossings;
use super::stub::{Entries, Slots};
use crate::hook::unwanted_table;

/// What a header takes. The longest path has room (`PATH_MAX`), and stubs begin on a page of their own.
pub(crate) const LENGTH: usize = 2 * 4096;

/// The path of an object. Behind it, in the header, there is a NUL.
pub(crate) type Path = &'static [u8];

/// The header; behind it the path.
#[repr(C)]
struct Header {
    /// The addresses of the crossings.
    full: [u64; 2],
    vectors: [u64; 2],
    general: [u64; 2],
    /// That of the table of numbers that no hook wants.
    unwanted: u64,
    path: Path,
}

/// Where stubs find all this, in a header at an address.
pub(super) fn slots(header: u64) -> Slots {
    let place = |offset: usize| header.wrapping_add(offset as u64);
    let entries = |offset| Entries { crossing: place(offset), after_clone: place(offset + size_of::<u64>()) };
    Slots {
        full: entries(offset_of!(Header, full)),
        vectors: entries(offset_of!(Header, vectors)),
        general: entries(offset_of!(Header, general)),
        unwanted: place(offset_of!(Header, unwanted)),
        path: place(offset_of!(Header, path)),
    }
}

/// Writes a header. Answers the path in it, for as long as the header is there; of one that is longer than any that can be opened the
/// beginning.
///
/// # Safety
///
/// There are [`LENGTH`] bytes at the address, writable, zeroed, aligned to a page, and known to nobody else.
pub(crate) unsafe fn write(header: u64, path: &[u8], crossings: Crossings) -> Path {
    let Crossings { full, vectors, general } = crossings;
    let [full, vectors, general] = [full, vectors, general].map(|crossing| [crossing.entry, crossing.after_clone]);
    let length = path.len().min(LENGTH - size_of::<Header>() - 1);
    let header = header as *mut Header;
    // SAFETY: the caller's memory, and there is room for the path, and a NUL, behind the header.
    unsafe {
        let copy = header.add(1).cast::<u8>();
        path.as_ptr().copy_to_nonoverlapping(copy, length);
        let path = std::slice::from_raw_parts(copy, length);
        header.write(Header { full, vectors, general, unwanted: unwanted_table(), path });
        path
    }
}
