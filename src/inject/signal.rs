//! Sending a signal.
#![allow(unsafe_code, reason = "system calls that take addresses")]

use crate::sys::raw::syscall;

/// The kernel's `siginfo_t` as far as it is used here; the whole has 128 bytes.
#[repr(C)]
struct Info {
    signal: i32,
    errno: i32,
    code: i32,
    rest: [i32; 29],
}

/// Sends this thread a signal that looks as if the kernel had sent it, which is how strace's look: a thread may say so of what
/// it sends to itself.
pub(super) fn send_to_this_thread(signal: i32) {
    let info = Info { signal, errno: 0, code: libc::SI_KERNEL, rest: [0; 29] };
    // SAFETY: asks for a number.
    let process = unsafe { syscall(libc::SYS_getpid, [0; 6]) };
    let thread = this_thread();
    let arguments = [process, thread, signal.into(), &raw const info as i64, 0, 0];
    // SAFETY: a description of a signal. What its handler does is the program's matter.
    unsafe { syscall(libc::SYS_rt_tgsigqueueinfo, arguments) };
}

/// The id of this thread.
pub(super) fn this_thread() -> i64 {
    // SAFETY: asks for a number.
    unsafe { syscall(libc::SYS_gettid, [0; 6]) }
}
