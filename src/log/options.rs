//! What a trace is asked to show, and how: `INTERCEPT_TRACE_OPTIONS`.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::hook::Numbers;
use crate::sys::raw::is_error;

/// Which calls a trace shows, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Results {
    #[default]
    All,
    Successful,
    Failed,
}

/// Which texts a trace shows byte by byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hexadecimal {
    #[default]
    None,
    /// Those with bytes that are not printable ASCII.
    Unprintable,
    All,
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Of texts so many bytes are shown.
    pub(super) strings: u16,
    /// Where the result begins, if the call leaves room: so many characters from the left.
    pub(super) column: u8,
    /// Descriptors are followed by what they stand for.
    pub(super) paths: bool,
    /// Nothing is said of the end of a process.
    pub(super) quiet: bool,
    pub(super) results: Results,
    pub(super) hexadecimal: Hexadecimal,
    /// Of descriptors that are no files all is told that is known: addresses of sockets, numbers of devices.
    pub(super) details: bool,
    /// Structures and environments are shown whole.
    pub(super) whole: bool,
    /// What has failed, signals and ends stand out.
    pub(super) colours: bool,
}

/// All that the environment asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) options: Options,
    /// The calls to be shown, if not all are.
    pub(super) calls: Option<Numbers>,
    /// The signals to be shown; the first is bit 0.
    pub(super) signals: u64,
    /// The paths that calls have to be about, if it matters.
    pub(super) about: Vec<Vec<u8>>,
}

/// strace's `-s`.
const STRINGS: u16 = 32;

impl Options {
    /// What a trace shows that nothing was said about.
    pub(super) const DEFAULT: Options = Options {
        strings: STRINGS,
        column: 0,
        paths: false,
        quiet: false,
        results: Results::All,
        hexadecimal: Hexadecimal::None,
        details: false,
        whole: false,
        colours: false,
    };

    /// What the environment asks for, by words with a space between them: `strings=64 column=40 paths quiet results=failed
    /// hexadecimal=all details whole colours calls=0-3,257 signals=1-9 about=/a%20path`. Words that are none of these are passed over.
    pub(super) fn parse(text: &str) -> Asked {
        let mut options = Options::DEFAULT;
        let (mut calls, mut signals, mut about) = (None, u64::MAX, Vec::new());
        for word in text.split_ascii_whitespace() {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "strings" => options.strings = value.parse().unwrap_or(options.strings),
                "column" => options.column = value.parse().unwrap_or(options.column),
                "paths" => options.paths = true,
                "quiet" => options.quiet = true,
                "results" if value == "successful" => options.results = Results::Successful,
                "results" if value == "failed" => options.results = Results::Failed,
                "hexadecimal" if value == "unprintable" => options.hexadecimal = Hexadecimal::Unprintable,
                "hexadecimal" if value == "all" => options.hexadecimal = Hexadecimal::All,
                "details" => options.details = true,
                "whole" => options.whole = true,
                "colours" => options.colours = true,
                "about" => about.push(unescaped(value)),
                "calls" => calls = Some(Numbers::these(&numbers(value))),
                "signals" => signals = set_of_signals(&numbers(value)),
                _ => {}
            }
        }
        Asked { options, calls, signals, about }
    }

    /// What this process was asked for.
    #[inline(always)]
    pub(super) fn of_process() -> Options {
        Options::unpack(PACKED.load(Relaxed))
    }

    /// From now on, this is what the process was asked for.
    pub(super) fn become_those_of_process(self) {
        PACKED.store(self.pack(), Relaxed);
    }

    const fn pack(self) -> u64 {
        self.strings as u64
            | (self.column as u64) << 16
            | (self.paths as u64) << 24
            | (self.quiet as u64) << 25
            | (self.results as u64) << 26
            | (self.hexadecimal as u64) << 28
            | (self.details as u64) << 30
            | (self.whole as u64) << 31
            | (self.colours as u64) << 32
    }

    #[inline(always)]
    fn unpack(packed: u64) -> Options {
        let results = match packed >> 26 & 3 {
            1 => Results::Successful,
            2 => Results::Failed,
            _ => Results::All,
        };
        let hexadecimal = match packed >> 28 & 3 {
            1 => Hexadecimal::Unprintable,
            2 => Hexadecimal::All,
            _ => Hexadecimal::None,
        };
        let has = |bit: u32| packed >> bit & 1 != 0;
        let (strings, column) = (packed as u16, (packed >> 16) as u8);
        let (paths, quiet, details, whole, colours) = (has(24), has(25), has(30), has(31), has(32));
        Options { strings, column, paths, quiet, results, hexadecimal, details, whole, colours }
    }

    /// Whether a call that has returned this is shown.
    pub(super) fn show(self, result: i64) -> bool {
        let failed = is_error(result);
        match self.results {
            Results::All => true,
            Results::Successful => !failed,
            Results::Failed => failed,
        }
    }
}

