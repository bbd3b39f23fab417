//! A program that is counted: the memory it counts in, and what is in it.

use std::process::Command;
use std::time::Instant;

use syscall_intercept::ring::trusts_counter;
use syscall_intercept::stat::layout::{Clock as Source, Keep};

use super::memory::{Counted, Memory};
use crate::clock::Clock;
use crate::error::Error;
use crate::own_file;

/// Counts from the moment it was made, until it goes away.
#[derive(Debug)]
pub(crate) struct Counting {
    memory: Memory,
    clock: Clock,
    start: Instant,
}

impl Counting {
    pub(crate) fn start(keep: Keep) -> Result<Counting, Error> {
        let by_counter = trusts_counter();
        let memory = Memory::new(if by_counter { Source::Counter } else { Source::Kernel }, keep)
            .map_err(|error| Error::new(format_args!("no memory to count in ({error}); is `ulimit -v` or -f low?")))?;
        Ok(Counting { memory, clock: Clock::start(by_counter), start: Instant::now() })
    }

    /// Lets a program that is about to run count, and whatever it starts.
    pub(crate) fn of(&self, command: &mut Command) -> Result<(), Error> {
        own_file::name(command, "INTERCEPT_STAT", self.memory.file())?;
        command.env_remove("INTERCEPT_HOOK_CMDLINE_FILTER");
        Ok(())
    }

    /// What was counted until now of the calls that somebody wants to know of.
    pub(super) fn counted(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<Counted> {
        let mut counted = self.memory.read();
        counted.iter_mut().for_each(|one| one.calls.retain(|(number, _)| is_wanted(*number)));
        counted.retain(|one| !one.calls.is_empty());
        counted
    }

    /// Nanoseconds of a tick, which counted times are in.
    pub(super) fn nanoseconds_of_tick(&self) -> f64 {
        self.clock.rate()
    }

    /// Nanoseconds since the start.
    pub(super) fn elapsed(&self) -> f64 {
        self.start.elapsed().as_nanos() as f64
    }
}
