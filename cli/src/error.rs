//! What went wrong, in one line, with what to do about it.

use std::fmt::{self, Display};
use std::io::Write as _;
use std::process::ExitCode;

/// A message for the user.
#[derive(Debug)]
pub(crate) struct Error {
    message: String,
    status: u8,
}

impl Error {
    /// Something that is wrong with what the command was given or where it runs: exit status 1.
    pub(crate) fn new(message: impl Display) -> Error {
        Error { message: message.to_string(), status: 1 }
    }

    /// The program could not be started: exit status 126 or 127, as shells and `env` have it.
    pub(crate) fn not_started(program: &impl Display, error: &std::io::Error) -> Error {
        let (status, message) = match error.kind() {
            std::io::ErrorKind::NotFound => {
                (127, format!("{program}: no such program; give its path if it is not in PATH"))
            }
            std::io::ErrorKind::PermissionDenied => (126, format!("{program}: not executable for you")),
            _ => (126, format!("{program}: cannot be started: {error}")),
        };
        Error { message, status }
    }

    /// Prints the message and answers the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        let _ = writeln!(std::io::stderr(), "intercept: {self}");
        ExitCode::from(self.status)
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<syscall_intercept::object::file::Error> for Error {
    fn from(error: syscall_intercept::object::file::Error) -> Error {
        Error::new(error)
    }
}
