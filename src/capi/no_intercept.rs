//! System calls that go straight to the kernel.

use std::ffi::c_long;

/// Makes a system call that no hook sees, and returns the kernel's answer: a negated errno on failure. `errno` is not
/// touched. Takes up to six arguments; may be called from anywhere. In a hook of a thread that is being cancelled, the call
/// that the hook was asked about fails with EINTR if it may wait.
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
        ".globl syscall_intercept_no_intercept_check",
        ".hidden syscall_intercept_no_intercept_check",
        "syscall_intercept_no_intercept_check:",
        // Is a cancellation owed? See src/hook/cancel.rs.
        "mov r11, [rip + syscall_intercept_owed@GOTTPOFF]",
        "cmp dword ptr fs:[r11], 0",
        "jne 2f",
        ".globl syscall_intercept_no_intercept_call",
        ".hidden syscall_intercept_no_intercept_call",
        "1:",
        "syscall_intercept_no_intercept_call:",
        "syscall",
        "ret",
        // Hardly ever. Everything is kept for the call, but r11.
        "2:",
        ".irp register, rax, rdi, rsi, rdx, r10, r8, r9",
        "push \\register",
        ".endr",
        "mov rdi, rax",
        "call {fails}",
        "mov r11, rax",
        ".irp register, r9, r8, r10, rdx, rsi, rdi, rax",
        "pop \\register",
        ".endr",
        "test r11, r11",
        "jz 1b",
        "mov rax, r11",
        "ret",
        fails = sym crate::hook::cancel::fails,
    )
}

/// From where it asks whether a cancellation is owed up to the call: where to ask again. A call that was interrupted, to be started
/// again, is asked for, too.
pub(crate) fn before_call_in_no_intercept(counter: u64) -> Option<u64> {
    unsafe extern "C" {
        static syscall_intercept_no_intercept_check: u8;
        static syscall_intercept_no_intercept_call: u8;
    }
    // The addresses alone matter.
    let check = &raw const syscall_intercept_no_intercept_check as u64;
    let call = &raw const syscall_intercept_no_intercept_call as u64;
    (check..=call).contains(&counter).then_some(check)
}
