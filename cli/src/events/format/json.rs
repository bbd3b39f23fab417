//! JSON: one object a line.

use std::io::{self, Write};

use serde_json::Value;

use crate::events::entry::{Beginning, Ending, Entry, Output, What};
use crate::stacks::Frame;

/// The writer of objects.
pub(super) struct Json {
    to: Box<dyn Write + Send>,
}

impl Json {
    pub(super) fn new(mut to: Box<dyn Write + Send>, beginning: Beginning) -> io::Result<Json> {
        writeln!(to, r#"{{"event":"recording","since_1970_ns":{}}}"#, beginning.time)?;
        Ok(Json { to })
    }
}

impl Output for Json {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let Entry { process, thread, begin, number, args, .. } = entry;
        let to = &mut self.to;
        let event = match entry.what {
            What::Call => "call",
            What::Leaving => "leaving",
            What::Unfinished => "unfinished",
            What::Program => "program",
            What::Signal => "signal",
            What::End => "over",
        };
        write!(to, r#"{{"event":"{event}","at_ns":{begin},"pid":{process},"tid":{thread}"#)?;
        let name = quoted(entry.name().as_bytes());
        match entry.what {
            What::Program => write!(to, r#","parent":{}"#, args[0])?,
            What::Signal => write!(to, r#","signal":{name},"number":{number}"#)?,
            What::End => {}
            _ => write!(to, r#","call":{name},"number":{number},"args":{args:?}"#)?,
        }
        if entry.what == What::Call {
            write!(to, r#","result":{},"duration_ns":{}"#, entry.result, entry.duration())?;
            if let Some(error) = entry.error() {
                write!(to, r#","error":"{error}""#)?;
            }
        }
        write!(to, r#","text":{}"#, quoted(entry.text))?;
        if !entry.stack.is_empty() {
            let frames: Vec<String> = entry.stack.iter().map(|frame| object(frame)).collect();
            write!(to, r#","stack":[{}]"#, frames.join(","))?;
        }
        writeln!(to, "}}")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, ending: &Ending) -> io::Result<()> {
        writeln!(self.to, r#"{{"event":"end","lost":{},"torn":{}}}"#, ending.lost, ending.torn)?;
        self.to.flush()
    }
}

/// A frame; without what is not known of it.
fn object(frame: &Frame) -> String {
    let Frame { file, function, into, offset } = frame;
    let mut object = format!(r#"{{"offset":{offset}"#);
    if !file.is_empty() {
        object += &format!(r#","file":{}"#, quoted(file.as_bytes()));
    }
    if !function.is_empty() {
        object += &format!(r#","function":{},"into":{into}"#, quoted(function.as_bytes()));
    }
    object + "}"
}

/// A JSON string.
pub(super) fn quoted(text: &[u8]) -> String {
    Value::from(String::from_utf8_lossy(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quoted(b"a\"b\\c\n\x1b</script>\xff"), "\"a\\\"b\\\\c\\n\\u001b</script>\u{fffd}\"");
    }
}
