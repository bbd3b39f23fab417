//! What a trace shows: strace's options, put into the words that the library reads.

use std::fmt::Write as _;

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
    /// Show what descriptors stand for
    #[arg(short = 'y', long)]
    decode_fds: bool,
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
    pub(crate) fn for_library(&self, sets: &[&str], is_text: bool) -> Result<String, Error> {
        let mut words = format!("strings={} column={}", self.string_limit, self.columns);
        let flags = [
            (self.decode_fds, " paths"),
            (self.successful_only, " results=successful"),
            (self.failed_only, " results=failed"),
            (self.is_quiet() || !is_text, " quiet"),
            (self.hexadecimal == 1, " hexadecimal=unprintable"),
            (self.hexadecimal > 1, " hexadecimal=all"),
        ];
        flags.iter().filter(|(given, _)| *given).for_each(|(_, word)| words.push_str(word));
        // The last one counts, as in strace; but mistakes in others are mistakes.
        let sets: Result<Vec<Set>, Error> = sets.iter().map(|set| Set::parse(set)).collect();
        if let Some(set) = sets?.last() {
            let _ = write!(words, " calls={}", inject::ranges(set));
        }
        Ok(words)
    }
}

/// Expressions that name the calls to be shown, and all others. `trace=` may be left out, as in strace.
pub(crate) fn sorted(expressions: &[String]) -> (Vec<&str>, Vec<String>) {
    let (mut calls, mut others) = (Vec::new(), Vec::new());
    for expression in expressions {
        match expression.split_once('=') {
            Some(("trace" | "t", set)) => calls.push(set),
            Some(_) => others.push(expression.clone()),
            None => calls.push(expression),
        }
    }
    (calls, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_apart() {
        let expressions =
            ["trace=openat", "t=%file", "!close", "inject=read:error=EIO", "fault=write"].map(str::to_owned);
        let (calls, others) = sorted(&expressions);
        assert_eq!(calls, ["openat", "%file", "!close"]);
        assert_eq!(others, ["inject=read:error=EIO", "fault=write"]);
    }
}
