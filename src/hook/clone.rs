//! Calls that return on another stack, or twice, or not at all.

/// How the kernel returns from a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// To the caller: once, or in the case of `fork` twice but with a copy of the stack each.
    ToCaller,
    /// Perhaps also in a child that shares memory with the caller, or starts on another stack: nothing may lie on the stack
    /// between the system call and the program. Whether it is so stands in flags that `clone3` takes in memory; nothing is
    /// lost by believing it of every `clone`.
    InSharedMemory,
    /// Not, or to where the stack pointer says (`rt_sigreturn`).
    Elsewhere,
}

/// Says how a call returns.
pub(super) fn how_it_returns(number: i64) -> Return {
    match number {
        libc::SYS_clone | libc::SYS_clone3 | libc::SYS_vfork => Return::InSharedMemory,
        libc::SYS_rt_sigreturn | libc::SYS_exit | libc::SYS_exit_group => Return::Elsewhere,
        _ => Return::ToCaller,
    }
}

/// Whether a call makes a process or a thread.
pub fn creates(number: i64) -> bool {
    matches!(number, libc::SYS_clone | libc::SYS_clone3 | libc::SYS_fork | libc::SYS_vfork)
}
