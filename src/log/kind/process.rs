//! Signals, new processes, futexes, `prctl`.

use super::super::Style;
use super::super::form::{
    processes::{INT, WORD},
    times::TIMESPEC,
};
use super::super::line::Line;
use super::super::names::process::{CLONE, CLONE_DROP_IN, FUTEX, SIGNALS};
use super::super::numbers::{self, int, low};
use super::text::{Bytes, End};
use super::{Context, Shown, sets};

/// `SIGRTMIN` and `SIGRTMAX` of the kernel; libc keeps the first ones for itself.
const REAL_TIME: core::ops::RangeInclusive<i32> = 32..=64;

pub(super) fn signal(line: &mut Line, number: i32) {
    signal_name(line, number, true);
}

/// With `SIG` before it, or without.
pub(in crate::log) fn signal_name(line: &mut Line, number: i32, whole: bool) {
    let start = if whole { 0 } else { "SIG".len() };
    if let Some(name) = u64::try_from(number).ok().and_then(|number| SIGNALS.name_of(number)) {
        return line.text(name.get(start..).unwrap_or_default());
    }
    match number {
        32 => line.text("SIGRTMIN".get(start..).unwrap_or_default()),
        _ if REAL_TIME.contains(&number) => {
            line.text("SIGRT_".get(start..).unwrap_or_default());
            line.signed(i64::from(number.saturating_sub(*REAL_TIME.start())));
        }
        _ => line.signed(i64::from(number)),
    }
}

/// Flags above, in the low byte the signal that tells the parent of the end.
pub(super) fn clone_flags(line: &mut Line, style: Style, value: u64) {
    if style == Style::DropIn {
        return sets::flags(line, style, value, CLONE_DROP_IN, false);
    }
    let (flags, end) = (value & !0xff, value & 0xff);
    if flags != 0 {
        sets::flags(line, style, flags, CLONE, false);
    }
    if flags != 0 && end != 0 {
        line.text("|");
    }
    if flags == 0 || end != 0 {
        signal(line, end as i32);
    }
}

const FUTEX_FLAGS: u64 = (libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME) as u64;

pub(super) fn futex_operation(line: &mut Line, style: Style, value: u64) {
    let Some(name) = FUTEX.name_of(value & !FUTEX_FLAGS) else { return sets::name(line, style, value, FUTEX) };
    line.text(name);
    if value & libc::FUTEX_PRIVATE_FLAG as u64 != 0 {
        line.text("_PRIVATE");
    }
    if value & libc::FUTEX_CLOCK_REALTIME as u64 != 0 {
        line.text("|FUTEX_CLOCK_REALTIME");
    }
}

/// The last three of `futex(uaddr, op, val, timeout or val2, uaddr2, val3)`.
pub(super) fn futex_argument(line: &mut Line, context: &Context, index: usize) -> Shown {
    let value = context.argument(index);
    let operation = (low(context.argument(1)) & !FUTEX_FLAGS) as i32;
    match (operation, index) {
        (libc::FUTEX_WAIT | libc::FUTEX_LOCK_PI | libc::FUTEX_LOCK_PI2 | libc::FUTEX_WAIT_REQUEUE_PI, 3)
        | (libc::FUTEX_WAIT_BITSET, 3) => context.given(line, value, &TIMESPEC),
        (libc::FUTEX_WAIT | libc::FUTEX_LOCK_PI | libc::FUTEX_LOCK_PI2, _)
        | (libc::FUTEX_WAKE | libc::FUTEX_FD | libc::FUTEX_UNLOCK_PI | libc::FUTEX_TRYLOCK_PI, _)
        | (libc::FUTEX_REQUEUE | libc::FUTEX_WAIT_REQUEUE_PI, 5) => return Shown::NoneLeft,
        (libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE_BITSET, 3 | 4) => return Shown::Skipped,
        (libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE_BITSET, _) if low(value) == u64::from(u32::MAX) => {
            line.text("FUTEX_BITSET_MATCH_ANY");
        }
        (libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAKE_BITSET | libc::FUTEX_WAKE_OP, 5) => {
            numbers::hex(line, context.style, low(value))
        }
        (_, 4) => numbers::pointer(line, context.style, value.cast_unsigned()),
        (libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE | libc::FUTEX_WAKE_OP | libc::FUTEX_CMP_REQUEUE_PI, _) => {
            line.unsigned(low(value));
        }
        (_, 3) => numbers::pointer(line, context.style, value.cast_unsigned()),
        _ => numbers::hex(line, context.style, low(value)),
    }
    Shown::Yes
}

