//! What stands around a call in a line: when it was made, how long it took. strace's letters.

use std::io::{self, Write};

use crate::events::entry::{Entry, What};

/// What a line shows beside the call.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Look {
    /// Show when; -tt: with microseconds; -ttt: since 1970
    #[arg(short = 't', action = clap::ArgAction::Count)]
    when: u8,
    /// Show the time since the line before
    #[arg(short = 'r', long)]
    relative_timestamps: bool,
    /// Show how long calls took
    #[arg(short = 'T', long)]
    syscall_times: bool,
}

/// Nanoseconds in a microsecond, and microseconds in a second.
const MICRO: u64 = 1000;
const SECOND: u64 = 1_000_000;

impl Look {
    /// Whether anything is shown.
    pub(crate) fn is_given(&self) -> bool {
        self.when > 0 || self.relative_timestamps || self.syscall_times
    }

    /// Writes what stands before a call; `since_last` in nanoseconds, `start` is when the recording began.
    pub(super) fn before(&self, to: &mut dyn Write, entry: &Entry<'_>, start: u64, since_last: u64) -> io::Result<()> {
        if self.relative_timestamps {
            let micros = since_last / MICRO;
            write!(to, "{:6}.{:06} ", micros / SECOND, micros % SECOND)?;
        }
        let micros = start.saturating_add(entry.begin) / MICRO;
        let (seconds, fraction) = (micros / SECOND, micros % SECOND);
        match self.when {
            0 => Ok(()),
            1 => write!(to, "{} ", time_of_day(seconds)),
            2 => write!(to, "{}.{fraction:06} ", time_of_day(seconds)),
            _ => write!(to, "{seconds}.{fraction:06} "),
        }
    }

    /// Writes what stands behind a call.
    pub(super) fn after(&self, to: &mut dyn Write, entry: &Entry<'_>) -> io::Result<()> {
        if !self.syscall_times || entry.what != What::Call {
            return Ok(());
        }
        let micros = entry.end.saturating_sub(entry.begin) / MICRO;
        write!(to, " <{}.{:06}>", micros / SECOND, micros % SECOND)
    }
}

/// In the time zone of whoever reads.
#[allow(unsafe_code, reason = "asks libc for the time zone")]
fn time_of_day(seconds: u64) -> String {
    let seconds = seconds.cast_signed();
    let mut broken_down = std::mem::MaybeUninit::<libc::tm>::uninit();
    // SAFETY: a number to read and room for the answer.
    let answer = unsafe { libc::localtime_r(&raw const seconds, broken_down.as_mut_ptr()) };
    // SAFETY: NULL, for a year that does not fit, or filled.
    let Some(time) = (unsafe { answer.as_ref() }) else { return "??:??:??".to_owned() };
    format!("{:02}:{:02}:{:02}", time.tm_hour, time.tm_min, time.tm_sec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(look: &Look) -> String {
        let entry = Entry {
            what: What::Call,
            process: 1,
            thread: 1,
            number: 0,
            args: [0; 6],
            result: 0,
            begin: 2_000_003_999,
            end: 2_000_050_000,
            text: b"call() = 0",
            result_at: 6,
            stack: &[],
        };
        let mut line = Vec::new();
        look.before(&mut line, &entry, 1_700_000_000_000_000_000, 47_000).expect("a vector takes all");
        line.extend(entry.text);
        look.after(&mut line, &entry).expect("a vector takes all");
        String::from_utf8(line).expect("a vector takes all")
    }

    #[test]
    fn times_stand_around_a_call_as_strace_puts_them() {
        assert_eq!(line(&Look::default()), "call() = 0");
        assert_eq!(line(&Look { when: 3, ..Look::default() }), "1700000002.000003 call() = 0");
        assert_eq!(line(&Look { relative_timestamps: true, ..Look::default() }), "     0.000047 call() = 0");
        assert_eq!(line(&Look { syscall_times: true, ..Look::default() }), "call() = 0 <0.000046>");
        // The hour depends on where this runs, the rest on few places of the world.
        assert!(line(&Look { when: 2, ..Look::default() }).ends_with(":22.000003 call() = 0"));
        assert_eq!(line(&Look { when: 1, ..Look::default() }).len(), "22:13:22 call() = 0".len());
    }
}
