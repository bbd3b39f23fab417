//! `intercept trace`: runs a program with the library, which prints each call as it happens.

mod shown;

use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use self::shown::Shown;
use crate::error::Error;
use crate::inject;
use crate::program::{self, CommandLine};

#[derive(Debug, clap::Args)]
#[command(after_help = shown::HELP, args_override_self = true)]
pub(crate) struct Arguments {
    /// Write the trace to FILE instead of stderr
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// trace=SET: show only these; inject=, fault=: see run
    #[arg(short = 'e', value_name = "EXPR")]
    expressions: Vec<String>,
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    program: CommandLine,
}

/// Runs the program and ends as it did.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let (calls, tampering) = shown::sorted(&arguments.expressions);
    let injections = inject::variable(&tampering)?;
    let output = match &arguments.output {
        Some(file) => fresh_file(file)?,
        None => stderr()?,
    };
    let mut command = arguments.program.command(&[])?;
    command
        .env("INTERCEPT_TRACE", output)
        .env("INTERCEPT_TRACE_OPTIONS", arguments.shown.for_library(&calls)?)
        .env("INTERCEPT_TRACE_PARENT", std::process::id().to_string())
        .env_remove("INTERCEPT_HOOK_CMDLINE_FILTER");
    if let Some(injections) = injections {
        command.env("INTERCEPT_INJECT", injections);
    }
    program::run(command)
}

/// Creates the file, empty, and answers a path that holds wherever the program changes its directory to.
fn fresh_file(file: &Path) -> Result<PathBuf, Error> {
    let error = |error| Error::new(format_args!("{}: cannot be written: {error}", file.display()));
    std::fs::File::create(file).map_err(error)?;
    file.canonicalize().map_err(error)
}

/// A path that opens what stderr is, in the program and in whatever it starts.
fn stderr() -> Result<PathBuf, Error> {
    let path = PathBuf::from(format!("/proc/{}/fd/2", std::process::id()));
    let kind = std::fs::metadata(&path)
        .map_err(|error| Error::new(format_args!("no stderr ({error}); use -o FILE")))?
        .file_type();
    if kind.is_socket() {
        return Err(Error::new("stderr is a socket, which cannot be opened by path; use -o FILE"));
    }
    if kind.is_file() {
        append(std::io::stderr().as_raw_fd());
    }
    Ok(path)
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
