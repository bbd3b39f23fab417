//! Time stamps.

use crate::sys::clock::{counter_and_cpu, kernel};

/// A moment: a count of the CPU's time stamp counter, or nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The count.
    pub value: u64,
    /// Whether it is one of the counter.
    pub by_counter: bool,
    /// Where: the number of the CPU, if the counter has told. Zero otherwise.
    pub cpu: u32,
}

/// This moment, told by the time stamp counter or by the kernel. A program that has forbidden itself to read the counter (`PR_SET_TSC`)
/// is noticed by who calls this.
#[inline]
pub fn now_by(counter: bool) -> Stamp {
    if !counter {
        return Stamp { value: kernel(), by_counter: false, cpu: 0 };
    }
    let (value, cpu) = counter_and_cpu();
    Stamp { value, by_counter: true, cpu }
}
