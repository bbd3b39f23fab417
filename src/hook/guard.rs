//! The per-thread guard: calls that a hook makes pass straight through.
//!
//! The guard is one word of initial-exec TLS (asm/crossing.S; `thread_local!` would call `__tls_get_addr`, which may
//! allocate): the address of the frame whose hook is running on this thread, or zero. A crossing from deeper down the stack
//! is a call of that hook. A crossing from *above* it means that the hook was left by `longjmp` or an exception: the guard is
//! stale and no longer counts.
#![allow(unsafe_code, reason = "a thread-local word that assembly defines")]

use std::arch::asm;
use std::marker::PhantomData;

use super::Frame;

/// The guard of one thread, held while a hook runs. Given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    /// Belongs to the thread that took it.
    not_send: PhantomData<*mut ()>,
}

impl Held {
    /// Takes the guard for the hook of a frame; `None` if the crossing comes from a hook.
    pub(super) fn take(frame: &Frame) -> Option<Held> {
        let address = std::ptr::from_ref(frame) as u64;
        // The stack grows down: what a hook calls has its frame at a lower address.
        if get() > address {
            return None;
        }
        set(address);
        Some(Held { not_send: PhantomData })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        set(0);
    }
}

/// Runs something on this thread with all system calls passing straight through.
pub(crate) fn bypass<T>(run: impl FnOnce() -> T) -> T {
    let before = get();
    set(u64::MAX);
    let result = run();
    set(before);
    result
}

/// A handler of the program runs: whatever hook it has interrupted does not count. Ends when dropped; if the handler leaves by
/// `longjmp` it goes on, which is right, since the hook has been left too.
#[derive(Debug)]
pub(super) struct Suspended {
    guard: u64,
}

impl Suspended {
    pub(super) fn new() -> Suspended {
        let guard = get();
        set(0);
        Suspended { guard }
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        set(self.guard);
    }
}

fn get() -> u64 {
    let guard: u64;
    // SAFETY: reads this thread's word; the thread pointer is valid wherever libc makes a system call.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_guard@GOTTPOFF]",
            "mov {0}, fs:[{0}]",
            out(reg) guard,
            options(nostack, preserves_flags, readonly),
        );
    }
    guard
}

fn set(guard: u64) {
    // SAFETY: writes this thread's word, which nothing else reads.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_guard@GOTTPOFF]",
            "mov fs:[{0}], {1}",
            out(reg) _,
            in(reg) guard,
            options(nostack, preserves_flags),
        );
    }
}