/// In one word: all who make calls read it, and nobody may wait.
static PACKED: AtomicU64 = AtomicU64::new(Options::DEFAULT.pack());

/// Numbers and ranges of numbers with commas between them.
fn numbers(text: &str) -> Vec<i64> {
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        // Larger ones are no system calls; hostile ranges are not to fill the memory.
        if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) {
            numbers.extend((first..=last).map(i64::from));
        }
    }
    numbers
}

/// A path, in which `%20` stands for a byte that would end the word.
fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        bytes.extend(u8::from_str_radix(digits, 16).ok());
        bytes.extend(rest.as_bytes());
    }
    bytes
}

fn set_of_signals(numbers: &[i64]) -> u64 {
    numbers.iter().filter(|number| (1..=64).contains(*number)).fold(0, |set, number| set | 1 << (number - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_unknown_ones_passed_over() {
        let text = "strings=64 nonsense column=40 paths results=failed hexadecimal=all calls=0-2,257,x,9-3 signals=2,63-70 whole \
                    about=/a%20b%ff about=c";
        let Asked { options, calls, signals, about } = Options::parse(text);
        let (results, hexadecimal) = (Results::Failed, Hexadecimal::All);
        let expected =
            Options { strings: 64, column: 40, paths: true, whole: true, results, hexadecimal, ..Options::DEFAULT };
        assert_eq!(about, [&b"/a b\xff"[..], b"c"]);
        assert_eq!(options, expected);
        let calls = calls.expect("a set");
        assert_eq!((0..1000).filter(|&number| calls.contains(number)).collect::<Vec<_>>(), [0, 1, 2, 257]);
        assert_eq!(signals, 1 << 1 | 1 << 62 | 1 << 63);
        let Asked { options, calls, signals, .. } = Options::parse("strings=-1 column=1000 results=");
        assert!(options == Options::DEFAULT && calls.is_none() && signals == u64::MAX);
    }

    #[test]
    fn options_fit_into_a_word() {
        for results in [Results::All, Results::Successful, Results::Failed] {
            let hexadecimal = Hexadecimal::Unprintable;
            let options = Options {
                strings: u16::MAX,
                column: u8::MAX,
                paths: true,
                quiet: true,
                results,
                hexadecimal,
                ..Options::DEFAULT
            };
            let all = Options { hexadecimal: Hexadecimal::All, ..options };
            let more = [
                Options { paths: false, ..options },
                Options { quiet: false, ..options },
                Options { details: true, ..options },
                Options { whole: true, ..options },
                Options { colours: true, ..options },
            ];
            for options in [options, all].into_iter().chain(more) {
                assert_eq!(Options::unpack(options.pack()), options);
            }
        }
    }

    #[test]
    fn results_choose_what_is_shown() {
        let shown =
            |results| [0, 7, -1, -4095, -4096].map(|result| Options { results, ..Options::DEFAULT }.show(result));
        assert_eq!(shown(Results::Successful), [true, true, false, false, true]);
        assert_eq!(shown(Results::Failed), [false, false, true, true, false]);
    }
}
