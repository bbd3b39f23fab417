//! `intercept man`: the manual pages, from the definitions of the options.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap_mangen::Man;

use crate::error::Error;
use crate::output;

#[derive(Debug, clap::Args)]
#[command(after_help = "For example: intercept man | man -l -")]
pub(crate) struct Arguments {
    /// Where to put the main page and one for each subcommand
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Prints the main page, or writes all of them.
pub(crate) fn run(arguments: &Arguments, mut command: clap::Command) -> Result<ExitCode, Error> {
    // Subcommands get their full names: intercept-trace.
    command.build();
    let Some(folder) = &arguments.folder else { return output::print(&page(command)?) };
    let subcommands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    // What a page of its own would say of `intercept help` stands in the main page.
    let documented = subcommands.into_iter().filter(|subcommand| subcommand.get_name() != "help");
    for command in [command].into_iter().chain(documented) {
        write(folder, command)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, command: clap::Command) -> Result<(), Error> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, page(command)?).map_err(|error| {
        Error::new(format_args!("{}: cannot be written: {error}; name a folder that is there", file.display()))
    })
}

fn page(command: clap::Command) -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    let rendered = Man::new(command).render(&mut page);
    rendered.map_err(|error| Error::new(format_args!("cannot render the manual page: {error}")))?;
    Ok(page)
}
