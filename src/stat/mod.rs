//! Counting: how often a program makes each call, how often in vain, and how long that takes.
//!
//! The command `intercept stat` makes a piece of shared memory, a `memfd`, and names it in `INTERCEPT_STAT`. Every program it
//! starts, and every one that these start, maps it and counts there. So the command can look at the counts while they grow, and
//! nothing is lost of a process that is killed. A `memfd`, because nobody can make it shorter once it is sealed, and
//! containers often have little room in `/dev/shm`: both would be a `SIGBUS` in the middle of a call.
//!
//! On the way of a call nothing is shared between threads: each has a [`layout::Slot`] of its own. What it adds up, it adds
//! by one instruction each, so that a signal handler that comes between, and counts in the same slot, does no harm. When a thread ends,
//! another one goes on in its slot, unless somebody wants to know them apart. Where no slot is left, threads share one, and add with
//! locked instructions.
//!
//! A call is counted when it begins. One that returns is timed then, too; those that never do, as `exit`, `rt_sigreturn` and a
//! successful `execve`, or that the process was killed in, have no time.

pub mod buckets;
mod clock;
mod count;
pub mod layout;
mod segment;
mod thread;

pub(crate) use clock::now;
pub(crate) use count::{begins, clone_begins, clone_ends, ends, is_plain, notice};
pub(crate) use segment::{active, configure};
