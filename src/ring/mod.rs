//! Events in shared memory: how traced programs tell the `intercept` command of each call without asking the kernel for anything.
//!
//! The command makes a [`Segment`], a file without a name, and passes its path in `INTERCEPT_EVENTS`. The library maps it in the
//! constructor of each program. From then on a call is an [`Event`] in one of the segment's [`Ring`]s: stores into memory. The
//! command empties the rings and does what takes time. What has been stored is there whatever becomes of the program.
//!
//! # Why it is built this way
//!
//! - **The file is a `memfd`, opened through `/proc/PID/fd`.** It goes away with the last who maps it, however they end; it needs
//!   neither a writable folder nor a `/dev/shm` of sufficient size. Children of `fork` have the mapping already, so they need no
//!   path: `chroot`, changed rights and closed descriptors do no harm until the next `execve`. What is needed then is handed down
//!   (`src/handed_down`).
//! - **A ring belongs to a CPU**, not to a thread: producers hardly ever meet, and there is no more memory in use than CPUs to fill it.
//!   Where they meet, because one was interrupted, a ring bears several producers at a time. So nothing has to be given back by
//!   threads and processes that end, often without notice; a signal handler may add an event in the middle of another; and the
//!   child of a `vfork`, which shares memory with its parent, is a producer like any other.
//! - **A record is claimed, filled, committed.** One compare-and-exchange claims it, size included, so the reader can step over a
//!   record whose producer is stopped. A producer that dies or jumps away in between leaves a record that is never committed. If
//!   that keeps a full ring from being emptied, the ring is [closed](Ring::close), and producers go to the next one.
//! - **Producers wait if the reader falls behind**, unless the reader prefers losses, which are counted. They do not wait for a
//!   reader that shows no sign of life.
//! - **Time is the CPU's time stamp counter** where the kernel itself relies on it: reading it takes a few nanoseconds, and tells the
//!   CPU as well. The reader knows how it relates to the clocks people use, and puts the events of all rings in order. It passes on
//!   none that is younger than the moment before it looked at the first ring, so those of a thread never change places.

mod append;
mod clock;
mod drain;
mod event;
mod futex;
mod layout;
mod segment;
mod stack;
mod thread;

pub use crate::hook::creates;
pub use crate::sys::clock::trusts_counter;
pub use clock::{Stamp, now_by};
pub use drain::{Drained, drain};
pub use event::{Event, Kind};
pub use layout::{Control, RINGS, Ring, RingOf};
pub use segment::Segment;
pub use stack::{MOST_OF_STACK, Stack};

pub(crate) use append::{Appended, append};
pub(crate) use thread::Thread;

#[cfg(test)]
mod tests;
