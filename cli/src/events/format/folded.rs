//! Folded stacks: `program;call nanoseconds`, a line for each program and call, as `flamegraph.pl`, `inferno-flamegraph` and
//! Speedscope read them. Where stacks were recorded, the functions that lead to the call stand between the two.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::sync::Arc;

use super::names::{Era, Names};
use crate::events::entry::{Ending, Entry, Output, What, name};
use crate::stacks::Frame;

/// Adds times up.
pub(super) struct Folded {
    to: Box<dyn Write + Send>,
    names: Names,
    times: HashMap<Calls, u64>,
}

/// Calls of one kind: whose, by whom, and which.
type Calls = (Era, Vec<Arc<Frame>>, i32);

/// A part of a line: these separate them.
fn part(name: &str) -> String {
    name.replace([';', '\n', ' '], "_")
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
            *self.times.entry((era, entry.stack.to_vec(), entry.number)).or_default() += entry.duration();
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: &Ending) -> io::Result<()> {
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        for ((era, stack, number), time) in &self.times {
            let callers = stack.iter().rev().map(|frame| part(&frame.name()));
            let parts = std::iter::once(part(&self.names.name(*era))).chain(callers).chain([name(*number)]);
            *lines.entry(parts.collect::<Vec<_>>().join(";")).or_default() += time;
        }
        for (line, time) in lines {
            writeln!(self.to, "{line} {time}")?;
        }
        self.to.flush()
    }
}
