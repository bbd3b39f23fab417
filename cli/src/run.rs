//! `intercept run`: runs a program with plugins.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Error;
use crate::plugin;
use crate::program::{self, CommandLine};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Load this plugin; several are asked in this order
    #[arg(short, long = "plugin", value_name = "FILE")]
    plugins: Vec<PathBuf>,
    /// Do not start what cannot be intercepted completely
    #[arg(long)]
    strict: bool,
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
    program::run(command)
}
