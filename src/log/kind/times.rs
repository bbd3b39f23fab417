//! The times of a file.

use super::super::form::{
    self, Form,
    times::{TIMESPEC, TIMEVAL},
};
use super::super::line::Line;
use super::super::memory;
use super::super::numbers;
use super::Context;

const SECONDS_OF_DAY: i64 = 86_400;
/// `sizeof(struct timespec)`, and that of `struct timeval`.
const SIZE: u64 = 16;

/// When a file was read and when it was written, with the date beside it: that of Greenwich, since nothing here reads time zones.
pub(super) fn of_file(line: &mut Line, context: &Context, both: u64) {
    let in_nanoseconds = context.call.number == libc::SYS_utimensat;
    let mark = line.mark();
    for index in 0..2 {
        line.text(if index == 0 { "[" } else { ", " });
        let at = both.wrapping_add(index * SIZE);
        let Some(bytes) = memory::array::<16>(context.memory, at).filter(|_| both != 0) else {
            line.rewind(mark);
            return numbers::pointer(line, context.style, both);
        };
        let [seconds, fraction] = [0, 8].map(|at| form::number(bytes.get(at..).unwrap_or_default(), 8).cast_signed());
        match fraction {
            libc::UTIME_NOW if in_nanoseconds => line.text("UTIME_NOW"),
            libc::UTIME_OMIT if in_nanoseconds => line.text("UTIME_OMIT"),
            _ => show(line, seconds, fraction, if in_nanoseconds { (&TIMESPEC, 9) } else { (&TIMEVAL, 6) }, &bytes),
        }
    }
    line.byte(b']');
}

fn show(line: &mut Line, seconds: i64, fraction: i64, (form, digits): (&Form, usize), bytes: &[u8]) {
    form::show(line, form, bytes);
    if let Ok(part) = u64::try_from(fraction) {
        comment(line, seconds, part, digits);
    }
}

/// The date in a comment, with so many digits of the part of a second, if there is one.
pub(in crate::log) fn comment(line: &mut Line, seconds: i64, part: u64, digits: usize) {
    // Zero is no date but the absence of one; nothing is said of years with more than four digits.
    if seconds == 0 && part == 0 || !(0..=253_402_300_799).contains(&seconds) || part >= 10_u64.pow(digits as u32) {
        return;
    }
    let (year, month, day) = date(seconds / SECONDS_OF_DAY);
    let rest = (seconds % SECONDS_OF_DAY).cast_unsigned();
    line.text(" /* ");
    for (value, least, before) in [
        (year, 4, ""),
        (month, 2, "-"),
        (day, 2, "-"),
        (rest / 3600, 2, "T"),
        (rest / 60 % 60, 2, ":"),
        (rest % 60, 2, ":"),
    ] {
        line.text(before);
        line.digits::<10>(value, least);
    }
    if part > 0 {
        line.byte(b'.');
        line.digits::<10>(part, digits);
    }
    line.text("+0000 */");
}

/// Year, month and day of so many days after 1970, in the Gregorian calendar.
fn date(days: i64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut rest = days.max(0).cast_unsigned();
    // 400 years have the same number of days each time.
    let mut year = 1970 + rest / 146_097 * 400;
    rest %= 146_097;
    while rest >= 365 + u64::from(is_leap(year)) {
        rest -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if rest < days {
            break;
        }
        rest -= days;
        month += 1;
    }
    (year, month, rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        // `date -u -d @$((86400 * DAYS))`
        let days = [0, 58, 59, 10_957, 11_016, 11_017, 19_782, 19_783, 20_777, 47_540, 2_932_896];
        let dates = [
            (1970, 1, 1),
            (1970, 2, 28),
            (1970, 3, 1),
            (2000, 1, 1),
            (2000, 2, 29),
            (2000, 3, 1),
            (2024, 2, 29),
            (2024, 3, 1),
            (2026, 11, 20),
            (2100, 2, 28),
            (9999, 12, 31),
        ];
        assert_eq!(days.map(date), dates);
    }
}
