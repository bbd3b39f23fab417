//! Running somebody's program so that it does not notice.
#![allow(unsafe_code, reason = "signal dispositions")]

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::events::ends::Ended;
use crate::library;
use crate::subject::Subject;

/// Lets interception outlive `exec`, whatever environment it is given.
const KEEP: &str = "INTERCEPT_KEEP";

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
        // Also what the program starts with an environment of its own. Who does not want that has said so.
        if std::env::var_os(KEEP).is_none() {
            command.env(KEEP, "1");
        }
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

/// What to do about processes that outlive the program that has started them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orphans {
    /// They are nobody's business.
    LetThemBe,
    /// Wait for them, as strace does: they are traced.
    AwaitThem,
}

/// Which process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The one that was asked for.
    Program,
    /// One whose parent has ended before it.
    Orphan,
}

/// Runs the program and ends as it did: with its exit status, or by the signal that killed it.
pub(crate) fn run(command: Command) -> Result<ExitCode, Error> {
    run_and(command, Orphans::LetThemBe, |_, _| (), || Ok(()))
}

/// The same, with something to be done before this process ends. If that fails, it is said, and the program's end counts. `ended`
/// is told of each process that was waited for: the first program, and those that it has left behind.
pub(crate) fn run_and(
    mut command: Command,
    orphans: Orphans,
    ended: impl Fn(Whose, Ended),
    last: impl FnOnce() -> Result<(), Error>,
) -> Result<ExitCode, Error> {
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
    let not_ours = children();
    if orphans == Orphans::AwaitThem {
        // SAFETY: from now on they become children of this process.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    }
    let child = command.spawn().map_err(|error| Error::not_started(&command.get_program().display(), &error))?;
    let child = child.id().cast_signed();
    CHILD.store(child, Ordering::Relaxed);
    let status = loop {
        match wait(0) {
            Ok((process, status)) if process == child => {
                ended(Whose::Program, Ended { process: process.cast_unsigned(), status });
                break status;
            }
            // Somebody may look whether it is still there.
            Ok((process, status)) => ended(Whose::Orphan, Ended { process: process.cast_unsigned(), status }),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::new(format_args!("lost the program: {error}"))),
        }
    };
    CHILD.store(0, Ordering::Relaxed);
    if orphans == Orphans::AwaitThem {
        await_orphans(&not_ours, |process, status| {
            ended(Whose::Orphan, Ended { process: process.cast_unsigned(), status });
        });
    }
    if let Err(error) = last() {
        error.report();
    }
    if let Some(signal) = status.signal() {
        die_by(signal);
    }
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Waits for any child; zero if none has ended and it is not to block.
fn wait(flags: i32) -> std::io::Result<(i32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: the kernel writes the status.
    let ended = unsafe { libc::waitpid(-1, &raw mut status, flags) };
    if ended < 0 { Err(std::io::Error::last_os_error()) } else { Ok((ended, ExitStatus::from_raw(status))) }
}

/// Somebody does not want to wait any longer.
static IMPATIENT: AtomicBool = AtomicBool::new(false);

extern "C" fn stop_waiting(_: i32) {
    IMPATIENT.store(true, Ordering::Relaxed);
}

/// The children of this process. A shell that has become this command by `exec` may have left some.
fn children() -> Vec<i32> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split(' ').filter_map(|id| id.parse().ok()).collect::<Vec<i32>>()).collect()
}

/// Waits until all that was started has ended, or until a signal asks to stop.
fn await_orphans(not_ours: &[i32], ended: impl Fn(i32, ExitStatus)) {
    const PERIOD: Duration = Duration::from_millis(20);
    const SILENCE: Duration = Duration::from_secs(1);
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler stores an atomic.
        unsafe { libc::signal(signal, stop_waiting as extern "C" fn(i32) as libc::sighandler_t) };
    }
    let (started, mut said) = (Instant::now(), false);
    while !IMPATIENT.load(Ordering::Relaxed) {
        match wait(libc::WNOHANG) {
            Err(_) => return,
            Ok((0, _)) if !not_ours.is_empty() && children().iter().all(|child| not_ours.contains(child)) => return,
            Ok((0, _)) => std::thread::sleep(PERIOD),
            Ok((process, status)) => ended(process, status),
        }
        if !said && started.elapsed() > SILENCE && std::io::stderr().is_terminal() {
            said = true;
            Error::new("the program has ended; waiting for what it has started (Ctrl-C stops)").report();
        }
    }
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
