//! Lines, as `intercept trace` prints them.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use syscall_intercept::Sysno;

use super::look::Look;
use crate::events::entry::{Beginning, Ending, Entry, Output, What};
use crate::stacks::Frame;

/// How lines are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    pub(crate) look: Look,
    /// Nothing is said of the end of threads.
    pub(crate) quiet: bool,
    /// Results begin here, if their calls leave room: so many characters from the left.
    pub(crate) column: u8,
    /// What has failed, signals and ends stand out.
    pub(crate) colours: bool,
}

/// The colours of `src/log/colours.rs`.
const FAILURE: &str = "\x1b[31m";
const SIGNAL: &str = "\x1b[33m";
pub(crate) const END: &str = "\x1b[34m";

/// A text in a colour.
pub(crate) fn coloured(colour: &str, text: &str) -> String {
    format!("{colour}{text}\x1b[0m")
}

/// The writer of lines.
pub(crate) struct Text {
    to: Target,
    lines: Lines,
    beginning: Beginning,
    /// The thread whose lines carry no id: the first one of the first program.
    first: Option<u32>,
    /// When the call before was made.
    last: Option<u64>,
    /// The last call of each process that may have become another program: how it ended is told by what comes next.
    leaving: HashMap<u32, Leaving>,
    /// The threads of each process that something was heard of, and nothing of their ends.
    threads: HashMap<u32, BTreeSet<u32>>,
}

/// An entry that waits for its end.
struct Leaving {
    entry: Entry<'static>,
    text: Vec<u8>,
    stack: Vec<Arc<Frame>>,
}

impl Leaving {
    fn entry(&self) -> Entry<'_> {
        Entry { stack: &self.stack, ..self.entry }
    }
}

impl Text {
    /// Lines of all threads, in the order in which their calls ended.
    pub(crate) fn new(to: Box<dyn Write + Send>, lines: Lines, beginning: Beginning) -> Text {
        Text::to(Target::One(to), lines, beginning)
    }

    /// A file for each thread, with its id behind the name.
    pub(crate) fn separate(name: &Path, lines: Lines, beginning: Beginning) -> Text {
        Text::to(Target::Each { name: name.to_owned(), open: HashMap::new() }, lines, beginning)
    }

    fn to(to: Target, lines: Lines, beginning: Beginning) -> Text {
        let (leaving, threads) = (HashMap::new(), HashMap::new());
        Text { to, lines, beginning, first: None, last: None, leaving, threads }
    }

    fn line(&mut self, entry: &Entry<'_>, text: &[u8], after: bool) -> io::Result<()> {
        let is_alone = matches!(self.to, Target::Each { .. }) || self.first == Some(entry.thread);
        let since_last = entry.begin.saturating_sub(self.last.replace(entry.begin).unwrap_or(entry.begin));
        let Text { to, lines, beginning, .. } = self;
        let mut line = Vec::with_capacity(text.len() + 80);
        if !is_alone {
            write!(line, "[pid {:>5}] ", entry.thread)?;
        }
        lines.look.before(&mut line, entry, beginning.time, since_last)?;
        let (call, result) = text.split_at_checked(entry.result_at).unwrap_or((text, b""));
        line.extend_from_slice(call);
        if entry.result_at > 0 {
            // One space stands between them in any case.
            line.resize(line.len().max(usize::from(lines.column).saturating_sub(1)), b' ');
        }
        let colour = match text {
            _ if !lines.colours => None,
            [b'-', ..] => Some(SIGNAL),
            [b'+', ..] => Some(END),
            _ => Some(FAILURE).filter(|_| entry.what == What::Call && entry.error().is_some()),
        };
        // ` = ` is as it always is.
        let (plain, rest) = result.split_at(if entry.result_at > 0 { result.len().min(3) } else { 0 });
        line.extend_from_slice(plain);
        match colour {
            Some(colour) => line.extend(coloured(colour, &String::from_utf8_lossy(rest)).bytes()),
            None => line.extend_from_slice(rest),
        }
        if after {
            lines.look.after(&mut line, entry)?;
        }
        line.push(b'\n');
        for frame in entry.stack {
            writeln!(line, " > {frame}")?;
        }
        to.of(entry.thread)?.write_all(&line)
    }
}

