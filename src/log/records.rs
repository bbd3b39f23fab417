//! Records of the `log` crate, written where hooks may write.

use core::fmt::{self, Write as _};
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use std::ffi::CStr;

use ::log::{LevelFilter, Log, Metadata, Record};
use syscalls::Errno;

use super::line::Line;
use super::sink::{Sink, write_quietly};

/// A logger for plugins, which may be used in hooks anywhere: in signal handlers, inside `malloc`, in the child of a `vfork`. It
/// calls no function of libc, takes no lock and allocates nothing. A record is one line, at most 1024 bytes, written by one call:
/// `INFO my_plugin: the text`.
///
/// With it the macros of the [`log`](https://docs.rs/log) crate work in hooks; what a record formats itself is the plugin's matter.
///
/// ```standalone_crate
/// use log::LevelFilter;
/// use syscall_intercept::{Action, LogSink, Plugin, Syscall, Sysno, plugin};
///
/// static LOG: LogSink = LogSink::new();
///
/// struct SaysWhatIsClosed;
///
/// impl Plugin for SaysWhatIsClosed {
///     fn start(&self) {
///         LOG.install(LevelFilter::Info);
///     }
///
///     fn before(&self, call: &mut Syscall) -> Action {
///         log::info!("{} is closed", call.fd(0));
///         Action::Forward
///     }
/// }
///
/// plugin!(SaysWhatIsClosed, only: [Sysno::close]);
/// ```
#[derive(Debug)]
pub struct LogSink {
    fd: AtomicI32,
    file: Sink,
}

impl LogSink {
    /// One that writes to stderr.
    ///
    /// ```
    /// static LOG: syscall_intercept::LogSink = syscall_intercept::LogSink::new();
    /// ```
    #[allow(clippy::new_without_default, reason = "for statics")]
    pub const fn new() -> LogSink {
        LogSink { fd: AtomicI32::new(libc::STDERR_FILENO), file: Sink::new() }
    }

    /// From now on writes to this descriptor, which is the plugin's or the program's to keep open.
    ///
    /// ```
    /// # static LOG: syscall_intercept::LogSink = syscall_intercept::LogSink::new();
    /// LOG.write_to(1);
    /// ```
    pub fn write_to(&self, fd: i32) {
        self.fd.store(fd, Relaxed);
        self.file.stop();
    }

    /// From now on appends to this file, which is made if it is not there. A `-` at the end of the path is followed by the process
    /// id. The descriptor is out of the program's way, and opened again if the program closes it.
    ///
    /// # Errors
    ///
    /// Those of `open`; nothing is logged then.
    ///
    /// ```
    /// # use syscall_intercept::{Errno, LogSink};
    /// # static LOG: LogSink = LogSink::new();
    /// assert_eq!(LOG.append_to(c"/no/such/folder/log"), Err(Errno::ENOENT));
    /// ```
    pub fn append_to(&self, path: &CStr) -> Result<(), Errno> {
        self.fd.store(TO_FILE, Relaxed);
        self.file.start(path.to_bytes().iter().copied(), false).map_err(Errno::new)
    }

    /// Makes this the logger of the plugin, for records of this level and more urgent ones. Returns whether it is: there can be
    /// one only. The library's own records, of which there are some while the program starts, are left out.
    ///
    /// ```
    /// # static LOG: syscall_intercept::LogSink = syscall_intercept::LogSink::new();
    /// assert!(LOG.install(log::LevelFilter::Info));
    /// assert!(!LOG.install(log::LevelFilter::Info));
    /// ```
    pub fn install(&'static self, level: LevelFilter) -> bool {
        let installed = ::log::set_logger(self).is_ok();
        if installed {
            ::log::set_max_level(level);
        }
        installed
    }
}

/// Instead of a descriptor: to the file.
const TO_FILE: i32 = -1;

impl Log for LogSink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= ::log::max_level() && metadata.target().split("::").next() != Some(env!("CARGO_PKG_NAME"))
    }

    // Not inlined, as in `process`: a line is large.
    #[inline(never)]
    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut line = Line::new();
        // A record whose own formatting fails is written as far as it came.
        let _ = write!(OneLine(&mut line), "{} {}: {}", record.level(), record.target(), record.args());
        line.finish();
        match self.fd.load(Relaxed) {
            TO_FILE => self.file.write(line.as_bytes()),
            // A closed one, a full one, a pipe that nobody reads: the line is lost, and nothing else happens.
            fd => drop(write_quietly(fd, line.as_bytes())),
        }
    }

    fn flush(&self) {}
}

/// A text in one line: after a newline nobody could tell what follows from a record.
struct OneLine<'a>(&'a mut Line);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (number, part) in text.split('\n').enumerate() {
            if number > 0 {
                self.0.text("\\n");
            }
            self.0.text(part);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_and_no_longer_than_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let text = std::ffi::CString::new(path.to_str().expect("UTF-8")).expect("no zero byte");
        let sink = LogSink::new();
        sink.append_to(&text).expect("a file");
        let level = ::log::max_level();
        ::log::set_max_level(LevelFilter::Info);
        for (target, message) in
            [("a", "one\ntwo".to_owned()), ("syscall_intercept::x", "own".to_owned()), ("b", "x".repeat(5000))]
        {
            let mut record = Record::builder();
            record.level(::log::Level::Warn).target(target);
            sink.log(&record.args(format_args!("{message}")).build());
        }
        ::log::set_max_level(level);
        let log = std::fs::read_to_string(path).expect("a log");
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines[0], "WARN a: one\\ntwo");
        assert!(lines.len() == 2 && lines[1].starts_with("WARN b: xxx") && lines[1].ends_with("x..."));
        assert!(lines[1].len() < super::super::CAPACITY);
    }
}
