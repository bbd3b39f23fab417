//! What a trace shows: strace's options, put into the words that the library reads.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::signals;
use crate::error::Error;
use crate::inject;
use crate::report;
use crate::set::Set;

#[derive(Debug, clap::Args)]
pub(crate) struct Shown {
    /// Show N bytes of texts
    #[arg(short = 's', long, value_name = "N", default_value_t = 32)]
    string_limit: u16,
    /// Show unprintable texts as bytes; twice: all texts
    #[arg(short = 'x', action = clap::ArgAction::Count)]
    hexadecimal: u8,
    /// Show what descriptors stand for; twice: also addresses of sockets, numbers of devices
    #[arg(short = 'y', long, action = clap::ArgAction::Count)]
    decode_fds: u8,
    /// Show structures and environments whole
    #[arg(short = 'v', long)]
    no_abbrev: bool,
    /// Show calls about this path alone: that name it, or a descriptor of it. May be given several times
    #[arg(short = 'P', long, value_name = "PATH")]
    trace_path: Vec<PathBuf>,
    /// Show calls that succeeded alone
    #[arg(short = 'z', long, conflicts_with = "failed_only")]
    successful_only: bool,
    /// Show calls that failed alone
    #[arg(short = 'Z', long)]
    failed_only: bool,
    /// Begin results in this column
    #[arg(short = 'a', long, value_name = "COLUMN", default_value_t = report::COLUMN)]
    columns: u8,
    /// Twice: do not tell of ends of processes
    #[arg(short, long, action = clap::ArgAction::Count)]
    quiet: u8,
    /// Always done; twice, with -o: FILE.ID per thread
    #[arg(short, long, action = clap::ArgAction::Count)]
    follow_forks: u8,
}

impl Shown {
    /// Where results are to begin.
    pub(crate) fn column(&self) -> u8 {
        self.columns
    }

    /// Whether nothing is to be said of the end of threads.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet > 1
    }

    /// Whether each thread has a file of its own.
    pub(crate) fn separates(&self) -> bool {
        self.follow_forks > 1
    }

    /// What the library is to be told.
    pub(crate) fn for_library(&self, asked: &Expressions<'_>, is_text: bool) -> Result<String, Error> {
        let mut words = format!("strings={} column={}", self.string_limit, self.columns);
        let flags = [
            (self.decode_fds > 0, " paths"),
            (self.decode_fds > 1, " details"),
            (self.no_abbrev, " whole"),
            (self.successful_only, " results=successful"),
            (self.failed_only, " results=failed"),
            (self.is_quiet() || !is_text, " quiet"),
            (self.hexadecimal == 1, " hexadecimal=unprintable"),
            (self.hexadecimal > 1, " hexadecimal=all"),
        ];
        flags.iter().filter(|(given, _)| *given).for_each(|(_, word)| words.push_str(word));
        // The last one counts, as in strace; but mistakes in others are mistakes.
        let sets: Result<Vec<Set>, Error> = asked.calls.iter().map(|set| Set::parse(set)).collect();
        if let Some(set) = sets?.last() {
            let _ = write!(words, " calls={}", inject::ranges(set));
        }
        let signals: Result<Vec<String>, Error> = asked.signals.iter().map(|set| signals::listed(set)).collect();
        if let Some(signals) = signals?.last() {
            let _ = write!(words, " signals={signals}");
        }
        for path in &self.trace_path {
            about(&mut words, path)?;
            // A descriptor's path is the real one; strace looks for both, too.
            if let Some(real) = path.canonicalize().ok().filter(|real| real != path) {
                about(&mut words, &real)?;
            }
        }
        Ok(words)
    }
}

/// The library cuts the paths of descriptors there.
const LONGEST_PATH: usize = 255;

/// Tells the library of a path that calls are to be about.
fn about(words: &mut String, path: &Path) -> Result<(), Error> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.is_empty() || bytes.len() > LONGEST_PATH {
        return Err(Error::new(format_args!(
            "-P takes a path of 1 to {LONGEST_PATH} bytes, this one has {}",
            bytes.len()
        )));
    }
    words.push_str(" about=");
    for &byte in bytes {
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                write!(words, "{}", char::from(byte))
            }
            _ => write!(words, "%{byte:02x}"),
        };
    }
    Ok(())
}

/// Expressions, by what they are about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expressions<'a> {
    /// The sets of calls that are to be shown.
    pub(crate) calls: Vec<&'a str>,
    /// The sets of signals that are to be shown.
    signals: Vec<&'a str>,
    pub(crate) others: Vec<String>,
}

/// Sorts expressions. `trace=` may be left out, as in strace.
pub(crate) fn sorted(expressions: &[String]) -> Expressions<'_> {
    let mut sorted = Expressions::default();
    for expression in expressions {
        match expression.split_once('=') {
            Some(("trace" | "t", set)) => sorted.calls.push(set),
            Some(("signal" | "signals" | "s", set)) => sorted.signals.push(set),
            Some(_) => sorted.others.push(expression.clone()),
            None => sorted.calls.push(expression),
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_the_library() {
        let mut words = String::from("quiet");
        about(&mut words, Path::new("/a b%\n-c")).expect("a path");
        assert_eq!(words, "quiet about=/a%20b%25%0a-c");
        assert!(about(&mut words, Path::new("")).is_err() && about(&mut words, Path::new(&"x".repeat(256))).is_err());
    }

    #[test]
    fn expressions_are_told_apart() {
        let expressions = ["trace=openat", "t=%file", "!close", "inject=read:error=EIO", "signal=!CHLD", "fault=write"]
            .map(str::to_owned);
        let sorted = sorted(&expressions);
        assert_eq!(sorted.calls, ["openat", "%file", "!close"]);
        assert_eq!(sorted.signals, ["!CHLD"]);
        assert_eq!(sorted.others, ["inject=read:error=EIO", "fault=write"]);
    }
}
