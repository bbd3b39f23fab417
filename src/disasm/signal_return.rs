//! The function a signal handler returns to, `__restore_rt`: `rt_sigreturn` and nothing else.
//!
//! It is the one function whose *bytes* are an interface. Where unwinders find no description of it they compare the code
//! at the return address with these bytes to know that they look at a signal frame:
//!
//! - libgcc, `x86_64_fallback_frame_state` (config/i386/linux-unwind.h), asked when no FDE covers the address;
//! - gdb, `amd64_linux_sigtramp_start` (amd64-linux-tdep.c), appended behind the DWARF unwinders;
//! - nongnu libunwind, `unw_is_signal_frame`, after DWARF gave up.
//!
//! So it may be patched in glibc, which describes it, and must not be in musl, which does not.

use super::code::Code;

/// How the libcs write it: musl (src/signal/x86_64/restore.s) and glibc (`movq $15,%rax; syscall`).
const CODE: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05];

/// Whether this is the code that unwinders look for.
pub fn is_signal_return(code: &[u8]) -> bool {
    code == CODE
}

/// Where the function really begins that is said to begin at `start`.
///
/// glibc lets the FDE of `__restore_rt` begin one byte early, because unwinders subtract one from every return address
/// (sysdeps/unix/sysv/linux/x86_64/libc_sigaction.c). That byte is the tail of a nop: decoding from it yields
/// `add %cl,-0x39(%rax); rorb $0,(%rdi); add %al,(%rax)` before the right `syscall` (glibc 2.36, at 0x3c04f).
pub(super) fn start(start: u64, code: &Code<'_>) -> u64 {
    let after = start.saturating_add(1);
    if is_signal_return(code.slice(after..after.saturating_add(CODE.len() as u64))) { after } else { start }
}
