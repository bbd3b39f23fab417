//! `intercept`: traces the system calls of a program, runs programs with plugins, shows the system call sites of a binary.

mod clock;
mod completions;
mod doctor;
mod error;
mod events;
mod index;
mod inject;
mod libc_of;
mod library;
mod man;
mod mapped;
mod new;
mod output;
mod own_file;
mod plugin;
mod program;
mod progress;
mod record;
mod report;
mod rights;
mod run;
mod seconds;
mod set;
mod sites;
mod stacks;
mod stat;
mod subject;
mod trace;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

syscall_intercept::for_analysis_only!();

// Without clap's `wrap_help` nothing is wrapped: help is written in lines of 80 columns, also for terminals that are wider.
#[derive(Debug, Parser)]
#[command(name = "intercept", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a program and print each of its system calls
    Trace(trace::Arguments),
    /// Run a program and count its system calls
    Stat(stat::Arguments),
    /// Run a program and keep its system calls in a file
    Record(record::Arguments),
    /// Show a recording: as text, JSON, CSV, a timeline, a flame graph
    Report(report::Arguments),
    /// Run a program with plugins
    Run(run::Arguments),
    /// Make a plugin to begin with
    New(new::Arguments),
    /// Show how the system call sites of a file or process are patched
    Sites(sites::Arguments),
    /// Look at libraries beforehand, so that programs start faster
    Index(index::Arguments),
    /// Say what this machine allows, and what would be seen of a program
    Doctor(doctor::Arguments),
    /// Print a script that teaches a shell to complete this command
    Completions(completions::Arguments),
    /// Print the manual page, or write all of them into a folder
    Man(man::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Stat(arguments) => stat::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Sites(arguments) => sites::run(&arguments),
        Command::Index(arguments) => index::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command()),
        Command::Man(arguments) => man::run(&arguments, Arguments::command()),
    };
    outcome.unwrap_or_else(|error| error.report())
}
