//! Which calls hooks want to see.
//!
//! A hook may name the numbers it wants. Calls of other numbers do not come to it; where no hook wants a number, its sites are
//! left as they are if that is known before anything is patched, and otherwise the stub goes on to the system call after
//! one look into [`UNWANTED`].

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::clone::creates;
use crate::{inject, keep};

/// Numbers from here on are none of Linux, and count as one.
const COUNT: usize = 1024;
const OTHERS: usize = COUNT - 1;

/// For each number, as the lower 16 bits of eax say it, whether no hook wants it. Stubs read this. Only the first [`COUNT`] are
/// ever written to: numbers that are none always come to the dispatcher.
static UNWANTED: [AtomicU8; 1 << 16] = [const { AtomicU8::new(0) }; 1 << 16];

/// Where stubs find the table.
pub(crate) fn unwanted_table() -> u64 {
    UNWANTED.as_ptr() as u64
}

/// What hooks may see (`INTERCEPT_ONLY`). No set that is written later has more.
static ALLOWED: Numbers = Numbers::all();

/// Before anything is patched: hooks see these numbers at most.
pub(super) fn allow(numbers: &[i64]) {
    ALLOWED.become_these(numbers);
}

/// A set of numbers that hooks want: all of them, until told otherwise.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// A bit for each number that is not in the set.
    absent: [AtomicU64; COUNT / 64],
}

impl Numbers {
    pub(crate) const fn all() -> Numbers {
        Numbers { absent: [const { AtomicU64::new(0) }; COUNT / 64] }
    }

    pub(crate) fn these(numbers: &[i64]) -> Numbers {
        let set = Numbers::all();
        set.become_these(numbers);
        set
    }

    /// All that hooks may see.
    pub(crate) fn allowed() -> Numbers {
        let set = Numbers::all();
        set.become_copy_of(&ALLOWED);
        set
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        let place = place(number);
        self.absent[place / 64].load(Ordering::Relaxed) >> (place % 64) & 1 == 0
    }

    pub(crate) fn become_these(&self, numbers: &[i64]) {
        let mut absent = [u64::MAX; COUNT / 64];
        for place in numbers.iter().map(|&number| place(number)) {
            absent[place / 64] &= !(1 << (place % 64));
        }
        for ((word, absent), allowed) in self.absent.iter().zip(absent).zip(&ALLOWED.absent) {
            word.store(absent | allowed.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    pub(crate) fn become_copy_of(&self, other: &Numbers) {
        for ((word, other), allowed) in self.absent.iter().zip(&other.absent).zip(&ALLOWED.absent) {
            word.store(other.load(Ordering::Relaxed) | allowed.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Becomes the union of the two.
    pub(crate) fn add(&self, other: &Numbers) {
        for (word, other) in self.absent.iter().zip(&other.absent) {
            word.fetch_and(other.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Loses what the other set has not.
    pub(crate) fn keep_only(&self, other: &Numbers) {
        for (word, other) in self.absent.iter().zip(&other.absent) {
            word.fetch_or(other.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// Whether the other set has nothing that this one has not.
    pub(crate) fn contains_all_of(&self, other: &Numbers) -> bool {
        let pairs = self.absent.iter().zip(&other.absent);
        pairs.into_iter().all(|(here, there)| here.load(Ordering::Relaxed) & !there.load(Ordering::Relaxed) == 0)
    }
}

fn place(number: i64) -> usize {
    usize::try_from(number).map_or(OTHERS, |number| number.min(OTHERS))
}

/// The calls the library itself has to see whatever hooks want: handlers are entered through it, new threads and processes are
/// told of to their own hooks, something may be injected, and programs are started with what intercepts them.
#[inline(always)]
pub(crate) fn is_for_the_library(number: i64) -> bool {
    number == libc::SYS_rt_sigaction || creates(number) || inject::concerns(number) || keep::concerns(number)
}

/// Lets stubs pass what is not in a set, and nothing else.
pub(super) fn tell_stubs(wanted: &Numbers) {
    update_stubs(|number, _| !wanted.contains(number) && !is_for_the_library(number));
}

/// Lets stubs pass nothing that is in a set, whatever else they pass.
pub(super) fn tell_stubs_also(wanted: &Numbers) {
    update_stubs(|number, skipped| skipped && !wanted.contains(number));
}

/// Decides for each number, given what was decided before, whether stubs pass it.
fn update_stubs(skip: impl Fn(i64, bool) -> bool) {
    for (number, unwanted) in (0..).zip(&UNWANTED[..OTHERS]) {
        let before = unwanted.load(Ordering::Relaxed) != 0;
        let now = skip(number, before);
        // Written only where it changes: the table is zero-filled memory that nobody has to have.
        if before != now {
            unwanted.store(now.into(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_it_was_told() {
        let set = Numbers::these(&[0, 63, 64, 450]);
        let has: Vec<i64> = (-2..2000).filter(|&number| set.contains(number)).collect();
        assert_eq!(has, [0, 63, 64, 450]);
        set.add(&Numbers::these(&[1, 5000]));
        let has: Vec<i64> = (-2..1030).filter(|&number| set.contains(number)).collect();
        assert_eq!(has[..5], [-2, -1, 0, 1, 63]);
        assert_eq!(has.len(), 2 + 5 + 7, "what is no number of Linux counts as one");
    }

    #[test]
    fn one_set_contains_another() {
        let (small, large) = (Numbers::these(&[3]), Numbers::these(&[3, 4]));
        assert!(large.contains_all_of(&small) && !small.contains_all_of(&large));
        assert!(Numbers::all().contains_all_of(&large) && !large.contains_all_of(&Numbers::all()));
    }
}
