//! Folded stacks: `program;call nanoseconds`, a line for each program and call, as `flamegraph.pl`, `inferno-flamegraph` and
//! Speedscope read them.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use super::names::{Era, Names};
use crate::events::entry::{Ending, Entry, Output, What, name};

/// Adds times up.
pub(super) struct Folded {
    to: Box<dyn Write + Send>,
    names: Names,
    times: HashMap<(Era, i32), u64>,
}

impl Folded {
    pub(super) fn new(to: Box<dyn Write + Send>) -> Folded {
        Folded { to, names: Names::default(), times: HashMap::new() }
    }
}

impl Output for Folded {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let era = self.names.learn(entry);
        if entry.what == What::Call {
            *self.times.entry((era, entry.number)).or_default() += entry.duration();
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: &Ending) -> io::Result<()> {
        let mut lines: BTreeMap<(String, String), u64> = BTreeMap::new();
        for ((era, number), time) in &self.times {
            // These separate the parts of a line.
            let program = self.names.name(*era).replace([';', '\n', ' '], "_");
            *lines.entry((program, name(*number))).or_default() += time;
        }
        for ((program, call), time) in lines {
            writeln!(self.to, "{program};{call} {time}")?;
        }
        self.to.flush()
    }
}
