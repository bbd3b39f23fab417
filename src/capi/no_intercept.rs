//! System calls that go straight to the kernel.

use std::ffi::c_long;

/// Makes a system call that no hook sees, and returns the kernel's answer: a negated errno on failure. `errno` is not
/// touched. Takes up to six arguments; may be called from anywhere.
///
/// In C this is `long syscall_no_intercept(long number, ...)`: variadic integer arguments are passed like named ones.
///
/// # Safety
///
/// The call does to the process whatever its number and arguments say. `vfork`, and `clone` with a stack, return into a frame
/// that is not there any more.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn syscall_no_intercept(
    number: c_long,
    a0: c_long,
    a1: c_long,
    a2: c_long,
    a3: c_long,
    a4: c_long,
    a5: c_long,
) -> c_long {
    // From the C calling convention (rdi rsi rdx rcx r8 r9, then the stack) to the kernel's (rax; rdi rsi rdx r10 r8 r9).
    // With fewer arguments the last ones are garbage, as with libc's `syscall`.
    std::arch::naked_asm!(
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "mov r10, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "syscall",
        "ret",
    )
}
