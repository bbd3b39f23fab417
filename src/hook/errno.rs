//! The program's `errno`, which belongs to what a hook must not change and what nearly every hook changes.
#![allow(unsafe_code, reason = "a variable of libc")]

use std::ffi::c_int;

/// Keeps `errno` as it was while a hook of the user runs.
#[derive(Debug)]
pub(crate) struct Kept {
    place: *mut c_int,
    value: c_int,
}

impl Kept {
    pub(crate) fn new() -> Kept {
        // SAFETY: answers the address of this thread's errno and does nothing else: the one function of libc that is called here.
        let place = unsafe { libc::__errno_location() };
        // SAFETY: as libc says.
        Kept { place, value: unsafe { *place } }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: on the thread that made it: hooks do not change threads.
        unsafe { *self.place = self.value };
    }
}
