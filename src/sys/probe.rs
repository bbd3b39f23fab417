//! Whether memory can be read, without touching it.
#![allow(unsafe_code, reason = "a system call that is given an address")]

use super::raw::syscall;

/// The kernel's `sizeof(sigset_t)`, in bytes: what [`is_readable`] looks at.
pub(crate) const SIGSET_SIZE: i64 = 8;

/// Whether the eight bytes at an address can be read.
///
/// `rt_sigprocmask` reads a set of signals before it looks at what to do with it, and there is nothing to do with -1: it
/// answers EFAULT or EINVAL and changes nothing (kernel/signal.c). It is asked, and not `process_vm_readv`, because programs
/// that have forbidden themselves nearly everything (seccomp) still allow it. A null pointer is no set to it, and nothing that
/// it would read.
pub(crate) fn is_readable(address: u64) -> bool {
    if address == 0 {
        return false;
    }
    // SAFETY: changes nothing, as said above.
    let answer = unsafe { syscall(libc::SYS_rt_sigprocmask, [-1, address.cast_signed(), 0, SIGSET_SIZE, 0, 0]) };
    answer != -i64::from(libc::EFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_the_kernels_half_and_the_end_of_a_mapping_are_not_readable() {
        let word = 7_u64;
        assert!(is_readable(&raw const word as u64));
        assert!(
            !is_readable(0) && !is_readable(1) && !is_readable(u64::MAX - 8) && !is_readable(0xffff_8000_0000_0000)
        );
    }
}