impl Text {
    /// Tells of a program that was to become another one, now that something else is heard of it.
    fn settle(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let Some(leaving) = self.leaving.remove(&entry.process) else { return Ok(()) };
        let (call, text) = (leaving.entry(), &leaving.text);
        match entry.what {
            What::Program => {
                let text = text.strip_suffix(b"?").map_or(text.clone(), |asked| [asked, b"0"].concat());
                self.line(&call, &text, false)
            }
            // It has failed, and this says why.
            What::Call if (entry.thread, entry.number) == (call.thread, call.number) => Ok(()),
            _ if entry.thread == call.thread => self.line(&call, text, false),
            // Other threads of a program go on until the kernel has what it needs for the new one.
            _ => {
                self.leaving.insert(entry.process, leaving);
                Ok(())
            }
        }
    }
}

impl Text {
    fn end_of_thread(&mut self, entry: &Entry<'_>, text: &[u8]) -> io::Result<()> {
        if self.lines.quiet { Ok(()) } else { self.line(&Entry { result_at: 0, stack: &[], ..*entry }, text, false) }
    }

    /// All that are left of its threads end as it does, the first one last.
    fn end_of_process(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        // One that was killed before its first call has one thread.
        let threads = self.threads.remove(&entry.process).unwrap_or_else(|| BTreeSet::from([entry.thread]));
        threads.iter().rev().try_for_each(|&thread| self.end_of_thread(&Entry { thread, ..*entry }, entry.text))
    }
}

impl Output for Text {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.settle(entry)?;
        let becomes = [Sysno::execve as i32, Sysno::execveat as i32].contains(&entry.number);
        if entry.what == What::Leaving && becomes {
            let call = Entry { text: &[], stack: &[], ..*entry };
            let (text, stack) = (entry.text.to_vec(), entry.stack.to_vec());
            self.leaving.insert(entry.process, Leaving { entry: call, text, stack });
            return Ok(());
        }
        match entry.what {
            // Of the threads that the process had before, this one is left.
            What::Program => drop(self.threads.insert(entry.process, BTreeSet::from([entry.thread]))),
            What::End => return self.end_of_process(entry),
            _ => drop(self.threads.entry(entry.process).or_default().insert(entry.thread)),
        }
        if entry.what == What::Program {
            if self.first.is_none() && entry.args[0] == i64::from(self.beginning.parent) {
                self.first = Some(entry.process);
            }
            return Ok(());
        }
        // The end of a thread is told of also where the call that ends it is not to be shown.
        if !entry.text.is_empty() {
            self.line(entry, entry.text, true)?;
        }
        let ends = [Sysno::exit as i32, Sysno::exit_group as i32].contains(&entry.number);
        if entry.what == What::Leaving && ends {
            self.end_of_thread(entry, format!("+++ exited with {} +++", entry.args[0] & 0xff).as_bytes())?;
            self.threads.entry(entry.process).or_default().remove(&entry.thread);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, _: &Ending) -> io::Result<()> {
        for (_, leaving) in std::mem::take(&mut self.leaving) {
            self.line(&leaving.entry(), &leaving.text, false)?;
        }
        self.to.flush()
    }
}

/// Where lines go.
enum Target {
    One(Box<dyn Write + Send>),
    Each { name: PathBuf, open: HashMap<u32, BufWriter<File>> },
}

/// A program may have more threads than a process may have files open.
const MOST_OPEN: usize = 200;

impl Target {
    fn of(&mut self, thread: u32) -> io::Result<&mut dyn Write> {
        match self {
            Target::One(to) => Ok(to),
            Target::Each { name, open } => {
                if open.len() >= MOST_OPEN && !open.contains_key(&thread) {
                    open.drain().try_for_each(|(_, mut file)| file.flush())?;
                }
                match open.entry(thread) {
                    std::collections::hash_map::Entry::Occupied(file) => Ok(file.into_mut()),
                    std::collections::hash_map::Entry::Vacant(place) => {
                        let mut path = name.clone().into_os_string();
                        path.push(format!(".{thread}"));
                        let file = OpenOptions::new().append(true).create(true).open(path)?;
                        Ok(place.insert(BufWriter::new(file)))
                    }
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Target::One(to) => to.flush(),
            Target::Each { open, .. } => open.values_mut().try_for_each(Write::flush),
        }
    }
}
