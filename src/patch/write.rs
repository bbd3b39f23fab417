//! Applying a plan to the code in memory, and undoing it.
//!
//! Page by page: the first write to a page costs the kernel a copy of it, and every one a look-up.
#![allow(unsafe_code, reason = "changes code that is mapped into the process")]

use super::Edits;
use crate::object::Image;
use crate::sys::call::{Errno, SignalsBlocked};
use crate::sys::text::{PAGE, TextWriter};

/// Why an object could not be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// The bytes to replace are not those of the image the plan was made from.
    NotThere,
    /// The kernel refuses to have the code changed.
    Refused(Errno),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::NotThere => write!(f, "its code is not where the program headers say"),
            Error::Refused(errno) => write!(f, "the kernel refuses to have the code changed: {errno}"),
        }
    }
}

/// What was there before it was written over.
#[derive(Debug)]
pub(crate) struct Applied {
    old: Edits,
}

/// Applies the edits of an object, all or none.
///
/// # Safety
///
/// The image is mapped here and executable, the stubs the edits lead to are in place, and no other thread is executing the
/// bytes that change.
pub(crate) unsafe fn apply(writer: &TextWriter, image: &Image<'_>, mut edits: Edits) -> Result<Applied, Error> {
    edits.sort();
    let old = edits.replaced(image).ok_or(Error::NotThere)?;
    // SAFETY: passed on; the image has all the bytes.
    let written = unsafe { write(writer, &edits) };
    let applied = Applied { old: edits.with(old) };
    if let Err(error) = written {
        // SAFETY: nobody has seen these edits for longer than this function took.
        let _ = unsafe { applied.undo(writer) };
        return Err(error);
    }
    Ok(applied)
}

impl Applied {
    /// Puts the old bytes back. The stubs must stay: a thread may be inside one.
    ///
    /// # Safety
    ///
    /// As for [`apply`].
    pub(crate) unsafe fn undo(&self, writer: &TextWriter) -> Result<(), Error> {
        // SAFETY: passed on.
        unsafe { write(writer, &self.old) }
    }
}

/// Writes some edits in the order of their addresses, up to the first page that cannot be written.
///
/// # Safety
///
/// As for [`apply`]; all the bytes are mapped and readable.
unsafe fn write(writer: &TextWriter, edits: &Edits) -> Result<(), Error> {
    // A handler must not run while a jump across two pages, or a jump and its island, is half there.
    let _blocked = SignalsBlocked::new();
    let mut parts = edits.iter().flat_map(parts).peekable();
    let mut page = [0; PAGE as usize];
    while let Some((start, bytes)) = parts.next() {
        page[..bytes.len()].copy_from_slice(bytes);
        let mut end = start + bytes.len() as u64;
        while let Some((next, bytes)) = parts.next_if(|&(next, _)| next / PAGE == start / PAGE) {
            let offset = |address: u64| (address - start) as usize;
            let between = &mut page[offset(end)..offset(next)];
            // SAFETY: between two edits of a page: code of the image.
            unsafe { std::ptr::copy_nonoverlapping(end as *const u8, between.as_mut_ptr(), between.len()) };
            page[offset(next)..][..bytes.len()].copy_from_slice(bytes);
            end = next + bytes.len() as u64;
        }
        // SAFETY: the caller answers for the edits, and what is between them stays as it is.
        unsafe { writer.write(start, &page[..(end - start) as usize]) }.map_err(Error::Refused)?;
    }
    Ok(())
}

/// An edit in parts that lie in one page each.
fn parts((address, bytes): (u64, &[u8])) -> impl Iterator<Item = (u64, &[u8])> {
    let room = (PAGE - address % PAGE) as usize;
    let (first, second) = bytes.split_at(room.min(bytes.len()));
    let parts = [(address, first), (address + first.len() as u64, second)];
    parts.into_iter().filter(|(_, bytes)| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::object::Segment;
    use crate::sys::call::protect;
    use crate::sys::near::map_near;
    use std::os::fd::AsRawFd as _;

    const PAGES: usize = 3;

    /// Executable memory, filled with bytes that tell their place.
    fn memory() -> (u64, Vec<u8>) {
        let base = map_near(&(0x5000_0000_0000..0x5000_0000_1000), PAGES * PAGE as usize).unwrap();
        let bytes: Vec<u8> = (0..PAGES * PAGE as usize).map(|at| (at * 7) as u8).collect();
        // SAFETY: fresh memory of this size.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), base as *mut u8, bytes.len());
            protect(base, bytes.len(), libc::PROT_READ | libc::PROT_EXEC).unwrap();
        }
        (base, bytes)
    }

    fn edits(places: &[(u64, usize)]) -> Edits {
        let mut edits = Edits::default();
        places.iter().for_each(|&(address, length)| edits.push(address, &vec![0xee; length]));
        edits
    }

    #[test]
    fn edits_are_applied_within_and_across_pages_and_taken_back() {
        for writer in [TextWriter::new(), TextWriter::without_proc()] {
            let (base, bytes) = memory();
            // SAFETY: mapped by `memory`, and changed by nothing but this test.
            let now = || unsafe { std::slice::from_raw_parts(base as *const u8, bytes.len()) };
            let image = Image::new(vec![Segment { address: base, bytes: now(), executable: true, file_offset: 0 }]);
            // In no order; neighbours; across a boundary; at both ends.
            let places = [(0x1ffe, 5), (0x10, 5), (0x15, 2), (0x800, 19), (0, 1), (0x2fff, 1)];
            let edits = edits(&places.map(|(offset, length)| (base + offset, length)));
            let mut expected = bytes.clone();
            for (offset, length) in places {
                expected[offset as usize..][..length].fill(0xee);
            }
            // SAFETY: nobody executes this memory.
            let applied = unsafe { apply(&writer, &image, edits) }.unwrap();
            assert_eq!(now(), expected);
            // SAFETY: as above.
            unsafe { applied.undo(&writer) }.unwrap();
            assert_eq!(now(), bytes);
        }
    }

    #[test]
    fn where_one_page_cannot_be_written_none_is() {
        let (base, _) = memory();
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        let last = (base + 2 * PAGE) as *mut libc::c_void;
        let flags = libc::MAP_SHARED | libc::MAP_FIXED;
        // The kernel copies no page of a shared mapping, and the file was not opened for writing.
        // SAFETY: the last page of this test's own memory.
        let mapped = unsafe { libc::mmap(last, PAGE as usize, libc::PROT_READ, flags, file.as_raw_fd(), 0) };
        assert_eq!(mapped, last);
        // SAFETY: mapped, and changed by nothing but this test.
        let now = unsafe { std::slice::from_raw_parts(base as *const u8, PAGES * PAGE as usize) };
        let before = now.to_vec();
        let image = Image::new(vec![Segment { address: base, bytes: now, executable: true, file_offset: 0 }]);
        for writer in [TextWriter::new(), TextWriter::without_proc()] {
            let edits = edits(&[(base + 0x20, 5), (base + 0x1ffe, 5)]);
            // SAFETY: nobody executes this memory.
            let refused = unsafe { apply(&writer, &image, edits) };
            assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
            assert_eq!(now, before);
        }
    }
}
