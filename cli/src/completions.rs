//! `intercept completions`: what a shell has to know to complete this command, from the definitions of its options.

use std::process::ExitCode;

use clap_complete::Shell;

use crate::error::Error;
use crate::output;

#[derive(Debug, clap::Args)]
#[command(after_help = "For example, for bash: eval \"$(intercept completions bash)\"")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "intercept", &mut script);
    output::print(&script)
}
