//! The memory that the command makes, programs write and the command reads: a [`Header`], a [`Slot`] for each thread, and
//! [`Row`]s, which slots take as their threads make calls they have not made before.
//!
//! The file is as long as all of that together and mostly holes: what nobody touches takes no memory.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

use super::buckets::BUCKETS;

/// At the start of the file: `icstat` and the version of this layout.
pub const MAGIC: u64 = u64::from_le_bytes(*b"icstat\0\x01");

/// Numbers have a row each up to this one, which stands for all that are no call of Linux.
pub const OTHERS: usize = 511;

/// Numbers that have a row.
pub const NUMBERS: usize = OTHERS + 1;

/// The slot of all threads that have none of their own. It has a row for each number from the beginning.
pub const SHARED: usize = 0;

/// What is at the start of the file.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Header {
    /// [`MAGIC`]
    pub magic: AtomicU64,
    /// A [`Clock`].
    pub clock: AtomicU32,
    /// A [`Keep`].
    pub keep: AtomicU32,
    /// How many slots there are.
    pub slots: AtomicU32,
    /// How many rows there are.
    pub rows: AtomicU32,
    /// How many slots were ever asked for, [`SHARED`] included.
    pub slots_taken: AtomicU32,
    /// How many rows were ever asked for, those of [`SHARED`] included.
    pub rows_taken: AtomicU32,
    /// How many processes have counted.
    pub processes: AtomicU32,
}

/// The counts of a thread; of several, one after the other, if nobody wants to know them apart.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Slot {
    /// 1 while a thread has it.
    pub taken: AtomicU32,
    /// Which of the processes that have counted.
    pub process: AtomicU32,
    /// The ids of process and thread, as they see them; 0 if nobody wants to know.
    pub process_id: AtomicU32,
    /// The same of the thread.
    pub thread_id: AtomicU32,
    /// The name of the thread, which of the first thread is that of the program. Ends with a zero byte.
    pub name: [AtomicU8; 16],
    /// For each number the row that counts it, by its place in the file plus one; 0 if it was never called.
    pub rows: [AtomicU32; NUMBERS],
}

/// The counts of one number.
#[repr(C, align(64))]
#[derive(Debug)]
pub struct Row {
    /// Calls that were begun.
    pub calls: AtomicU64,
    /// Those that were answered with an error.
    pub errors: AtomicU64,
    /// Ticks of the clock that those took that have returned.
    pub ticks: AtomicU64,
    /// The longest of them.
    pub longest: AtomicU64,
    /// How long they took: see [`bucket_of`](super::buckets::bucket_of). A call is in none of them before it has returned.
    pub buckets: [AtomicU64; BUCKETS],
}

/// What time is taken from.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The time stamp counter, which is read in 10 ns. What its ticks are in nanoseconds the command finds out.
    Counter = 1,
    /// `CLOCK_MONOTONIC` of the kernel, in nanoseconds, where the counter does not run evenly: a system call more.
    Kernel = 2,
}

/// What is kept apart.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: slots are used again.
    Nothing = 1,
    /// Processes: slots are used again by threads of the same one.
    Processes = 2,
    /// Threads.
    Threads = 3,
}

/// Where things are in a file with so many slots and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Slots, [`SHARED`] included.
    pub slots: usize,
    /// Rows, those of [`SHARED`] included.
    pub rows: usize,
}

impl Layout {
    /// Where a slot is.
    pub const fn slot(self, slot: usize) -> usize {
        size_of::<Header>() + slot * size_of::<Slot>()
    }

    /// Where a row is.
    pub const fn row(self, row: usize) -> usize {
        self.slot(self.slots) + row * size_of::<Row>()
    }

    /// How long the file is.
    pub const fn length(self) -> usize {
        self.row(self.rows)
    }
}

/// The place of a number among the rows of a slot.
#[inline(always)]
pub fn place_of(number: i64) -> usize {
    (number.cast_unsigned() as usize).min(OTHERS)
}

// Rows of different threads share no cache line, and nothing straddles one.
const _: () = assert!(size_of::<Row>() == 1024 && size_of::<Slot>() == 2112 && size_of::<Header>() == 64);
