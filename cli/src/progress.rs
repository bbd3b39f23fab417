//! How far a file has been read: said on a terminal where reading takes longer than a second.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// Nobody misses what takes less.
const PATIENCE: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// A file that is read from beginning to end.
#[derive(Debug)]
pub(crate) struct Progress<R, W: Write> {
    file: R,
    read: u64,
    total: u64,
    /// Where to say it, if anybody wants to know.
    terminal: Option<W>,
    next: Instant,
    is_said: bool,
}

impl<R, W: Write> Progress<R, W> {
    /// A file of so many bytes.
    pub(crate) fn new(file: R, total: u64, terminal: Option<W>) -> Self {
        Progress { file, read: 0, total, terminal, next: Instant::now() + PATIENCE, is_said: false }
    }

    fn say(&mut self, now: Instant) {
        let Some(terminal) = self.terminal.as_mut().filter(|_| now >= self.next) else { return };
        // A file that grows meanwhile is not read beyond its end.
        let percent = (self.read * 100).checked_div(self.total).unwrap_or(0).min(100);
        // The terminal may be gone.
        let _ = write!(terminal, "\r{percent} %").and_then(|()| terminal.flush());
        self.next = now + EVERY;
        self.is_said = true;
    }
}

impl<R: Read, W: Write> Read for Progress<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        self.say(Instant::now());
        Ok(count)
    }
}

impl<R, W: Write> Drop for Progress<R, W> {
    fn drop(&mut self) {
        if let Some(terminal) = self.terminal.as_mut().filter(|_| self.is_said) {
            // To the beginning of the line, and erase it (ECMA-48: EL).
            let _ = terminal.write_all(b"\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_after_a_second_and_taken_away_in_the_end() {
        let mut terminal = Vec::new();
        let mut progress = Progress::new(&b"0123456789"[..], 10, Some(&mut terminal));
        let mut half = [0; 5];
        progress.read_exact(&mut half).expect("bytes");
        let begun = Instant::now();
        for milliseconds in [10, 1000, 1100, 1300] {
            progress.say(begun + Duration::from_millis(milliseconds));
        }
        drop(progress);
        assert_eq!(String::from_utf8_lossy(&terminal), "\r50 %\r50 %\r\x1b[K");
    }

    #[test]
    fn of_what_is_quick_nothing_is_said() {
        let mut terminal = Vec::new();
        drop(Progress::new(&b""[..], 0, Some(&mut terminal)));
        assert!(terminal.is_empty());
    }
}
