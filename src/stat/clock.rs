//! What time it is for a count.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::layout::Clock;
use crate::sys::clock::{self, forbids_counter};
use crate::sys::seccomp::enters_strict_mode;

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

/// The time, if it is taken from the counter; whoever forbids that stops the clock first.
#[inline(always)]
pub(super) fn counter() -> Option<u64> {
    (CLOCK.load(Relaxed) == Clock::Counter as u32).then(clock::counter)
}

#[cold]
#[inline(never)]
fn kernel_if_asked() -> u64 {
    if CLOCK.load(Relaxed) == NONE { 0 } else { clock::kernel() }
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
    forbids_counter(number, args) || enters_strict_mode(number, args)
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
}
