//! The program's `errno`, which belongs to what a hook must not change and what nearly every hook changes.
#![allow(unsafe_code, reason = "a variable of libc, read and written where it is")]

use std::arch::asm;
use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, Ordering};

/// From the thread pointer to `errno`. libcs have it in thread-local storage that a thread has from its beginning (glibc with the
/// initial-exec model, include/errno.h; musl in `struct pthread`, which is what the thread pointer points to), so it is the
/// same for all, and nobody has to be asked in each call.
static DISTANCE: AtomicI64 = AtomicI64::new(0);

/// Learns where it is. Called once, before the first [`Kept`].
pub(crate) fn find() {
    // SAFETY: answers the address of this thread's errno and does nothing else: the one function of libc that is called here.
    let place = unsafe { libc::__errno_location() } as i64;
    let thread: i64;
    // SAFETY: by the ABI the word at the thread pointer is its own address.
    unsafe { asm!("mov {}, fs:[0]", out(reg) thread, options(nostack, preserves_flags, readonly)) };
    DISTANCE.store(place - thread, Ordering::Relaxed);
}

/// Keeps `errno` as it was while a hook of the user runs.
#[derive(Debug)]
pub(crate) struct Kept {
    value: c_int,
}

impl Kept {
    #[inline(always)]
    pub(crate) fn new() -> Kept {
        let distance = DISTANCE.load(Ordering::Relaxed);
        let value: c_int;
        // SAFETY: reads this thread's errno.
        unsafe {
            asm!("mov {:e}, fs:[{}]", lateout(reg) value, in(reg) distance, options(nostack, preserves_flags, readonly));
        }
        Kept { value }
    }
}

impl Drop for Kept {
    #[inline(always)]
    fn drop(&mut self) {
        let distance = DISTANCE.load(Ordering::Relaxed);
        // SAFETY: writes this thread's errno, on the thread that made it: hooks do not change threads.
        unsafe { asm!("mov fs:[{}], {:e}", in(reg) distance, in(reg) self.value, options(nostack, preserves_flags)) };
    }
}
