//! Running somebody's program so that it does not notice.
#![allow(unsafe_code, reason = "signal dispositions")]

use std::ffi::{OsStr, OsString};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicI32, Ordering};

use crate::error::Error;
use crate::library;
use crate::subject::Subject;

/// The program's own command line, which ends that of the command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CommandLine {
    /// The program, and its arguments
    // What begins with a hyphen before the program's name is a flag of ours, or a mistake that the user should hear of; what
    // comes behind it is the program's alone.
    #[arg(required = true, trailing_var_arg = true, value_name = "PROG ARGS")]
    program: Vec<OsString>,
}

impl CommandLine {
    /// The program, ready to run with plugins and the library in it.
    pub(crate) fn command(&self, plugins: &[PathBuf]) -> Result<Command, Error> {
        let library = library::find()?;
        let (name, rest) =
            self.program.split_first().ok_or_else(|| Error::new("no program given; name one behind the flags"))?;
        check(name)?;
        let mut command = Command::new(name);
        command.args(rest).env("LD_PRELOAD", library::preload(plugins, &library));
        Ok(command)
    }
}

/// Says in advance that a program cannot be seen into.
fn check(name: &OsStr) -> Result<(), Error> {
    // What is missing or is no program is for the kernel to say.
    let Some(subject) = Subject::named(name).ok().flatten() else { return Ok(()) };
    match subject.obstacle() {
        None => Ok(()),
        Some(obstacle) => Err(Error::new(format_args!("{}: {obstacle}", subject.path.display()))),
    }
}

/// The program's process id, for the signal handler; zero before it runs.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// Passes a signal on to the program.
extern "C" fn pass_on(signal: i32) {
    let child = CHILD.load(Ordering::Relaxed);
    if child > 0 {
        // SAFETY: sends a signal to our own child, which has not been waited for: its id is not somebody else's yet.
        unsafe { libc::kill(child, signal) };
    }
}

/// Runs the program and ends as it did: with its exit status, or by the signal that killed it.
pub(crate) fn run(command: Command) -> Result<ExitCode, Error> {
    run_then(command, || Ok(()))
}

/// The same, with something to be done before this process ends. If that fails, it is said, and the program's end counts.
pub(crate) fn run_then(mut command: Command, finish: impl FnOnce() -> Result<(), Error>) -> Result<ExitCode, Error> {
    // The terminal sends the first two to the whole foreground group, so the program gets them by itself. The others are sent to
    // us by somebody who means the program.
    let ignored = [libc::SIGINT, libc::SIGQUIT].map(|signal| (signal, libc::SIG_IGN));
    let passed_on = [libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2]
        .map(|signal| (signal, pass_on as extern "C" fn(i32) as libc::sighandler_t));
    // SAFETY: ignoring runs no code; the handler reads an atomic and calls `kill`, which is safe in handlers.
    let set = |(signal, handler)| (signal, unsafe { libc::signal(signal, handler) });
    let before: Vec<_> = ignored.into_iter().chain(passed_on).map(set).collect();
    // SAFETY: between fork and exec only `signal` is called, which is safe there.
    unsafe {
        command.pre_exec(move || {
            for &(signal, disposition) in &before {
                libc::signal(signal, disposition);
            }
            Ok(())
        });
    }
    let mut child = command.spawn().map_err(|error| Error::not_started(&command.get_program().display(), &error))?;
    CHILD.store(child.id().cast_signed(), Ordering::Relaxed);
    let status = child.wait().map_err(|error| Error::new(format_args!("lost the program: {error}")))?;
    CHILD.store(0, Ordering::Relaxed);
    if let Err(error) = finish() {
        error.report();
    }
    if let Some(signal) = status.signal() {
        die_by(signal);
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Ends this process by a signal, without a core dump of its own: the program has had its chance to leave one.
fn die_by(signal: i32) {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: this process has nothing left to do.
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
