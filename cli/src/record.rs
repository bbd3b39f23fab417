//! `intercept record`: runs a program and keeps each of its calls in a file, for `intercept report`.

use std::io::BufWriter;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use syscall_intercept::ring::MOST_OF_STACK;

use crate::error::Error;
use crate::events::collector::{Collector, Limits};
use crate::events::entry::{Beginning, Output};
use crate::events::file::Writer;
use crate::output;
use crate::own_file;
use crate::program::{self, CommandLine, Orphans};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to keep the recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    program: CommandLine,
}

/// What all that record have in common.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Stop recording after this time; the program runs on
    #[arg(long, value_name = "SECONDS", value_parser = crate::seconds::parse)]
    duration: Option<Duration>,
    /// Stop recording after this many calls
    #[arg(long, value_name = "COUNT")]
    max_events: Option<u64>,
    /// Rather lose calls, and count them, than slow down
    #[arg(long)]
    lossy: bool,
    /// Tell who makes calls, from N bytes of the stack
    #[arg(short = 'k', long, value_name = "N", num_args = 0..=1, require_equals = true,
        default_missing_value = USUAL_STACK, value_parser = stack_size)]
    stack_traces: Option<u32>,
}

/// What perf copies, too: some dozens of frames.
const USUAL_STACK: &str = "8192";

fn stack_size(text: &str) -> Result<u32, String> {
    let size = text.parse().ok().filter(|size| (1024..=MOST_OF_STACK as u32).contains(size));
    size.ok_or_else(|| format!("a number of bytes from 1024 to {MOST_OF_STACK} is expected"))
}

impl Options {
    /// Whether any of them was given.
    pub(crate) fn are_given(&self) -> bool {
        self.duration.is_some() || self.max_events.is_some() || self.lossy || self.stack_traces.is_some()
    }

    fn limits(&self) -> Limits {
        let Options { duration, max_events: entries, lossy, stack_traces: stacks } = *self;
        Limits { duration, entries, lossy, stacks }
    }
}

/// Runs the program and ends as it did.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let file = output::create(&arguments.file)?;
    let command = arguments.program.command(&[])?;
    let options = &arguments.options;
    let writer = |beginning| Writer::new(BufWriter::new(file), beginning, options.stack_traces.is_some());
    record(command, options, writer, || Ok(()))
}

/// Runs a program and passes its calls on; ends as it did, when all that it has started has ended, too. `last` is what to do behind
/// the last call.
pub(crate) fn record<O: Output + 'static>(
    mut command: Command,
    options: &Options,
    output: impl FnOnce(Beginning) -> std::io::Result<O>,
    last: impl FnOnce() -> Result<(), Error>,
) -> Result<ExitCode, Error> {
    let collector = Collector::start(options.limits(), output)?;
    own_file::name(&mut command, "INTERCEPT_EVENTS", collector.file())?;
    command.env_remove("INTERCEPT_HOOK_CMDLINE_FILTER");
    // The program has done what it was to do: what is missing of the recording does not change how it has ended.
    let ends = collector.ends();
    // Whoever would want to know may have failed.
    let ended = |_, ended| {
        let _ = ends.send(ended);
    };
    program::run_and(command, Orphans::AwaitThem, ended, || {
        let finished = collector.finish();
        finished.and(last())
    })
}
