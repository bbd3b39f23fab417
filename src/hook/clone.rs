//! Calls that return on another stack, or twice, or not at all.

use crate::log::Memory;

/// How the kernel returns from a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// To the caller: once, or in the case of `fork` twice but with a copy of the stack each.
    ToCaller,
    /// Also in a child that shares memory with the caller or starts on another stack: nothing may lie on the stack between
    /// the system call and the program.
    InSharedMemory,
    /// Not, or to where the stack pointer says (`rt_sigreturn`).
    Elsewhere,
}

/// Says how a call returns.
pub(super) fn how_it_returns(number: i64, args: &[i64; 6], memory: &impl Memory) -> Return {
    let shares = |flags: u64, stack: u64| {
        let shared = flags & libc::CLONE_VM as u64 != 0 || stack != 0;
        if shared { Return::InSharedMemory } else { Return::ToCaller }
    };
    match number {
        libc::SYS_clone => shares(args[0].cast_unsigned(), args[1].cast_unsigned()),
        libc::SYS_clone3 => match clone_args(args[0].cast_unsigned(), memory) {
            Some((flags, stack)) => shares(flags, stack),
            // The kernel cannot read them either; or it can and we may not (seccomp), and then this is always right.
            None => Return::InSharedMemory,
        },
        libc::SYS_vfork => Return::InSharedMemory,
        libc::SYS_rt_sigreturn | libc::SYS_exit | libc::SYS_exit_group => Return::Elsewhere,
        _ => Return::ToCaller,
    }
}

/// Whether a call makes a process or a thread.
pub(super) fn creates(number: i64) -> bool {
    matches!(number, libc::SYS_clone | libc::SYS_clone3 | libc::SYS_fork | libc::SYS_vfork)
}

/// `flags` and `stack` of a `struct clone_args` (linux/sched.h): the first and the sixth of its 64-bit fields.
fn clone_args(address: u64, memory: &impl Memory) -> Option<(u64, u64)> {
    let mut words = [0; 48];
    if memory.read(address, &mut words) != words.len() {
        return None;
    }
    let (flags, rest) = words.split_first_chunk()?;
    Some((u64::from_le_bytes(*flags), u64::from_le_bytes(*rest.last_chunk()?)))
}
