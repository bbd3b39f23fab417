//! What the command itself prints.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::error::Error;

/// Writes to stdout.
pub(crate) fn print(bytes: &[u8]) -> Result<ExitCode, Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // The reader has seen enough (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Error::new(format_args!("cannot write to stdout: {error}"))),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}
