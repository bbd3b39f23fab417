//! `intercept stat`: runs a program and counts its system calls.

mod counting;
mod counts;
mod csv;
mod histogram;
mod json;
mod live;
mod memory;
mod report;
mod strace;
mod table;
mod units;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use syscall_intercept::stat::layout::Keep;

use crate::error::Error;
use crate::output;
use crate::program::{self, CommandLine, Orphans};
use crate::seconds;
use crate::set::Set;
pub(crate) use counting::Counting;
use live::Live;
pub(crate) use report::Sort;
use report::{By, Group};
pub(crate) use strace::summary;

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Times are those the program waits, as of `strace -c -w`.")]
pub(crate) struct Arguments {
    /// Write to FILE instead of stderr
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Tell apart by process or thread
    #[arg(short, long, value_name = "WHAT", hide_possible_values = true)]
    by: Option<By>,
    /// By total, or calls, errors, mean, p50, p99, max, name
    #[arg(
        short,
        long,
        value_name = "COLUMN",
        default_value = "total",
        hide_default_value = true,
        hide_possible_values = true
    )]
    sort: Sort,
    /// Show the first N calls only
    #[arg(short = 'n', long, value_name = "N")]
    top: Option<usize>,
    /// Show how the durations of each call of SET are spread
    #[arg(short = 'H', long, value_name = "SET")]
    histogram: Option<String>,
    /// As table, csv, json, or as strace does
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_possible_values = true)]
    format: Format,
    /// Also while the program runs, every N seconds
    #[arg(short, long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    #[arg(value_parser = interval)]
    live: Option<Duration>,
    #[command(flatten)]
    program: CommandLine,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
    Strace,
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = seconds::parse(text)?;
    let possible = Duration::from_millis(50)..=Duration::from_secs(86_400);
    if possible.contains(&interval) { Ok(interval) } else { Err("not from 0.05 to 86400 seconds".to_owned()) }
}

/// Runs the program and ends as it did.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let keep = match arguments.by {
        None => Keep::Nothing,
        Some(By::Process) => Keep::Processes,
        Some(By::Thread) => Keep::Threads,
    };
    let histogram = arguments.histogram.as_deref().map(Set::parse).transpose()?;
    // What cannot be written is said before the program runs.
    let output = arguments.output.as_deref().map(output::create).transpose()?;
    let mut command = arguments.program.command(&[])?;
    let counting = Counting::start(keep)?;
    counting.of(&mut command)?;

    let stat = Arc::new(Stat { arguments: arguments.clone(), histogram, counting });
    let live = arguments.live.map(|every| {
        let stat = Arc::clone(&stat);
        Live::start(every, move || stat.progress())
    });
    let live = live.transpose()?;
    program::run_and(
        command,
        Orphans::LetThemBe,
        |_, _| (),
        || {
            if let Some(live) = live {
                live.stop();
            }
            let text = stat.text();
            let written = match output {
                Some(mut file) => file.write_all(text.as_bytes()),
                None => std::io::stderr().write_all(text.as_bytes()),
            };
            written.map_err(|error| Error::new(format_args!("cannot write the counts: {error}")))
        },
    )
}

/// A program that is counted.
struct Stat {
    arguments: Arguments,
    histogram: Option<Set>,
    counting: Counting,
}

impl Stat {
    fn groups(&self) -> Vec<Group> {
        let Arguments { by, sort, top, format, .. } = self.arguments;
        let is_wanted = |number| format != Format::Strace || strace::counts(number);
        report::groups(self.counting.counted(is_wanted), by, sort, top)
    }

    /// The report at the end.
    fn text(&self) -> String {
        let nanoseconds = self.counting.nanoseconds_of_tick();
        let groups = self.groups();
        match self.arguments.format {
            Format::Table => table::write(&groups, nanoseconds) + &self.histograms(nanoseconds),
            Format::Strace => strace::write(&groups, nanoseconds) + &self.histograms(nanoseconds),
            Format::Csv => csv::write(&groups, nanoseconds),
            Format::Json => json::write(&groups, nanoseconds, self.counting.elapsed()),
        }
    }

    /// The histograms that were asked for, also of calls that are not among the first.
    fn histograms(&self, nanoseconds: f64) -> String {
        let Arguments { by, sort, .. } = &self.arguments;
        let Some(set) = &self.histogram else { return String::new() };
        let counted = self.counting.counted(|number| set.contains(number as u32));
        let groups = report::groups(counted, *by, *sort, None);
        histogram::write(&groups, nanoseconds)
    }

    /// What is shown meanwhile.
    fn progress(&self) -> String {
        let nanoseconds = self.counting.nanoseconds_of_tick();
        let groups = self.groups();
        let calls: u64 = groups.iter().map(|group| group.sum.calls).sum();
        let elapsed = self.counting.elapsed();
        let (time, rate) = (units::duration(elapsed), units::count((calls as f64 / elapsed * 1e9) as u64));
        format!("{time}, {} calls, {rate} a second\n", units::count(calls)) + &table::write(&groups, nanoseconds)
    }
}
