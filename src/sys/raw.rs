//! System calls without libc: nothing here can be intercepted, touches `errno`, or takes a lock.
#![allow(unsafe_code, reason = "the `syscall` instruction")]

use std::arch::asm;

/// The kernel's answer: a value, or a negated errno in `-4095..=-1`.
pub(crate) type RawResult = i64;

/// Makes a system call with all six arguments, used or not.
///
/// # Safety
///
/// The call does to memory and to the process whatever its number and arguments say. Calls that return twice on one stack
/// (`vfork`), return on another one (`clone` with a stack) or do not return to the caller (`rt_sigreturn`) must not be made
/// through this function.
#[inline(always)]
pub(crate) unsafe fn syscall(number: i64, args: [i64; 6]) -> RawResult {
    let result;
    // SAFETY: the caller answers for what the call does; the kernel changes no register but rax, rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Whether the kernel's answer is a negated errno.
#[inline(always)]
pub(crate) fn is_error(result: RawResult) -> bool {
    (-4095..0).contains(&result)
}

/// Splits the kernel's answer into a value and an errno.
pub(crate) fn check(result: RawResult) -> Result<u64, i32> {
    if is_error(result) { Err(-result as i32) } else { Ok(result.cast_unsigned()) }
}
