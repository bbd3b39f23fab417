//! A way of running a program: bare, with something loaded before it, under something.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is loaded before a program, what the environment says, and what runs it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Way {
    preload: Vec<PathBuf>,
    variables: Vec<(&'static str, OsString)>,
    under: Vec<OsString>,
}

impl Way {
    /// As if there were nothing to measure.
    pub(crate) fn bare() -> Way {
        Way::default()
    }

    /// With a library or plugin.
    pub(crate) fn with(library: impl Into<PathBuf>) -> Way {
        Way { preload: vec![library.into()], ..Way::default() }
    }

    /// And another one, before it.
    pub(crate) fn and(mut self, library: impl Into<PathBuf>) -> Way {
        self.preload.insert(0, library.into());
        self
    }

    /// With a variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Way {
        self.variables.push((name, value.into()));
        self
    }

    /// As if nobody had run `intercept index`: the library finds everything out when the program starts.
    pub(crate) fn without_index(self) -> Way {
        self.env("INTERCEPT_INDEX", "/dev/null")
    }

    /// Run by a program, which gets the program to run as its last arguments.
    pub(crate) fn under<S: Into<OsString>>(tracer: impl IntoIterator<Item = S>) -> Way {
        Way { under: tracer.into_iter().map(Into::into).collect(), ..Way::default() }
    }

    /// The libraries, as `LD_PRELOAD` has them.
    pub(crate) fn preload(&self) -> OsString {
        let list: Vec<&OsStr> = self.preload.iter().map(|path| path.as_os_str()).collect();
        list.join(OsStr::new(":"))
    }

    /// A program to be run this way.
    pub(crate) fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = self.environment(match self.under.split_first() {
            Some((tracer, rest)) => {
                let mut command = Command::new(tracer);
                command.args(rest).arg(program);
                command
            }
            None => Command::new(program),
        });
        if !self.preload.is_empty() {
            command.env("LD_PRELOAD", self.preload());
        }
        command.args(args);
        command
    }

    /// A command in this way's environment, with nothing loaded before it.
    pub(crate) fn environment(&self, mut command: Command) -> Command {
        // Cargo sets LD_LIBRARY_PATH, and the machine may have its own INTERCEPT_ variables.
        let ours = |name: &OsStr| name.to_str().is_some_and(|it| it.starts_with("INTERCEPT_") || it.starts_with("LD_"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}
