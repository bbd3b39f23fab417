//! Which calls a trace shows: by their number, which is known before anything is patched, and by their result.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::OnceLock;

use super::events::Told;
use super::kind::Kind;
use super::memory::{self, Memory};
use super::numbers::int;
use super::options::{Options, Results};
use super::process::LOG;
use super::{Call, Style, descriptor, table};
use crate::handed_down;
use crate::hook::{Numbers, creates};
use crate::ring::Thread;

/// The calls that end a thread.
pub(super) const ENDS: [i64; 2] = [libc::SYS_exit, libc::SYS_exit_group];

/// What a trace leaves out: nothing, until told otherwise.
#[derive(Debug)]
pub(super) struct Choice {
    /// The calls it shows, and whether that is not all of them.
    numbers: Numbers,
    is_by_number: AtomicBool,
    /// Whether it leaves out calls, by their number, their result or what they are about.
    is_choosy: AtomicBool,
    /// The paths that calls have to be about, if that matters. Set once, by the constructor.
    about: OnceLock<Vec<Vec<u8>>>,
}

impl Choice {
    pub(super) const fn new() -> Self {
        Self {
            numbers: Numbers::all(),
            is_by_number: AtomicBool::new(false),
            is_choosy: AtomicBool::new(false),
            about: OnceLock::new(),
        }
    }

    /// From now on these are shown, and of all calls those that have returned what the options say.
    pub(super) fn become_these(&self, numbers: Option<&Numbers>, results: Results) {
        self.is_choosy.store(numbers.is_some() || results != Results::All, Relaxed);
        if let Some(numbers) = numbers {
            self.numbers.become_copy_of(numbers);
            self.is_by_number.store(true, Relaxed);
        }
    }

    /// And of those that are shown, only these that are about one of these paths: that name it, or a descriptor of it.
    pub(super) fn become_those_about(&self, paths: Vec<Vec<u8>>, numbers: Option<&Numbers>) {
        let are_shown = |number: &i64| numbers.is_none_or(|numbers| numbers.contains(*number));
        let with_files = table::numbers().filter(|&number| files(number).next().is_some()).filter(are_shown);
        let numbers = Numbers::these(&with_files.collect::<Vec<i64>>());
        self.become_these(Some(&numbers), Options::of_process().results);
        let _ = self.about.set(paths);
    }

    /// Whether a call that has returned this is shown.
    pub(super) fn shows(&self, number: i64, result: i64) -> bool {
        if !self.is_choosy.load(Relaxed) {
            return true;
        }
        let is_chosen = || self.about.get().is_none() || Thread::current().is_chosen();
        self.numbers.contains(number) && Options::of_process().show(result) && is_chosen()
    }

    /// Whether a call is about one of the paths. To be asked before it is made: it may close what it is about.
    fn is_about(&self, call: &Call, paths: &[Vec<u8>], memory: &dyn Memory) -> bool {
        files(call.number).any(|(index, kind)| {
            let argument = call.args.get(index).copied().unwrap_or(0);
            paths.iter().any(|path| match kind {
                Kind::Path => is_text(memory, argument.cast_unsigned(), path),
                _ => int(argument) >= 0 && descriptor::is(int(argument), path),
            })
        })
    }

    /// What the beginning of a call is told of: nothing, where it depends on its end whether it is shown.
    pub(super) fn told_before(&self, call: &Call, memory: &dyn Memory) -> Told {
        if !self.is_choosy.load(Relaxed) {
            return Told::Everything;
        }
        let number = call.number;
        let is_chosen = self.about.get().is_none_or(|paths| {
            let is_chosen = self.numbers.contains(number) && self.is_about(call, paths, memory);
            Thread::current().choose(is_chosen);
            is_chosen
        });
        let options = Options::of_process();
        match is_chosen && options.results == Results::All && self.numbers.contains(number) {
            true => Told::Everything,
            false if ENDS.contains(&number) && !options.quiet => Told::ThatItEnds,
            false => Told::Nothing,
        }
    }
}

/// The arguments of a call that are paths or descriptors.
fn files(number: i64) -> impl Iterator<Item = (usize, Kind)> {
    let kinds = table::entry(Style::Trace, number).kinds.iter().copied().enumerate();
    kinds.filter(|(_, kind)| matches!(kind, Kind::Path | Kind::Fd | Kind::DirFd))
}

/// Whether a string of the program is this one.
fn is_text(memory: &dyn Memory, address: u64, text: &[u8]) -> bool {
    let mut bytes = [0; PIECE];
    let mut place = address;
    for part in text.chunks(PIECE) {
        let Some(room) = bytes.get_mut(..part.len()) else { return false };
        if address == 0 || memory.read(place, room) != part.len() || room != part {
            return false;
        }
        place = place.wrapping_add(part.len() as u64);
    }
    memory::array(memory, place) == Some([0])
}

/// So many bytes are compared at once.
const PIECE: usize = 64;

/// Which calls the logs want to see, as far as that is known before anything is patched.
#[derive(Debug)]
pub(crate) enum Wanted {
    All,
    These(Numbers),
    Nothing,
}

/// See [`Wanted`].
pub(crate) fn wanted() -> Wanted {
    match () {
        () if LOG.drop_in.is_on() || LOG.drop_in.honours_magic() => Wanted::All,
        () if !LOG.traces() => Wanted::Nothing,
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
