//! `intercept trace`: runs a program with the library, which prints each call as it happens.

mod colour;
mod shown;
mod signals;
mod summary;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use self::colour::When;
use self::shown::Shown;
use self::summary::Summary;
use crate::error::Error;
use crate::events::ends::{self, Ended};
use crate::events::format::Format;
use crate::events::format::look::Look;
use crate::events::format::text::{self, Lines, Text};
use crate::inject;
use crate::output;
use crate::own_file;
use crate::program::{self, CommandLine, Orphans, Whose};
use crate::record;
use crate::set::Set;

#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
// A line an option would be more than a screen: letters that belong together share one. The manual page has the list.
#[command(help_template = include_str!("trace/help.txt"))]
pub(crate) struct Arguments {
    /// Write the trace to FILE instead of stderr
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// trace=SET, signal=SET: only these; inject=: see run
    #[arg(short = 'e', value_name = "EXPR")]
    expressions: Vec<String>,
    /// text, json, csv, chrome, perfetto, folded or html
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT", hide_possible_values = true, hide_default_value = true)]
    format: Format,
    #[command(flatten)]
    options: record::Options,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    look: Look,
    #[command(flatten)]
    summary: Summary,
    /// Colour failures, signals and ends: auto is on a terminal, unless NO_COLOR is set
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN", hide_possible_values = true, hide_default_value = true)]
    color: When,
    #[command(flatten)]
    program: CommandLine,
}

/// Runs the program and ends as it did.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let asked = shown::sorted(&arguments.expressions);
    let mut command = arguments.program.command(&[])?;
    let colours = arguments.color.decide(arguments.output.is_none());
    let words = arguments.shown.for_library(&asked, arguments.format == Format::Text)?;
    command.env("INTERCEPT_TRACE_OPTIONS", words + if colours { " colours" } else { "" });
    let traced = asked.calls.last().map_or(Ok(Set::all()), |set| Set::parse(set))?;
    if let Some(injections) = inject::variable(&asked.others, &traced)? {
        command.env("INTERCEPT_INJECT", injections);
    }
    let counts = arguments.summary.of(&mut command, traced)?;
    let lines = Lines {
        look: arguments.look.clone(),
        quiet: arguments.shown.is_quiet(),
        column: arguments.shown.column(),
        colours,
    };
    if let Some(name) = arguments.output.as_ref().filter(|_| arguments.shown.separates()) {
        if counts.is_some() {
            return Err(Error::new("-c and -C make one table, -ff a file for each thread; leave one of them out"));
        }
        let output = |beginning| Ok(Text::separate(name, lines, beginning));
        return record::record(command, &arguments.options, output, || Ok(()));
    }
    let file = arguments.output.as_deref().map(output::create).transpose()?;
    // The counts stand behind the calls, in the same file.
    let counts_to = file.as_ref().map(File::try_clone).transpose().map_err(Error::new)?;
    let is_counted = counts.is_some();
    let last = || counts.map_or(Ok(()), |counts| counts.write(to(counts_to)));
    if arguments.summary.is_all() {
        if arguments.look.is_given() {
            Error::new("-t, -r and -T have no effect with -c").report();
        }
        return program::run_and(command, Orphans::AwaitThem, |_, _| (), last);
    }
    let through_memory = file.is_some()
        || arguments.format != Format::Text
        || arguments.options.are_given()
        || arguments.look.is_given();
    if through_memory {
        let output = |beginning| arguments.format.output(to(file), lines, beginning);
        return record::record(command, &arguments.options, output, last);
    }
    // What goes to stderr stands where it belongs among what the program itself writes there, so the program writes it.
    name_stderr(&mut command)?;
    command.env("INTERCEPT_TRACE_PARENT", std::process::id().to_string()).env_remove("INTERCEPT_HOOK_CMDLINE_FILTER");
    let is_quiet = arguments.shown.is_quiet();
    let orphans = if is_counted { Orphans::AwaitThem } else { Orphans::LetThemBe };
    let ended = |whose, Ended { status, .. }: Ended| {
        // Otherwise the program has said it itself.
        if whose == Whose::Program && status.signal().is_some() && !is_quiet {
            let words = ends::in_words(status);
            let coloured = colours.then(|| text::coloured(text::END, &words));
            let _ = writeln!(std::io::stderr(), "{}", coloured.unwrap_or(words));
        }
    };
    program::run_and(command, orphans, ended, last)
}

/// Where the trace goes.
fn to(file: Option<File>) -> Box<dyn Write + Send> {
    match file {
        Some(file) => Box::new(BufWriter::new(file)),
        None => Box::new(BufWriter::new(std::io::stderr())),
    }
}

/// Lets the program, and whatever it starts, write to what stderr is.
fn name_stderr(command: &mut Command) -> Result<(), Error> {
    let stderr = std::io::stderr();
    let kind = std::fs::metadata(own_file::path(stderr.as_fd()))
        .map_err(|error| Error::new(format_args!("no stderr ({error}); use -o FILE")))?
        .file_type();
    if kind.is_socket() {
        return Err(Error::new("stderr is a socket, which cannot be opened by path; use -o FILE"));
    }
    if kind.is_file() {
        append(stderr.as_raw_fd());
    }
    own_file::name(command, "INTERCEPT_TRACE", stderr.as_fd())
}

/// Makes all writes through a descriptor go to the end of its file: the trace opens the file a second time, and the program's
/// own output to stderr must not overwrite it.
#[allow(unsafe_code, reason = "fcntl")]
fn append(fd: i32) {
    // SAFETY: reads and sets status flags of an open descriptor.
    unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        if flags >= 0 {
            libc::fcntl(fd, libc::F_SETFL, flags | libc::O_APPEND);
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[derive(Debug, clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: super::Arguments,
    }

    #[test]
    fn the_help_names_every_option() {
        let help = include_str!("trace/help.txt");
        let words: Vec<&str> = help.split([' ', ',', ';', '\n']).collect();
        for option in Command::command().get_opts().filter(|option| !option.is_hide_set()) {
            let letter = option.get_short().map(|letter| format!("-{letter}"));
            let name = letter.unwrap_or_else(|| format!("--{}", option.get_long().unwrap_or_default()));
            assert!(words.contains(&name.as_str()), "{name}");
        }
    }
}
