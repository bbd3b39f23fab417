//! What time it is for a count.
#![allow(unsafe_code, reason = "an instruction, and a system call that writes into a buffer")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::layout::Clock;
use crate::sys::raw::syscall;

/// There is no clock.
const NONE: u32 = 0;

/// A [`Clock`] or [`NONE`].
static CLOCK: AtomicU32 = AtomicU32::new(NONE);

pub(super) fn set(clock: Clock) {
    CLOCK.store(clock as u32, Relaxed);
}

/// The time in ticks; 0 if there is no clock any more.
#[inline(always)]
pub(crate) fn now() -> u64 {
    counter().unwrap_or_else(kernel_if_asked)
}

/// The time, if it is taken from the counter.
#[inline(always)]
pub(super) fn counter() -> Option<u64> {
    // SAFETY: every x86_64 CPU has the instruction; whoever forbids it stops the clock first.
    (CLOCK.load(Relaxed) == Clock::Counter as u32).then(|| unsafe { core::arch::x86_64::_rdtsc() })
}

#[cold]
#[inline(never)]
fn kernel_if_asked() -> u64 {
    if CLOCK.load(Relaxed) == NONE { 0 } else { kernel() }
}

fn kernel() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let args = [libc::CLOCK_MONOTONIC.into(), &raw mut time as i64, 0, 0, 0, 0];
    // SAFETY: there is room for the answer.
    unsafe { syscall(libc::SYS_clock_gettime, args) };
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// A call is about to be made. Stops the clock for good if it is one that makes looking at it deadly: seccomp's strict mode
/// kills for `clock_gettime` and, as `PR_SET_TSC` does, makes the kernel send `SIGSEGV` to who reads the counter
/// (`seccomp_set_mode_strict` in kernel/seccomp.c).
pub(super) fn notice(number: i64, args: &[i64; 6]) {
    if (number == libc::SYS_prctl || number == libc::SYS_seccomp) && forbids(number, args) {
        CLOCK.store(NONE, Relaxed);
    }
}

fn forbids(number: i64, args: &[i64; 6]) -> bool {
    let [first, second, ..] = args.map(|arg| arg as u32);
    match number {
        libc::SYS_prctl => {
            first == libc::PR_SET_TSC as u32 && second == libc::PR_TSC_SIGSEGV as u32
                || first == libc::PR_SET_SECCOMP as u32 && second == libc::SECCOMP_MODE_STRICT
        }
        _ => first == libc::SECCOMP_SET_MODE_STRICT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_forbids_looking_at_a_clock_is_recognised() {
        let cases = [
            (libc::SYS_prctl, libc::PR_SET_TSC as i64, libc::PR_TSC_SIGSEGV as i64, true),
            (libc::SYS_prctl, libc::PR_SET_TSC as i64, libc::PR_TSC_ENABLE as i64, false),
            (libc::SYS_prctl, libc::PR_SET_SECCOMP as i64, libc::SECCOMP_MODE_STRICT as i64, true),
            (libc::SYS_prctl, libc::PR_SET_SECCOMP as i64, libc::SECCOMP_MODE_FILTER as i64, false),
            (libc::SYS_seccomp, libc::SECCOMP_SET_MODE_STRICT as i64, 0, true),
            (libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER as i64, 0, false),
        ];
        for (number, first, second, expected) in cases {
            assert_eq!(forbids(number, &[first, second, 0, 0, 0, 0]), expected, "{number} {first} {second}");
        }
    }

    #[test]
    fn the_kernel_says_what_time_it_is() {
        let before = kernel();
        assert!(before > 0 && kernel() > before);
    }
}
