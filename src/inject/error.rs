//! What is wrong with what was asked for.

use std::fmt;

/// Why a description of injections was not understood, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Nothing is to happen to the calls.
    NoEffect,
    /// An option that is none, or has no value.
    Option(String),
    /// `error=` and `retval=`, or one of the options twice.
    Twice(&'static str),
    /// Not the name of an error, and not a number from 1 to 4095.
    Errno(String),
    /// Not a result a call can have.
    Value(String),
    /// Not the name of a signal, and not a number from 1 to 64.
    Signal(String),
    /// Not a time.
    Delay(String),
    /// Not an expression that says which calls are meant.
    When(String),
    /// Not the name or number of a system call.
    Call(String),
    /// More expressions than are kept apart.
    TooMany,
    /// There is no memory to count calls in.
    NoMemory,
}

impl std::error::Error for Error {}

/// Somebody's text, which may be long, and must not speak to a terminal.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 60;
        for character in self.0.chars().take(LONGEST).flat_map(char::escape_debug) {
            write!(f, "{character}")?;
        }
        f.write_str(if self.0.chars().nth(LONGEST).is_some() { "..." } else { "" })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoEffect => {
                f.write_str("nothing to inject; add error=, retval=, signal=, delay_enter= or delay_exit=")
            }
            Error::Option(text) => write!(
                f,
                "{}: not an option of an injection; they are error=, retval=, signal=, delay_enter=, delay_exit=, when=",
                Shown(text)
            ),
            Error::Twice(what) => write!(f, "{what} given twice; a call has one {what}"),
            Error::Errno(text) => {
                write!(f, "{}: no such error; give a name like ENOENT, or a number up to 4095", Shown(text))
            }
            Error::Value(text) => {
                write!(f, "{}: not a result; retval= takes a number from 0 on, error= an error", Shown(text))
            }
            Error::Signal(text) => {
                write!(f, "{}: no such signal; give a name like SIGUSR1, or a number up to 64", Shown(text))
            }
            Error::Delay(text) => {
                write!(f, "{}: not a time; give microseconds, or a number with s, ms, us or ns, like 0.5s", Shown(text))
            }
            Error::When(text) => write!(
                f,
                "{}: does not say which calls; give FIRST, FIRST+, FIRST+STEP or FIRST..LAST, numbers from 1 to 65535",
                Shown(text)
            ),
            Error::Call(text) => {
                write!(f, "{}: no such system call; give names or numbers, like openat,3,10-12", Shown(text))
            }
            Error::TooMany => f.write_str("more than 255 injections; join some into one with a list of calls"),
            Error::NoMemory => f.write_str("no memory to count calls in; leave out when="),
        }
    }
}
