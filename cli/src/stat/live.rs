//! The table while the program runs, drawn over itself.
#![allow(unsafe_code, reason = "asks the terminal for its size")]

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::Error;

/// A thread that draws.
#[derive(Debug)]
pub(super) struct Live {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: JoinHandle<Screen>,
}

impl Live {
    /// Draws what `text` says, each time so much time has gone by.
    pub(super) fn start(every: Duration, text: impl Fn() -> String + Send + 'static) -> Result<Live, Error> {
        if !std::io::stderr().is_terminal() {
            return Err(Error::new("--live needs a terminal on stderr; use -o FILE without it"));
        }
        let over = Arc::new((Mutex::new(false), Condvar::new()));
        let ours = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut screen = Screen::default();
            let (over, changed) = &*ours;
            let mut is_over = over.lock().unwrap_or_else(PoisonError::into_inner);
            while !*is_over {
                is_over = changed.wait_timeout(is_over, every).unwrap_or_else(PoisonError::into_inner).0;
                if !*is_over {
                    screen.draw(&text());
                }
            }
            screen
        });
        Ok(Live { over, thread })
    }

    /// Takes away what was drawn last.
    pub(super) fn stop(self) {
        let (over, changed) = &*self.over;
        *over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        if let Ok(mut screen) = self.thread.join() {
            screen.draw("");
        }
    }
}

/// What is on the terminal.
#[derive(Debug, Default)]
struct Screen {
    /// Lines that were drawn last.
    lines: usize,
}

impl Screen {
    fn draw(&mut self, text: &str) {
        let text = fit(text, size());
        let mut out = String::new();
        if self.lines > 0 {
            // To the beginning of the line that many lines up, and erase what follows (ECMA-48: CPL, ED).
            out = format!("\x1b[{}F\x1b[J", self.lines);
        }
        out += &text;
        self.lines = text.lines().count();
        // The terminal may be gone, and the program still runs.
        let _ = std::io::stderr().write_all(out.as_bytes());
    }
}

/// As much of a text as a terminal shows without scrolling or wrapping.
fn fit(text: &str, (rows, columns): (usize, usize)) -> String {
    let lines = text.lines().take(rows.saturating_sub(1));
    lines.flat_map(|line| line.chars().take(columns).chain(['\n'])).collect()
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: there is room for the answer.
    let asked = unsafe { libc::ioctl(libc::STDERR_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    if asked == 0 && size.ws_row > 0 && size.ws_col > 0 { (size.ws_row.into(), size.ws_col.into()) } else { (24, 80) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fit("one\ntwo\nthree\nfour\n", (3, 2)), "on\ntw\n");
        assert_eq!(fit("one\n", (24, 80)), "one\n");
    }
}
