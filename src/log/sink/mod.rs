//! Where lines go: one file, one `write` for a line, or for two that are [written together](super::at_once).
//!
//! A log must not disturb the program, so
//! - the file is opened for appending: lines of several processes follow each other and never overwrite;
//! - its descriptor is a high one, out of the way of programs that count or close the low ones;
//! - it does not block for long, and a line that cannot be written is lost;
//! - a `SIGPIPE` or `SIGXFSZ` of the log is not one of the program.
//!
//! Children made by `fork` inherit the descriptor and go on in the same file, also where its name carries the process id:
//! that is the id of whoever opened it. A new program opens its log again in its own constructor.
//!
//! The kernel writes a line whole or not at all, with two exceptions: when a disk becomes full, and when the process is killed in
//! the middle of a write that reaches into another page of the file, it stops where it is. What comes next in the file follows on
//! the same line.
//!
//! State is atomics: there is no lock that a signal handler could find taken.

pub(super) mod kernel;
mod path;

use core::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use super::line::Line;
use super::{Call, Style, errors};
use crate::handed_down;
use crate::sys::call::descriptor_limit;
pub(crate) use kernel::write_quietly;
use path::LogPath;

/// No log.
const OFF: i32 = -1;
/// There is a log, but the program closed its descriptor: open it again before the next line.
const CLOSED: i32 = -2;

/// The log's descriptor is put above all that the program may use or try, unless the program may use more than this: a fork
/// copies the table of descriptors up to the highest one in use. Then it is put below the second of these, or below the
/// limit, with some room above it for other copies of the library.
const MOST_TO_STEP_OVER: u64 = 0x1_0000;
const HIGHEST: u64 = 1024;
const ROOM_ABOVE: u64 = 32;

/// How long a full pipe is waited for before lines are thrown away.
const PATIENCE_MS: i32 = 1000;

/// Only the owner may read what a program does; the original's mode without its `x`.
const MODE: u32 = 0o600;

/// A log file.
#[derive(Debug)]
pub(super) struct Sink {
    fd: AtomicI32,
    path: LogPath,
    /// What the path leads to, if it may be one of the `intercept` command's files.
    original: Option<&'static handed_down::File>,
    /// A line may be answered with a `SIGPIPE`.
    is_pipe: AtomicBool,
    /// A line may be answered with a `SIGXFSZ`.
    is_limited: AtomicBool,
    /// The last line found no room in time. Until one gets through, none is waited for.
    stalled: AtomicBool,
}

impl Sink {
    /// A sink that swallows everything.
    pub(super) const fn new() -> Self {
        Self {
            fd: AtomicI32::new(OFF),
            path: LogPath::new(),
            original: None,
            is_pipe: AtomicBool::new(false),
            is_limited: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
        }
    }

    /// The same, for a file that may be one of the `intercept` command's.
    pub(super) const fn to(original: &'static handed_down::File) -> Self {
        Self { original: Some(original), ..Self::new() }
    }

    /// Whether lines are wanted.
    pub(super) fn is_on(&self) -> bool {
        self.fd.load(Relaxed) != OFF
    }

    /// Opens a file for the lines to come. The file before it, if any, is closed either way.
    ///
    /// A directory fails with `EISDIR`. A FIFO fails with `ENXIO` unless somebody has it open for reading: waiting for a
    /// reader might stop the program for ever. On failure lines are swallowed and the errno is returned.
    pub(super) fn start(&self, path: impl Iterator<Item = u8>, truncate: bool) -> Result<(), i32> {
        self.stop();
        self.path.set(path)?;
        self.fd.store(self.open(truncate)?, Relaxed);
        Ok(())
    }

    /// The same; what fails is told on standard error. An empty path is no log, and changes nothing.
    pub(super) fn start_or_complain(&self, path: impl Iterator<Item = u8>, truncate: bool) {
        let mut path = path.peekable();
        if path.peek().is_some()
            && let Err(errno) = self.start(path, truncate)
        {
            self.complain(errno);
        }
    }

    /// Closes the file.
    pub(super) fn stop(&self) {
        let fd = self.fd.swap(OFF, Relaxed);
        if fd >= 0 {
            kernel::close(fd);
        }
    }

