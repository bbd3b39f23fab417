//! Where the constructor's time goes: what `INTERCEPT_TIMES` prints, for `cargo bench`.

use std::time::{Duration, Instant};

use crate::object::loaded::Loaded;
use crate::report;

/// A stage of the constructor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    /// What is loaded, and whether it may be patched.
    Find,
    /// The sites.
    Locate,
    /// Their windows.
    Plan,
    /// Their stubs.
    Emit,
    /// The jumps.
    Write,
    /// The handlers that are there already; the hooks.
    Activate,
}

const NAMES: [&str; 6] = ["find", "locate", "plan", "emit", "write", "activate"];

/// Takes the times, if somebody wants them. What lies between two laps is the time of the stage that the second one names.
#[derive(Debug)]
pub(crate) struct Times {
    /// The last lap; `None` if nobody wants to know.
    last: Option<Instant>,
    spent: [Duration; NAMES.len()],
    sites: usize,
    code: usize,
}

impl Times {
    /// Starts now.
    pub(crate) fn new(wanted: bool) -> Times {
        Times { last: wanted.then(Instant::now), spent: Default::default(), sites: 0, code: 0 }
    }

    /// A stage, or the part of it that is about one object, is over.
    pub(crate) fn lap(&mut self, stage: Stage) {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            self.spent[stage as usize] += now - *last;
            *last = now;
        }
    }

    /// How much there was to do.
    pub(crate) fn had(&mut self, object: &Loaded, sites: usize) {
        if self.last.is_some() {
            self.sites += sites;
            self.code += object.image.code().map(|segment| segment.bytes.len()).sum::<usize>();
        }
    }

    /// One line on stderr: nanoseconds, sites, and bytes of code.
    pub(crate) fn report(&self) {
        if self.last.is_none() {
            return;
        }
        let stages: Vec<String> =
            NAMES.iter().zip(self.spent).map(|(name, spent)| format!("{name} {}", spent.as_nanos())).collect();
        report::line(&format_args!("times: {} sites {} code {}", stages.join(" "), self.sites, self.code));
    }
}
