//! How often each thread has made each call.
//!
//! strace counts for each of its tracees. So a thread finds its counts by its id, and not in thread-local storage: the child of
//! a `vfork` shares that with its parent and counts for itself. The child of a `fork` starts anew: the kernel gives it an empty table
//! (`MADV_WIPEONFORK`), and where it cannot, the child's id is not in there.
//!
//! The row of a `vfork`'s child that executes a program stays until the table is full. Should its id come round to another child of
//! the same parent before, that one goes on where the first has stopped.
#![allow(unsafe_code, reason = "memory of its own, and questions about threads")]

use std::sync::atomic::{AtomicU32, Ordering};

use super::signal::this_thread;
use crate::sys::raw::syscall;

/// So many threads are told apart at one time. Those beyond share their counts.
const THREADS: usize = 4096;

/// Owners of rows that belong to no thread: never to any, and not any more. A row that was used is passed over by those who look
/// for their own.
const NOBODY: u32 = 0;
const GONE: u32 = u32::MAX;
/// Somebody empties the row.
const EMPTYING: u32 = u32::MAX - 1;

/// A hash table of rows: the id of a thread, what it remembers, and its counts.
#[derive(Debug)]
pub(super) struct Counts {
    table: &'static [AtomicU32],
    width: usize,
}

/// The columns before the counts.
const OWNER: usize = 0;
const REMEMBERED: usize = 1;
const COUNTS: usize = 2;

impl Counts {
    /// A table with so many counts for each thread; `None` if there is no memory.
    pub(super) fn new(counts: usize) -> Option<Counts> {
        let width = COUNTS + counts;
        // The last row is for all who find no other.
        let cells = width * (THREADS + 1);
        let length = (cells * size_of::<AtomicU32>()) as i64;
        let protection = i64::from(libc::PROT_READ | libc::PROT_WRITE);
        let flags = i64::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE);
        // SAFETY: asks for fresh memory.
        let memory = unsafe { syscall(libc::SYS_mmap, [0, length, protection, flags, -1, 0]) };
        if memory < 0 {
            return None;
        }
        // SAFETY: our own memory. Kernels before 4.14 do not know this; see above.
        unsafe { syscall(libc::SYS_madvise, [memory, length, libc::MADV_WIPEONFORK.into(), 0, 0, 0]) };
        // SAFETY: as many zeroes, which stay mapped.
        Some(Counts { table: unsafe { std::slice::from_raw_parts(memory as *const AtomicU32, cells) }, width })
    }

    /// Counts a call of this thread: 1 for the first.
    pub(super) fn next(&self, count: usize) -> u32 {
        let cell = self.own_row().get(COUNTS + count);
        cell.map_or(0, |cell| cell.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }

    /// Keeps something for this thread.
    pub(super) fn remember(&self, what: u8) {
        self.own_row()[REMEMBERED].store(what.into(), Ordering::Relaxed);
    }

    /// What was kept, once.
    pub(super) fn recall(&self) -> u8 {
        self.own_row()[REMEMBERED].swap(0, Ordering::Relaxed) as u8
    }

    /// This thread ends; another one may get its id.
    pub(super) fn forget_this_thread(&self) {
        let thread = this_thread() as u32;
        if let Find::Own(row) = self.find(thread) {
            self.empty(row, thread);
        }
    }

    /// The row of this thread, which is made if it is not there.
    fn own_row(&self) -> &[AtomicU32] {
        let thread = this_thread() as u32;
        loop {
            let vacant = match self.find(thread) {
                Find::Own(row) => return row,
                Find::Vacant(row) => row,
                Find::Full if self.forget_the_dead() => continue,
                Find::Full => return self.row(THREADS),
            };
            let owner = vacant[OWNER].load(Ordering::Relaxed);
            if owner != NOBODY && owner != GONE {
                continue;
            }
            // If it fails another thread was faster, or a signal handler on this one, which then has made the row.
            let taken = vacant[OWNER].compare_exchange(owner, thread, Ordering::AcqRel, Ordering::Relaxed);
            if taken.is_ok() {
                return vacant;
            }
        }
    }

    fn row(&self, place: usize) -> &[AtomicU32] {
        let start = place % (THREADS + 1) * self.width;
        &self.table[start..start + self.width]
    }

    fn find(&self, thread: u32) -> Find<'_> {
        let mut vacant = None;
        // Ids that follow each other lie side by side.
        for place in (0..THREADS).map(|step| (thread as usize + step) % THREADS) {
            let row = self.row(place);
            match row[OWNER].load(Ordering::Acquire) {
                owner if owner == thread => return Find::Own(row),
                NOBODY => return Find::Vacant(vacant.unwrap_or(row)),
                GONE => vacant = vacant.or(Some(row)),
                _ => {}
            }
        }
        vacant.map_or(Find::Full, Find::Vacant)
    }

    /// Empties the rows of threads that are not there any more; says whether there was one. They are those of children of `vfork`
    /// that have executed a program, and of threads that have ended without being seen.
    fn forget_the_dead(&self) -> bool {
        let mut found = false;
        for row in (0..THREADS).map(|place| self.row(place)) {
            let owner = row[OWNER].load(Ordering::Relaxed);
            if ![NOBODY, GONE, EMPTYING].contains(&owner) && !is_alive(owner) {
                self.empty(row, owner);
                found = true;
            }
        }
        found
    }

    fn empty(&self, row: &[AtomicU32], owner: u32) {
        if row[OWNER].compare_exchange(owner, EMPTYING, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            row[REMEMBERED..].iter().for_each(|cell| cell.store(0, Ordering::Relaxed));
            row[OWNER].store(GONE, Ordering::Release);
        }
    }
}

/// What a thread finds.
enum Find<'a> {
    Own(&'a [AtomicU32]),
    Vacant(&'a [AtomicU32]),
    Full,
}

fn is_alive(thread: u32) -> bool {
    // SAFETY: asks whether the thread is there; signal 0 is none.
    unsafe { syscall(libc::SYS_tkill, [thread.into(), 0, 0, 0, 0, 0]) != -i64::from(libc::ESRCH) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_for_themselves_and_start_at_one() {
        let counts: &Counts = Box::leak(Box::new(Counts::new(2).expect("memory")));
        assert_eq!([0, 0, 1, 0].map(|place| counts.next(place)), [1, 2, 1, 3]);
        std::thread::scope(|scope| {
            let count = || (1..=1000).all(|expected| counts.next(1) == expected);
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(count)).collect();
            assert!(threads.into_iter().all(|thread| thread.join().expect("a thread")));
        });
        assert_eq!(counts.next(1), 2);
        counts.forget_this_thread();
        assert_eq!(counts.next(1), 1);
    }

    #[test]
    fn rows_of_threads_that_have_ended_are_used_again() {
        let counts = Counts::new(1).expect("memory");
        // No thread has such an id: they end at 2^22 (`PID_MAX_LIMIT` in include/linux/threads.h).
        for place in 0..THREADS {
            counts.row(place)[OWNER].store(0x100_0000 + place as u32, Ordering::Relaxed);
            counts.row(place)[COUNTS].store(77, Ordering::Relaxed);
        }
        assert_eq!([counts.next(0), counts.next(0)], [1, 2]);
    }

    #[test]
    fn what_is_remembered_is_recalled_once() {
        let counts = Counts::new(0).expect("memory");
        counts.remember(7);
        assert_eq!([counts.recall(), counts.recall()], [7, 0]);
    }
}
