//! Whether a trace is coloured.

use std::io::IsTerminal as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

impl When {
    /// Decides it for a trace that goes to stderr, or else to a file.
    pub(super) fn decide(self, to_stderr: bool) -> bool {
        // https://no-color.org: set and not empty.
        let is_unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = || std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => to_stderr && std::io::stderr().is_terminal() && !is_unwanted() && !is_dumb(),
        }
    }
}
