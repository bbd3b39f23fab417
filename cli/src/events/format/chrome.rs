//! The JSON of Chrome's tracing, which ui.perfetto.dev, Speedscope and others open, too.
//!
//! <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU> describes it.

use std::io::{self, Write};

use super::json::quoted;
use crate::events::entry::{Ending, Entry, Output, What};

/// The writer of trace events.
pub(super) struct Chrome {
    to: Box<dyn Write + Send>,
    is_empty: bool,
}

impl Chrome {
    pub(super) fn new(mut to: Box<dyn Write + Send>) -> io::Result<Chrome> {
        write!(to, r#"{{"displayTimeUnit":"ns","traceEvents":["#)?;
        Ok(Chrome { to, is_empty: true })
    }
}

/// Microseconds, which is what the format counts in.
fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000)
}

impl Output for Chrome {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.to.write_all(if std::mem::take(&mut self.is_empty) { b"\n" } else { b",\n" })?;
        let Entry { process, thread, .. } = entry;
        let (begin, text) = (microseconds(entry.begin), quoted(entry.text));
        if entry.what == What::Program {
            return write!(
                self.to,
                r#"{{"ph":"M","name":"process_name","pid":{process},"tid":{thread},"args":{{"name":{text}}}}}"#
            );
        }
        // A duration, a moment, or a beginning that no end follows.
        let phase = match entry.what {
            What::Call => format!(r#""ph":"X","dur":{}"#, microseconds(entry.duration())),
            What::Leaving | What::Signal | What::End => r#""ph":"i","s":"t""#.to_owned(),
            What::Unfinished | What::Program => r#""ph":"B""#.to_owned(),
        };
        let name = quoted(entry.name().as_bytes());
        let category = match entry.what {
            What::Signal | What::End => "process",
            _ => "syscall",
        };
        write!(self.to, r#"{{{phase},"name":{name},"cat":"{category}","ts":{begin},"pid":{process},"tid":{thread},"#)?;
        write!(self.to, r#""args":{{"text":{text}}}}}"#)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, ending: &Ending) -> io::Result<()> {
        let Ending { lost, torn } = ending;
        write!(self.to, "\n],\"otherData\":{{\"lost\":{lost},\"torn\":{torn}}}}}\n")?;
        self.to.flush()
    }
}
