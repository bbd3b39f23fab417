//! Waiting.
#![allow(unsafe_code, reason = "system calls that take addresses")]

use std::time::Duration;

use crate::sys::raw::syscall;

/// A time as strace takes it: a number of microseconds, or of what stands behind it.
pub(super) fn parse(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 4] = [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
    let with_unit = UNITS.iter().find_map(|&(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
    let (number, seconds) = with_unit.unwrap_or((text, 1e-6));
    // What Rust takes for numbers beyond digits, as `inf` and `nan`, is no time.
    if !number.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

/// Waits as long, whatever signals come meanwhile: their handlers run, and it goes on.
pub(super) fn sleep(time: Duration) {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let clock = i64::from(libc::CLOCK_MONOTONIC);
    // SAFETY: asks for the time, with room for it.
    unsafe { syscall(libc::SYS_clock_gettime, [clock, &raw mut now as i64, 0, 0, 0, 0]) };
    let nanoseconds = now.tv_nsec + i64::from(time.subsec_nanos());
    let seconds = now.tv_sec.saturating_add_unsigned(time.as_secs()).saturating_add(nanoseconds / 1_000_000_000);
    let end = libc::timespec { tv_sec: seconds, tv_nsec: nanoseconds % 1_000_000_000 };
    let arguments = [clock, i64::from(libc::TIMER_ABSTIME), &raw const end as i64, 0, 0, 0];
    // SAFETY: a time that is valid.
    while unsafe { syscall(libc::SYS_clock_nanosleep, arguments) } == -i64::from(libc::EINTR) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_or_are_microseconds() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("7", 7_000),
            ("7us", 7_000),
            ("1.5ms", 1_500_000),
            (".5s", 500_000_000),
            ("90ns", 90),
            ("1e3", 1_000_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_nanos(nanoseconds)), "{text}");
        }
        for text in ["", "s", "-1", "inf", "nan", "NaNs", "1m", "1e999", "1 ms", "+1", "0x10"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
