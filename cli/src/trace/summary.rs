//! `-c` and `-C`: the table at the end that strace prints, of what `intercept stat` counts.

use std::io::Write;
use std::process::Command;

use syscall_intercept::stat::layout::Keep;

use crate::error::Error;
use crate::set::Set;
use crate::stat::{self, Counting, Sort};

#[derive(Debug, clap::Args)]
pub(crate) struct Summary {
    /// Count calls and show counts alone, as strace -cw
    #[arg(
        short = 'c',
        long,
        conflicts_with_all = ["summary", "format", "duration", "max_events", "lossy"]
    )]
    summary_only: bool,
    /// Show calls, and their counts at the end
    #[arg(short = 'C', long, conflicts_with = "format")]
    summary: bool,
    /// Sort counts by time, calls, errors, name or nothing
    #[arg(short = 'S', alias = "summary-sort-by", value_name = "COLUMN", hide_possible_values = true)]
    summary_sort_by: Option<Sort>,
    // Times are always those of a clock on the wall.
    #[arg(short = 'w', long, hide = true)]
    summary_wall_clock: bool,
}

impl Summary {
    /// Whether calls are not to be shown one by one.
    pub(crate) fn is_all(&self) -> bool {
        self.summary_only
    }

    /// Makes a program that is about to run count these calls, if that was asked for.
    pub(crate) fn of(&self, command: &mut Command, calls: Set) -> Result<Option<Counts>, Error> {
        if !self.summary_only && !self.summary {
            if self.summary_sort_by.is_some() || self.summary_wall_clock {
                Error::new("-S and -w have no effect without -c or -C").report();
            }
            return Ok(None);
        }
        let counting = Counting::start(Keep::Nothing)?;
        counting.of(command)?;
        Ok(Some(Counts { counting, calls, sort: self.summary_sort_by.unwrap_or(Sort::Total) }))
    }
}

/// What a program counts.
pub(crate) struct Counts {
    counting: Counting,
    calls: Set,
    sort: Sort,
}

impl Counts {
    /// Writes the table.
    pub(crate) fn write(&self, mut to: impl Write) -> Result<(), Error> {
        let text = stat::summary(&self.counting, &self.calls, self.sort);
        let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
        written.map_err(|error| Error::new(format_args!("cannot write the counts: {error}")))
    }
}
