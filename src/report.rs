//! What the library tells the user: one line on stderr, written without libc.

use std::fmt::{self, Display, Write as _};

use crate::log;

/// Writes one line to stderr. If stderr is closed, full or a pipe that nobody reads, the line is lost: nothing here may disturb
/// the program.
pub(crate) fn line(message: &dyn Display) {
    let mut line = Line(String::new());
    if writeln!(line, "{PREFIX}{message}").is_ok() {
        let _ = log::write_quietly(libc::STDERR_FILENO, line.0.as_bytes());
    } else {
        let _ = writeln!(Stderr, "{PREFIX}{message}");
    }
}

const PREFIX: &str = "libsyscall_intercept: ";

/// A line, as far as there is memory for it.
struct Line(String);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| fmt::Error)?;
        self.0.push_str(text);
        Ok(())
    }
}

/// Without memory for a line: as it comes.
struct Stderr;

impl fmt::Write for Stderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let _ = log::write_quietly(libc::STDERR_FILENO, text.as_bytes());
        Ok(())
    }
}

/// Sends the library's debug messages to stderr for `INTERCEPT_DEBUG_DUMP`.
#[derive(Debug)]
struct Dump;

impl ::log::Log for Dump {
    fn enabled(&self, _: &::log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &::log::Record<'_>) {
        line(record.args());
    }

    fn flush(&self) {}
}

/// From now on debug messages go to stderr.
pub(crate) fn dump() {
    // A plugin that contains the engine may have installed a logger of its own, which then gets the messages.
    if ::log::set_logger(&Dump).is_ok() {
        ::log::set_max_level(::log::LevelFilter::Debug);
    }
}
