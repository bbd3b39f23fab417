//! Mapping a copy: its stubs first, and its code when everything else is in place.
#![allow(unsafe_code, reason = "maps a file over code")]

use std::borrow::Cow;
use std::os::fd::AsRawFd as _;

use super::{Copy, DISTANCE};
use crate::sys::call::{Errno, map_at, map_file_over, protect, unmap};
use crate::sys::pages::are_those_of_the_file;
use crate::trampoline::{Arena, Crossings, Row, header};

/// A copy whose stubs are in place.
#[derive(Debug)]
pub(crate) struct Mapped {
    copy: Copy,
    /// What has to be added to the addresses in its file.
    bias: u64,
    /// The path of the object, for as long as the stubs are there; with a NUL behind it.
    pub(crate) path: header::Path,
}

impl Copy {
    /// Puts the stubs in their place below an object that it fits, unless somebody has changed the code of that.
    pub(crate) fn map_stubs(self, bias: u64, path: &[u8], crossings: Crossings) -> Option<(Mapped, Arena)> {
        let (code, length) = (self.code(bias), self.about.code.length);
        // SAFETY: the code stays as it is: what is sealed answers that it may not be changed, even to that.
        let is_sealed = || unsafe { protect(code.start, length as usize, libc::PROT_READ | libc::PROT_EXEC) }.is_err();
        if !are_those_of_the_file(code.start, length) || is_sealed() {
            return None;
        }
        let base = self.about.start.wrapping_add(bias).checked_sub(DISTANCE)?;
        let stubs = base + header::LENGTH as u64;
        let length = self.about.stubs.end - self.about.stubs.start;
        map_at(base, header::LENGTH + length as usize).ok()?;
        // SAFETY: mapped above, and known to nobody else.
        let mapped = unsafe {
            let path = header::write(base, path, crossings);
            let fd = self.file.as_raw_fd();
            let mapped = map_file_over(stubs, length as usize, fd, self.about.stubs.start)
                .and_then(|()| protect(base, header::LENGTH, libc::PROT_READ));
            mapped.map(|()| path)
        };
        let Ok(path) = mapped else {
            // SAFETY: as above.
            unsafe { unmap(base, header::LENGTH + length as usize) };
            return None;
        };
        let table = (stubs + self.about.table) as *const Row;
        // SAFETY: within what is mapped, and aligned; any bytes are rows.
        let rows = unsafe { std::slice::from_raw_parts(table, self.about.rows as usize) };
        let arena = Arena { memory: base..stubs + length, stubs: Cow::Borrowed(rows) };
        Some((Mapped { copy: self, bias, path }, arena))
    }

    /// Where the code of the object is.
    fn code(&self, bias: u64) -> std::ops::Range<u64> {
        let start = self.about.code.address.wrapping_add(bias);
        start..start.wrapping_add(self.about.code.length)
    }
}

impl Mapped {
    /// Puts the patched code in the place of the object's.
    ///
    /// # Safety
    ///
    /// The object is loaded there, and no other thread is executing bytes that change.
    pub(crate) unsafe fn map_code(&self) -> Result<(), Errno> {
        let (code, about) = (self.copy.code(self.bias), &self.copy.about.code);
        // SAFETY: to everybody but who is at a site it is the same code.
        unsafe { map_file_over(code.start, about.length as usize, self.copy.file.as_raw_fd(), about.offset) }
    }

    /// How many sites are on each rung, those that are left alone at the end.
    pub(crate) fn counts(&self) -> [usize; 5] {
        self.copy.about.counts.map(|count| count as usize)
    }
}
