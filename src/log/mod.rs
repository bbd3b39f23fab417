//! Observing: what a program asks of the kernel, a line a call.
//!
//! [`format()`] turns a call into a line of text, in one of two styles: that of the original library's `INTERCEPT_LOG`, which
//! programs and test suites compare byte by byte, and that of strace, which people read. Both come from tables with one row a
//! call that say what kind each argument is, and one small formatter for each kind. A [`Line`] holds the text; [`Memory`] is
//! how the formatters look at what the arguments point to.
//!
//! The rest of the crate sends calls to the logs of the process: `before` and `after` the kernel or a hook has answered them.
//! There are three, each in a file of its own: `drop_in`, `trace`, and the trace as `events` for the `intercept` command. Whether
//! they are written, and where to, is decided by `configure`, from the environment. A `Sink` is a file that lines go to.
//!
//! # Rules in here
//!
//! This code runs between the program and the kernel: in signal handlers, in children of `vfork`, on small stacks, before libc
//! is ready. It allocates nothing, takes no lock, calls no function of libc, leaves `errno` alone, and never panics. A pointer
//! of the program is never followed, only copied from. What cannot be written is lost: a log is worth less than the program.

mod at_once;
mod call;
mod choice;
mod colours;
mod configure;
mod delivery;
mod descriptor;
mod digits;
mod drop_in;
mod errors;
mod events;
mod form;
mod format;
mod kind;
mod line;
mod magic;
mod maps;
mod memory;
mod names;
mod numbers;
mod options;
mod process;
mod records;
mod sink;
mod socket;
mod stacks;
mod table;
mod trace;

pub use call::{Call, Outcome, Style};
pub(crate) use choice::{Wanted, wanted};
pub(crate) use configure::configure;
pub use format::format;
pub use line::{CAPACITY, Line};
pub use memory::{Memory, ProcessMemory};
pub(crate) use process::{active, after, answered, before, signal, tells_of_signals, watches};
pub use records::LogSink;
pub(crate) use sink::write_quietly;
pub(crate) use table::is_path;

/// The name of a signal, with `SIG`; of those that are not real-time signals.
pub fn signal_name(signal: i32) -> Option<&'static str> {
    names::process::SIGNALS.name_of(u64::try_from(signal).ok()?)
}
