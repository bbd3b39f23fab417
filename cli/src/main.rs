//! `intercept`: traces the system calls of a program, runs programs with plugins, shows the system call sites of a binary.

mod error;
mod library;
mod plugin;
mod program;
mod run;
mod sites;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

syscall_intercept::for_analysis_only!();

#[derive(Debug, Parser)]
#[command(name = "intercept", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a program and print each of its system calls
    Trace(trace::Arguments),
    /// Run a program with plugins
    Run(run::Arguments),
    /// Show every system call site of an ELF file and how it would be patched
    Sites(sites::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Sites(arguments) => sites::run(&arguments),
    };
    outcome.unwrap_or_else(|error| error.report())
}
