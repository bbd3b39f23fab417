//! Injection: calls that fail, are answered, wait or bring a signal because the environment says so (`INTERCEPT_INJECT`).
//!
//! It means what `-e inject=` means to strace: which call is meant is counted for each thread and each number, from one on, and what
//! is said last of a number counts. It comes after the hooks and before the kernel: a call that a hook answers is none here.
//!
//! [`parse`] reads what is asked for; everything behind it runs in the middle of the program and keeps to the rules of
//! `hook`: no heap, no libc, no lock, no panic.

mod counts;
mod delay;
mod due;
mod effect;
mod error;
mod list;
mod names;
mod plan;
mod signal;
mod when;

pub(crate) use due::{Due, landed, sent_off};
pub use effect::Effect;
pub use error::Error;
pub(crate) use list::numbers;
pub use list::parse;
pub(crate) use plan::{brings_signals, concerns, configure, due, found_again};
pub(crate) use signal::Tick;
