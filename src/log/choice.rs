//! Which calls a trace shows: by their number, which is known before anything is patched, and by their result.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::events::Told;
use super::options::{Options, Results};
use super::process::LOG;
use crate::handed_down;
use crate::hook::{Numbers, creates};

/// The calls that end a thread.
pub(super) const ENDS: [i64; 2] = [libc::SYS_exit, libc::SYS_exit_group];

/// What a trace leaves out: nothing, until told otherwise.
#[derive(Debug)]
pub(super) struct Choice {
    /// The calls it shows, and whether that is not all of them.
    numbers: Numbers,
    is_by_number: AtomicBool,
    /// Whether it leaves out calls, by their number or their result.
    is_choosy: AtomicBool,
}

impl Choice {
    pub(super) const fn new() -> Self {
        Self { numbers: Numbers::all(), is_by_number: AtomicBool::new(false), is_choosy: AtomicBool::new(false) }
    }

    /// From now on these are shown, and of all calls those that have returned what the options say.
    pub(super) fn become_these(&self, numbers: Option<&Numbers>, results: Results) {
        self.is_choosy.store(numbers.is_some() || results != Results::All, Relaxed);
        if let Some(numbers) = numbers {
            self.numbers.become_copy_of(numbers);
            self.is_by_number.store(true, Relaxed);
        }
    }

    /// Whether a call that has returned this is shown.
    pub(super) fn shows(&self, number: i64, result: i64) -> bool {
        !self.is_choosy.load(Relaxed) || self.numbers.contains(number) && Options::of_process().show(result)
    }

    /// What the beginning of a call is told of: nothing, where it depends on its end whether it is shown.
    pub(super) fn told_before(&self, number: i64) -> Told {
        if !self.is_choosy.load(Relaxed) {
            return Told::Everything;
        }
        let options = Options::of_process();
        match options.results == Results::All && self.numbers.contains(number) {
            true => Told::Everything,
            false if ENDS.contains(&number) && !options.quiet => Told::ThatItEnds,
            false => Told::Nothing,
        }
    }
}

/// Which calls the logs want to see, as far as that is known before anything is patched.
#[derive(Debug)]
pub(crate) enum Wanted {
    All,
    These(Numbers),
    Nothing,
}

/// See [`Wanted`].
pub(crate) fn wanted() -> Wanted {
    let is_traced = LOG.trace.is_on() || LOG.events.is_on();
    match () {
        () if LOG.drop_in.is_on() || LOG.drop_in.honours_magic() => Wanted::All,
        () if !is_traced => Wanted::Nothing,
        () if !LOG.choice.is_by_number.load(Relaxed) => Wanted::All,
        () => {
            let numbers = Numbers::these(if Options::of_process().quiet { &[] } else { &ENDS });
            numbers.add(&LOG.choice.numbers);
            if LOG.events.is_on() {
                numbers.add(&Numbers::these(&telling()));
            }
            if handed_down::is_needed() {
                numbers.add(&Numbers::these(&handed_down::CALLS));
            }
            Wanted::These(numbers)
        }
    }
}

/// The calls that have to be seen, shown or not, by who records: they make threads and processes, or forbid to read the time.
fn telling() -> Vec<i64> {
    (0..=libc::SYS_clone3).filter(|&number| creates(number)).chain([libc::SYS_prctl]).collect()
}
