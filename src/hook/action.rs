//! What the kernel is told to do when a signal arrives.
#![allow(unsafe_code, reason = "a system call that is given addresses")]

use std::ffi::c_int;

use crate::sys::probe::SIGSET_SIZE;
use crate::sys::raw::syscall;

/// The kernel's `struct sigaction` on x86_64 (arch/x86/include/uapi/asm/signal.h).
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sigaction {
    pub(super) handler: u64,
    pub(super) flags: u64,
    pub(super) restorer: u64,
    pub(super) mask: u64,
}

/// What is done at a signal; `None` if there is no such signal.
pub(super) fn of(signal: c_int) -> Option<Sigaction> {
    let mut action = Sigaction::default();
    // SAFETY: asks for an action, with room for it.
    let asked =
        unsafe { syscall(libc::SYS_rt_sigaction, [signal.into(), 0, &raw mut action as i64, SIGSET_SIZE, 0, 0]) };
    (asked == 0).then_some(action)
}

/// Says what is done at a signal from now on. Answers what was done before, unless the kernel refuses.
///
/// # Safety
///
/// A handler is one, and its restorer returns from it.
pub(super) unsafe fn replace(signal: c_int, action: &Sigaction) -> Option<Sigaction> {
    let mut before = Sigaction::default();
    let args = [signal.into(), &raw const *action as i64, &raw mut before as i64, SIGSET_SIZE, 0, 0];
    // SAFETY: passed on, with room for the answer.
    let replaced = unsafe { syscall(libc::SYS_rt_sigaction, args) };
    (replaced == 0).then_some(before)
}
