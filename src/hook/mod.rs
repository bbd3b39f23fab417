//! Dispatch: what happens between the stub and the user's hook.
//!
//! Everything here runs in the middle of the program: on any thread, in signal handlers, in the child of a `vfork`, inside
//! `malloc`. So: no heap, no libc, no lock, no panic, no lazily allocated thread-local. The user's hook may do what it likes.

mod action;
mod caller;
pub(crate) mod cancel;
mod chain;
mod clone;
mod default;
mod disguise;
mod dispatch;
pub(crate) mod errno;
mod fault;
mod frame;
mod guard;
mod in_place;
mod owner;
mod registers;
mod shield;
mod signal;
mod slots;
mod subscription;
pub(crate) mod ways;

pub(crate) use caller::Caller;
pub(crate) use chain::{add, allow, declare, expect, remove, subscribe};
pub use clone::creates;
pub(crate) use dispatch::{activate, after, after_clone, before, expect_hooks, observed, switch};
pub(crate) use frame::{Frame, Verdict};
pub(crate) use guard::{MARK, bypass};
pub(crate) use shield::cover;
pub(crate) use signal::adopt_handlers;
pub use slots::ShownCall;
pub(crate) use slots::any;
pub(crate) use slots::{Added, After, Before, FORWARD, HANDLED, Hook, OBSERVE};
pub(crate) use subscription::{Numbers, is_for_the_library, unwanted_table};
