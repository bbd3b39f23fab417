//! What is done for each call.
#![allow(unsafe_code, reason = "additions that a signal handler cannot come between")]

use std::arch::asm;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::buckets::bucket_of;
use super::layout::{NUMBERS, OTHERS, Row, place_of};
use super::segment::Segment;
use super::{clock, thread};
use crate::handed_down;
use crate::sys::raw::is_error;

/// A call begins.
#[inline(always)]
pub(crate) fn begins(number: i64) {
    let Some(segment) = Segment::get() else { return };
    match own_row(segment, number) {
        Some(row) => add(&row.calls, 1),
        None => begins_anywhere(segment, number),
    }
}

#[cold]
#[inline(never)]
fn begins_anywhere(segment: &'static Segment, number: i64) {
    let (row, adding) = row(segment, number);
    adding.add(&row.calls, 1);
}

/// For a call that is not [plain](is_plain), before it is made.
pub(crate) fn notice(number: i64, args: &[i64; 6]) {
    let Some(segment) = Segment::get() else { return };
    clock::notice(number, args);
    handed_down::before(number, args);
    if ENDS.contains(&number) {
        thread::leaves(segment);
    }
}

/// A call has returned.
#[inline(always)]
pub(crate) fn ends(number: i64, begun: u64, result: i64) {
    let Some(segment) = Segment::get() else { return };
    let now = clock::counter();
    match (now, own_row(segment, number)) {
        (Some(now), Some(row)) => {
            if is_error(result) {
                add(&row.errors, 1);
            }
            let ticks = between(begun, now);
            add(&row.ticks, ticks);
            add(&row.buckets[bucket_of(ticks)], 1);
            is_longest(row, ticks);
        }
        _ => ends_anywhere(segment, number, begun, result),
    }
}

#[cold]
#[inline(never)]
fn ends_anywhere(segment: &'static Segment, number: i64, begun: u64, result: i64) {
    let now = clock::now();
    let (row, adding) = row(segment, number);
    if is_error(result) {
        adding.add(&row.errors, 1);
    }
    // The clock was stopped before or meanwhile.
    if begun == 0 || now == 0 {
        return;
    }
    let ticks = between(begun, now);
    adding.add(&row.ticks, ticks);
    adding.add(&row.buckets[bucket_of(ticks)], 1);
    is_longest(row, ticks);
}

/// A call that makes a thread or a process begins, and nothing can be kept on the stack.
pub(crate) fn clone_begins(number: i64, begun: u64) {
    thread::this().clone.set((number, begun));
}

/// It has returned, in the parent.
pub(crate) fn clone_ends(result: i64) {
    let (number, begun) = thread::this().clone.get();
    ends(number, begun, result);
}

/// Whether a call returns to where it came from, once, in the same process, and nothing depends on it but its own count.
#[inline(always)]
pub(crate) fn is_plain(number: i64) -> bool {
    PLAIN[place_of(number)]
}

static PLAIN: [bool; NUMBERS] = {
    let mut plain = [true; NUMBERS];
    plain[OTHERS] = false;
    let mut next = 0;
    while next < SPECIAL.len() {
        plain[SPECIAL[next] as usize] = false;
        next += 1;
    }
    let mut next = 0;
    while next < handed_down::CALLS.len() {
        plain[handed_down::CALLS[next] as usize] = false;
        next += 1;
    }
    plain
};

/// What the library answers, what returns twice or elsewhere, what the clock depends on, what ends a thread's count.
const SPECIAL: [i64; 12] = [
    libc::SYS_rt_sigaction,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_rt_sigreturn,
    libc::SYS_prctl,
    libc::SYS_seccomp,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_execve,
    libc::SYS_execveat,
];

/// What a thread does last, as a rule.
const ENDS: [i64; 4] = [libc::SYS_exit, libc::SYS_exit_group, libc::SYS_execve, libc::SYS_execveat];

/// Counters of different CPUs may differ by a tick or two.
fn between(begun: u64, now: u64) -> u64 {
    now.saturating_sub(begun)
}

#[inline(always)]
fn is_longest(row: &Row, ticks: u64) {
    if ticks > row.longest.load(Relaxed) {
        row.longest.fetch_max(ticks, Relaxed);
    }
}

/// Adds to what no other thread adds to.
#[inline(always)]
fn add(to: &AtomicU64, amount: u64) {
    // SAFETY: a place that lives, and a signal handler comes before this instruction or behind it.
    unsafe {
        asm!("add qword ptr [{}], {}", in(reg) to.as_ptr(), in(reg) amount, options(nostack));
    }
}

/// How something is added.
#[derive(Debug, Clone, Copy)]
enum Adding {
    /// Other threads add to the same row.
    Locked,
    /// None does.
    Alone,
}

impl Adding {
    fn add(self, to: &AtomicU64, amount: u64) {
        match self {
            Adding::Locked => drop(to.fetch_add(amount, Relaxed)),
            Adding::Alone => add(to, amount),
        }
    }
}

/// Where this thread counts calls of a number, if it has done so before and shares that with nobody.
#[inline(always)]
fn own_row(segment: &'static Segment, number: i64) -> Option<&'static Row> {
    let index = thread::own_slot(segment)?.rows[place_of(number)].load(Relaxed) as usize;
    segment.rows().get(index.wrapping_sub(1)).filter(|_| index > NUMBERS)
}

/// Where this thread counts calls of a number.
fn row(segment: &'static Segment, number: i64) -> (&'static Row, Adding) {
    let (slot, place) = (thread::slot(segment), place_of(number));
    let rows = segment.rows();
    let row = &slot.rows[place];
    if row.load(Relaxed) == 0 {
        let taken = segment.header().rows_taken.fetch_add(1, Relaxed) as usize;
        if taken < rows.len() {
            // Unless a signal handler has been here meanwhile.
            let _ = row.compare_exchange(0, taken as u32 + 1, Relaxed, Relaxed);
        } else {
            // So that it does not begin again from zero some day.
            segment.header().rows_taken.store(rows.len() as u32, Relaxed);
        }
    }
    let index = row.load(Relaxed) as usize;
    match rows.get(index.wrapping_sub(1)) {
        Some(row) if index > NUMBERS => (row, Adding::Alone),
        _ => (&rows[place], Adding::Locked),
    }
}
