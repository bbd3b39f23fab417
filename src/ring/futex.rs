//! Waiting for a word in shared memory to change, and telling who waits.
#![allow(unsafe_code, reason = "the `futex` system call")]

use core::sync::atomic::AtomicU32;

use crate::sys::raw::syscall;

/// Waits until somebody wakes those who wait for the word, but not longer than this; not at all if the word has another value.
/// A signal ends it early.
pub(super) fn wait(word: &AtomicU32, value: u32, milliseconds: u32) {
    let time =
        libc::timespec { tv_sec: i64::from(milliseconds / 1000), tv_nsec: i64::from(milliseconds % 1000) * 1_000_000 };
    let operation = i64::from(libc::FUTEX_WAIT);
    let args = [word.as_ptr() as i64, operation, i64::from(value), &raw const time as i64, 0, 0];
    // SAFETY: the kernel reads the word and the time, and writes nothing.
    unsafe { syscall(libc::SYS_futex, args) };
}

/// Wakes all who wait for the word, in whatever process.
pub(super) fn wake(word: &AtomicU32) {
    let args = [word.as_ptr() as i64, i64::from(libc::FUTEX_WAKE), i64::from(i32::MAX), 0, 0, 0];
    // SAFETY: the kernel only uses the address.
    unsafe { syscall(libc::SYS_futex, args) };
}
