//! What the command itself writes.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
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

/// Makes a file to write to, or empties it.
pub(crate) fn create(path: &Path) -> Result<File, Error> {
    File::create(path).map_err(|error| Error::new(format_args!("{}: cannot be written: {error}", path.display())))
}