    /// Opens the path and returns a descriptor out of the program's way.
    fn open(&self, truncate: bool) -> Result<i32, i32> {
        // Non-blocking for FIFOs and terminals; this concerns only this descriptor. O_NOCTTY: a terminal as log must not
        // become the terminal of a program that has none.
        let flags =
            libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
        let flags = if truncate { flags | libc::O_TRUNC } else { flags };
        let low = match self.original.and_then(handed_down::File::open_if_known) {
            Some(opened) => opened.map_err(|errno| errno.0)?,
            None => kernel::open(self.path.as_bytes(), flags, MODE)?,
        };
        let limit = descriptor_limit();
        let least = limit.min(HIGHEST).saturating_sub(ROOM_ABOVE) as i32;
        let above = if limit <= MOST_TO_STEP_OVER { kernel::duplicate_above_limit(low, ROOM_ABOVE) } else { None };
        let fd = above.or_else(|| [least, least / 2].into_iter().find_map(|least| kernel::duplicate(low, least).ok()));
        if fd.is_some() {
            kernel::close(low);
        }
        let fd = fd.unwrap_or(low);
        self.is_pipe.store(kernel::is_pipe(fd), Relaxed);
        self.is_limited.store(kernel::limits_files(), Relaxed);
        self.stalled.store(false, Relaxed);
        Ok(fd)
    }

    /// Writes a line, or loses it.
    pub(super) fn write(&self, line: &[u8]) {
        let fd = match self.fd.load(Relaxed) {
            OFF => return,
            CLOSED => match self.reopen() {
                Some(fd) => fd,
                None => return,
            },
            fd => fd,
        };
        match self.attempt(fd, line) {
            Ok(_) => self.stalled.store(false, Relaxed),
            // Closed in a way that was not seen, or in a child of `vfork`, which shares this memory but not the descriptors.
            Err(libc::EBADF) => {
                if let Some(fd) = self.reopen() {
                    let _ = self.attempt(fd, line);
                }
            }
            Err(libc::EAGAIN) => self.wait_and_write(fd, line),
            // Nobody will ever read it. The descriptor stays open: another thread may be about to use its number.
            Err(libc::EPIPE) => self.fd.store(OFF, Relaxed),
            // A full disk, a quota, an I/O error: the line is lost, a later one may not be.
            Err(_) => {}
        }
    }

    fn wait_and_write(&self, fd: i32, line: &[u8]) {
        if self.stalled.swap(true, Relaxed) {
            return;
        }
        kernel::wait_for_room(fd, PATIENCE_MS);
        if self.attempt(fd, line).is_ok() {
            self.stalled.store(false, Relaxed);
        }
    }

    fn attempt(&self, fd: i32, line: &[u8]) -> Result<usize, i32> {
        if self.is_pipe.load(Relaxed) {
            kernel::write_to_pipe(fd, line)
        } else if self.is_limited.load(Relaxed) {
            kernel::write_quietly(fd, line)
        } else {
            kernel::write(fd, line)
        }
    }

    /// Opens the path again, without emptying the file.
    fn reopen(&self) -> Option<i32> {
        let fd = self.open(false).ok()?;
        self.fd.store(fd, Relaxed);
        Some(fd)
    }

    /// Takes note of a call that closed the descriptor, before its number can mean another file, or that limited files.
    pub(super) fn notice(&self, call: &Call) {
        if limits_files(call) {
            self.is_limited.store(true, Relaxed);
        }
        let fd = self.fd.load(Relaxed);
        if fd >= 0 && closes(call, fd) {
            // Unless somebody else was faster.
            let _ = self.fd.compare_exchange(fd, CLOSED, Relaxed, Relaxed);
        }
    }

    /// Tells on standard error that the log could not be opened.
    fn complain(&self, errno: i32) {
        let mut line = Line::new();
        line.text("libsyscall_intercept: no log is written, cannot open ");
        line.keep_room_for_result();
        self.path.show(&mut line);
        line.use_room_for_result();
        let (name, text) = errors::describe(errno, Style::Trace).unwrap_or(("error", "unknown"));
        for part in [": ", text, " (", name, ")"] {
            line.text(part);
        }
        line.finish();
        let _ = kernel::write_quietly(libc::STDERR_FILENO, line.as_bytes());
    }
}

/// Whether a call that succeeded has closed this descriptor, or made it another file's.
fn closes(call: &Call, fd: i32) -> bool {
    let [first, second, flags, ..] = call.args;
    let number = u32::try_from(fd).unwrap_or(u32::MAX);
    match call.number {
        libc::SYS_close => first as i32 == fd,
        libc::SYS_dup2 | libc::SYS_dup3 => second as i32 == fd && first as i32 != fd,
        libc::SYS_close_range => {
            (first as u32..=second as u32).contains(&number) && flags as u32 & libc::CLOSE_RANGE_CLOEXEC == 0
        }
        _ => false,
    }
}

/// Whether a call that succeeded may have set a limit on the size of files.
fn limits_files(call: &Call) -> bool {
    let resource = match call.number {
        libc::SYS_setrlimit => call.args[0],
        libc::SYS_prlimit64 => call.args[1],
        _ => return false,
    };
    resource as u32 == libc::RLIMIT_FSIZE
}

#[cfg(test)]
pub(super) mod tests;