/// `arch_prctl` writes a word, or is given one.
pub(super) fn arch_argument(line: &mut Line, context: &Context, value: i64) {
    /// From `asm/prctl.h`.
    const ARCH_GET_FS: i32 = 0x1003;
    const ARCH_GET_GS: i32 = 0x1004;
    match int(context.argument(0)) {
        ARCH_GET_FS | ARCH_GET_GS => context.filled(line, value, &WORD),
        _ => numbers::pointer(line, context.style, value.cast_unsigned()),
    }
}

pub(super) fn prctl_argument(line: &mut Line, context: &Context, index: usize) -> Shown {
    let value = context.argument(index);
    match (int(context.argument(0)), index) {
        (libc::PR_SET_NAME, 1) => context.quote(line, value, End::Nul, Bytes::Text),
        (libc::PR_SET_PDEATHSIG, 1) => signal(line, int(value)),
        (libc::PR_GET_NAME, 1) if context.success().is_some() => context.quote(line, value, End::Nul, Bytes::Text),
        (libc::PR_GET_PDEATHSIG | libc::PR_GET_CHILD_SUBREAPER, 1) => context.filled(line, value, &INT),
        (libc::PR_GET_TID_ADDRESS, 1) => context.filled(line, value, &WORD),
        (libc::PR_GET_NAME, 1) => numbers::pointer(line, context.style, value.cast_unsigned()),
        (libc::PR_SET_NO_NEW_PRIVS | libc::PR_SET_CHILD_SUBREAPER, 1)
        | (libc::PR_SET_DUMPABLE | libc::PR_SET_KEEPCAPS | libc::PR_SET_TIMERSLACK | libc::PR_CAPBSET_READ, 1) => {
            line.signed(value);
        }
        (libc::PR_GET_DUMPABLE | libc::PR_GET_KEEPCAPS | libc::PR_GET_TIMERSLACK | libc::PR_GET_SECCOMP, _)
        | (libc::PR_SET_NAME | libc::PR_GET_NAME | libc::PR_SET_PDEATHSIG | libc::PR_GET_PDEATHSIG, _)
        | (libc::PR_GET_CHILD_SUBREAPER, _)
        | (libc::PR_SET_DUMPABLE | libc::PR_SET_KEEPCAPS | libc::PR_SET_TIMERSLACK | libc::PR_CAPBSET_READ, _)
        | (libc::PR_GET_TID_ADDRESS, _) => return Shown::NoneLeft,
        _ => numbers::hex(line, context.style, value.cast_unsigned()),
    }
    Shown::Yes
}

#[cfg(test)]
mod tests {
    use super::super::super::line::spelled;
    use super::*;

    #[test]
    fn signals_have_names_up_to_the_last_real_time_one() {
        assert_eq!(
            [0, 9, 31, 32, 40, 64, 65, -1].map(|number| spelled(|line| signal(line, number))),
            ["0", "SIGKILL", "SIGSYS", "SIGRTMIN", "SIGRT_8", "SIGRT_32", "65", "-1"]
        );
    }

    #[test]
    fn the_end_signal_is_part_of_the_clone_flags() {
        let fork = 0x0120_0011;
        assert_eq!(
            spelled(|line| clone_flags(line, Style::Trace, fork)),
            "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"
        );
        assert_eq!(
            spelled(|line| clone_flags(line, Style::DropIn, fork)),
            "CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | 0x11"
        );
        assert_eq!(spelled(|line| clone_flags(line, Style::Trace, 17)), "SIGCHLD");
        assert_eq!(spelled(|line| clone_flags(line, Style::Trace, 0)), "0");
    }
}
