//! Which program a process runs.

use std::collections::HashMap;

use syscall_intercept::ring::creates;

use crate::events::entry::{Entry, What};

/// A process while it runs one program. The child of a `fork` has an era of its own, before it starts one.
pub(super) type Era = (u32, Option<usize>);

/// What is known of processes so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    programs: Vec<String>,
    running: HashMap<u32, usize>,
    /// Where a process comes from.
    parents: HashMap<u32, Era>,
}

impl Names {
    /// Learns from an entry; answers whose it is.
    pub(super) fn learn(&mut self, entry: &Entry<'_>) -> Era {
        if entry.what == What::Program {
            let words = String::from_utf8_lossy(entry.text);
            let first = words.split(' ').next().unwrap_or_default();
            let name = first.rsplit('/').find(|part| !part.is_empty()).unwrap_or("?");
            self.running.insert(entry.process, self.programs.len());
            self.programs.push(name.to_owned());
        }
        let era = (entry.process, self.running.get(&entry.process).copied());
        if entry.what == What::Call
            && creates(entry.number.into())
            && let Ok(child @ 1..) = u32::try_from(entry.result)
        {
            self.parents.insert(child, era);
        }
        era
    }

    /// The name of a program, when everything has been learnt.
    pub(super) fn name(&self, era: Era) -> String {
        let mut era = era;
        // Ids are used again: the way to the first program may be a circle.
        for _ in 0..100 {
            match (era.1.and_then(|program| self.programs.get(program)), self.parents.get(&era.0)) {
                (Some(name), _) => return name.clone(),
                (None, Some(parent)) => era = *parent,
                (None, None) => break,
            }
        }
        format!("process {}", era.0)
    }
}
