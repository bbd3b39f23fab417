//! `intercept run`: runs a program with plugins.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Error;
use crate::inject;
use crate::plugin;
use crate::program::{self, CommandLine};
use crate::set::Set;

#[derive(Debug, clap::Args)]
#[command(after_help = inject::HELP)]
pub(crate) struct Arguments {
    /// Load this plugin; several are asked in this order
    #[arg(short, long = "plugin", value_name = "FILE")]
    plugins: Vec<PathBuf>,
    /// Show plugins the calls of this set alone
    #[arg(long, value_name = "SET")]
    only: Option<String>,
    /// Do not start what cannot be intercepted completely
    #[arg(long)]
    strict: bool,
    /// Tamper with calls, as said below
    #[arg(short = 'e', value_name = "EXPR")]
    expressions: Vec<String>,
    #[command(flatten)]
    program: CommandLine,
}

/// Runs the program and ends as it did.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let plugins: Result<Vec<PathBuf>, Error> = arguments.plugins.iter().map(|path| plugin::check(path)).collect();
    let mut command = arguments.program.command(&plugins?)?;
    if arguments.strict {
        command.env("INTERCEPT_STRICT", "1");
    }
    if let Some(only) = &arguments.only {
        command.env("INTERCEPT_ONLY", inject::ranges(&Set::parse(only)?));
    }
    if let Some(injections) = inject::variable(&arguments.expressions, &Set::all())? {
        command.env("INTERCEPT_INJECT", injections);
    }
    program::run(command)
}
