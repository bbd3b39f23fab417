//! Lines, as `intercept trace` prints them.

use std::io::{self, Write};

use crate::events::entry::{Beginning, Ending, Entry, Output, What};

/// The writer of lines.
pub(super) struct Text {
    to: Box<dyn Write + Send>,
    parent: u32,
    /// The thread whose lines carry no id: the first one of the first program.
    first: Option<u32>,
}

impl Text {
    pub(super) fn new(to: Box<dyn Write + Send>, beginning: Beginning) -> Text {
        Text { to, parent: beginning.parent, first: None }
    }
}

impl Output for Text {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if entry.what == What::Program {
            if self.first.is_none() && entry.args[0] == i64::from(self.parent) {
                self.first = Some(entry.process);
            }
            return Ok(());
        }
        if self.first != Some(entry.thread) {
            write!(self.to, "[pid {:>5}] ", entry.thread)?;
        }
        self.to.write_all(entry.text)?;
        self.to.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, _: &Ending) -> io::Result<()> {
        self.to.flush()
    }
}
