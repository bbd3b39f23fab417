//! What the library tells the user: one line on stderr, written without libc.

use std::fmt::{Display, Write as _};

use crate::log;

/// Writes one line to stderr. If stderr is closed, full or a pipe that nobody reads, the line is lost: nothing here may disturb
/// the program.
pub(crate) fn line(message: &dyn Display) {
    let mut line = String::new();
    let _ = writeln!(line, "libsyscall_intercept: {message}");
    let _ = log::write_quietly(libc::STDERR_FILENO, line.as_bytes());
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
