//! Comma-separated values (RFC 4180), one row a call.

use std::io::{self, Write};

use crate::events::entry::{Ending, Entry, Output, What};

/// The writer of rows.
pub(super) struct Csv {
    to: Box<dyn Write + Send>,
}

impl Csv {
    pub(super) fn new(mut to: Box<dyn Write + Send>) -> io::Result<Csv> {
        write!(to, "at_ns,duration_ns,pid,tid,call,result,error,text\r\n")?;
        Ok(Csv { to })
    }
}

impl Output for Csv {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let Entry { process, thread, begin, .. } = entry;
        let name = match entry.what {
            What::Program | What::Signal | What::End => return Ok(()),
            _ => entry.name(),
        };
        // Nothing where there was no answer.
        let answered = entry.what == What::Call;
        let (duration, result) =
            if answered { (entry.duration().to_string(), entry.result.to_string()) } else { Default::default() };
        let error = entry.error().filter(|_| answered).unwrap_or_default();
        let text = String::from_utf8_lossy(entry.text).replace('"', "\"\"");
        write!(self.to, "{begin},{duration},{process},{thread},{name},{result},{error},\"{text}\"\r\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, _: &Ending) -> io::Result<()> {
        self.to.flush()
    }
}
