//! What a call asks the kernel to forbid all calls to come.

/// Whether they will have to pass a filter.
pub(crate) fn installs_filter(number: i64, args: &[i64; 6]) -> bool {
    asks(number, args, libc::SECCOMP_MODE_FILTER, libc::SECCOMP_SET_MODE_FILTER)
}

/// Whether the thread asks to be killed for every call but `read`, `write`, `exit` and `rt_sigreturn`.
pub(crate) fn enters_strict_mode(number: i64, args: &[i64; 6]) -> bool {
    asks(number, args, libc::SECCOMP_MODE_STRICT, libc::SECCOMP_SET_MODE_STRICT)
}

/// The kernel has two calls for it.
fn asks(number: i64, args: &[i64; 6], mode: u32, operation: u32) -> bool {
    let [first, second, ..] = args.map(|arg| arg as u32);
    match number {
        libc::SYS_prctl => first == libc::PR_SET_SECCOMP as u32 && second == mode,
        libc::SYS_seccomp => first == operation,
        _ => false,
    }
}
