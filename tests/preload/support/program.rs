//! Running a program and looking at what came out.
#![allow(unsafe_code, reason = "kills what does not end")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Built, tool};

/// How long a program may take, on a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A program to run, with everything that could make one run differ from the next said here.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    name: PathBuf,
    args: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    preload: Vec<PathBuf>,
    folder: Option<PathBuf>,
    stdin: Vec<u8>,
}

/// What came out of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    status: ExitStatus,
}

impl Program {
    /// A program by its path or, looked up in `PATH`, by its name.
    pub(crate) fn new(name: impl Into<PathBuf>) -> Program {
        let name = name.into();
        tool(&name);
        Program {
            name,
            args: Vec::new(),
            variables: BTreeMap::new(),
            preload: Vec::new(),
            folder: None,
            stdin: Vec::new(),
        }
    }

    /// `bash -c SCRIPT`
    pub(crate) fn script(script: &str) -> Program {
        Program::new("bash").args(["-c", script])
    }

    /// More arguments.
    pub(crate) fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Program {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Run by another program, which gets it and its arguments as the last of its own.
    pub(crate) fn under<S: Into<OsString>>(
        mut self,
        name: impl Into<PathBuf>,
        args: impl IntoIterator<Item = S>,
    ) -> Program {
        let name = std::mem::replace(&mut self.name, name.into());
        let own = std::mem::take(&mut self.args);
        self.args(args).args([name.into_os_string()]).args(own)
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Program {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Loads libraries before the program's own, after those named before.
    pub(crate) fn preload<P: Into<PathBuf>>(mut self, libraries: impl IntoIterator<Item = P>) -> Program {
        self.preload.extend(libraries.into_iter().map(Into::into));
        self
    }

    /// Loads the library, without any hook.
    pub(crate) fn intercepted(self) -> Program {
        self.preload([Built::get().shared_library()])
    }

    /// Where to run.
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Program {
        self.folder = Some(folder.into());
        self
    }

    /// What it reads from stdin; nothing unless said.
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Program {
        self.stdin = text.into();
        self
    }

    /// Runs it to its end. A program that hangs fails the test.
    pub(crate) fn run(&self) -> Outcome {
        let mut child = self.command().spawn().unwrap_or_else(|error| panic!("{}: {error}", self.name.display()));
        let (stdout, stderr) = (collect(child.stdout.take().unwrap()), collect(child.stderr.take().unwrap()));
        let (mut input, text) = (child.stdin.take().unwrap(), self.stdin.clone());
        // The program may end without having read it.
        let feed = thread::spawn(move || drop(input.write_all(&text)));
        let status = wait(&mut child);
        let hangs = status.is_none();
        if hangs {
            kill_group(&child);
        }
        let status = status.unwrap_or_else(|| child.wait().unwrap());
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        feed.join().unwrap();
        let outcome = Outcome { stdout, stderr, status };
        assert!(!hangs, "{self:?} did not end within {TIMEOUT:?}; until then: {outcome}");
        outcome
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.name);
        // Cargo sets LD_LIBRARY_PATH for its tests, and the machine may have its own INTERCEPT_ variables.
        let ours =
            |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("INTERCEPT_") || name.starts_with("LD_"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command.args(&self.args).env("LC_ALL", "C").envs(&self.variables);
        if !self.preload.is_empty() {
            let list: Vec<&OsStr> = self.preload.iter().map(|path| path.as_os_str()).collect();
            command.env("LD_PRELOAD", list.join(OsStr::new(":")));
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // A group of its own, so that what it leaves behind can be ended with it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Outcome {
    /// Fails the test unless the program exited with status 0.
    #[track_caller]
    pub(crate) fn success(self) -> Outcome {
        assert!(self.status.success(), "{self}");
        self
    }

    /// What it wrote to stdout.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it wrote to stderr.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Its exit status; `None` if a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n--- stdout\n{}\n--- stderr\n{}", self.status, self.stdout(), self.stderr())
    }
}

/// Whether the words appear in this order.
pub(crate) fn in_order(text: &str, words: &[&str]) -> bool {
    words.iter().try_fold(text, |rest, word| rest.split_once(word).map(|(_, rest)| rest)).is_some()
}

/// Reads everything on a thread, so that neither of two pipes fills up.
fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

/// Waits for the end of a program; `None` if it takes too long.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

fn kill_group(child: &Child) {
    // SAFETY: signals the group of a child that has not been waited for, so the number is still its own.
    unsafe { libc::kill(-child.id().cast_signed(), libc::SIGKILL) };
}
