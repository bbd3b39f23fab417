//! Where a log is: kept for the day the program closes all its descriptors.

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::kernel;
use crate::log::line::Line;

/// A path that ends in a zero byte, in static memory.
///
/// It is written when a log starts, and read by the kernel when the log is opened. Should two threads start a log at the
/// same time they may spoil each other's path; then opening fails or the last one wins, and nothing worse happens.
#[derive(Debug)]
pub(super) struct LogPath {
    bytes: [AtomicU8; libc::PATH_MAX as usize],
}

impl LogPath {
    pub(super) const fn new() -> Self {
        Self { bytes: [const { AtomicU8::new(0) }; libc::PATH_MAX as usize] }
    }

    /// For the kernel.
    pub(super) fn as_bytes(&self) -> &[AtomicU8] {
        &self.bytes
    }

    /// Takes a path, made absolute so that it is still right after `chdir`; a `-` at its end is followed by the process id.
    ///
    /// `ENOENT` for an empty path, `ENAMETOOLONG` for one that does not fit.
    pub(super) fn set(&self, path: impl Iterator<Item = u8>) -> Result<(), i32> {
        let mut path = path.peekable();
        let mut end = match path.peek() {
            None => return Err(libc::ENOENT),
            Some(b'/') => 0,
            Some(_) => self.begin_in_working_directory(),
        };
        let mut last = 0;
        for byte in path {
            self.put(&mut end, byte)?;
            last = byte;
        }
        if last == b'-' {
            let mut digits = Line::new();
            digits.unsigned(kernel::process());
            digits.as_bytes().iter().try_for_each(|&digit| self.put(&mut end, digit))?;
        }
        self.put(&mut end, 0)
    }

    fn put(&self, end: &mut usize, byte: u8) -> Result<(), i32> {
        self.bytes.get(*end).ok_or(libc::ENAMETOOLONG)?.store(byte, Relaxed);
        *end += 1;
        Ok(())
    }

    /// The working directory and a slash. Nothing, if the directory has no path: it was removed, or is outside the root.
    fn begin_in_working_directory(&self) -> usize {
        let length = kernel::working_directory(&self.bytes).unwrap_or(0);
        let mut end = length;
        let absolute = self.bytes.first().is_some_and(|first| first.load(Relaxed) == b'/');
        if length == 0 || !absolute || self.put(&mut end, b'/').is_err() { 0 } else { end }
    }

    /// For people.
    pub(super) fn show(&self, line: &mut Line) {
        self.bytes.iter().map(|byte| byte.load(Relaxed)).take_while(|&byte| byte != 0).for_each(|byte| line.byte(byte));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(path: &str) -> Result<String, i32> {
        let buffer = Box::new(LogPath::new());
        buffer.set(path.bytes())?;
        Ok(buffer.bytes.iter().map(|byte| char::from(byte.load(Relaxed))).take_while(|&c| c != '\0').collect())
    }

    #[test]
    fn paths_become_absolute() {
        let here = std::env::current_dir().expect("a working directory");
        assert_eq!(set("a/b"), Ok(here.join("a/b").to_str().expect("UTF-8").to_owned()));
        assert_eq!(set("/a/b"), Ok("/a/b".to_owned()));
    }

    #[test]
    fn a_dash_at_the_end_brings_the_process_id() {
        assert_eq!(set("/tmp/log-"), Ok(format!("/tmp/log-{}", std::process::id())));
        assert_eq!(set("/tmp/a-b"), Ok("/tmp/a-b".to_owned()));
    }

    #[test]
    fn paths_that_are_none_are_refused() {
        assert_eq!(set(""), Err(libc::ENOENT));
        assert_eq!(set(&format!("/{}", "x".repeat(4094))).map(|path| path.len()), Ok(4095));
        assert_eq!(set(&format!("/{}", "x".repeat(4095))), Err(libc::ENAMETOOLONG));
        assert_eq!(set(&format!("/{}-", "x".repeat(4093))), Err(libc::ENAMETOOLONG));
    }
}
