//! Letting programs use a file that this process has open.

use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;

/// Says which files the paths in other variables stand for.
const FILES: &str = "INTERCEPT_FILES";

/// Names the file to the program, and to whatever it starts, in a variable. Where its path leads elsewhere, or may not be followed,
/// programs know the file by its device and inode.
pub(crate) fn name(command: &mut Command, variable: &str, file: BorrowedFd<'_>) -> Result<(), Error> {
    let path = path(file);
    let about = fs::metadata(&path).map_err(|error| Error::new(format_args!("{}: {error}", path.display())))?;
    let before = command.get_envs().find(|(name, _)| *name == FILES).map(|(_, value)| value.map(OsString::from));
    // This command may itself be run by another one, whose files are still to be known.
    let mut files = before.unwrap_or_else(|| std::env::var_os(FILES)).unwrap_or_default();
    if !files.is_empty() {
        files.push(" ");
    }
    files.push(format!("{}={}:{}", path.display(), about.dev(), about.ino()));
    command.env(FILES, files).env(variable, path);
    Ok(())
}

/// A path that opens a file of this process, as long as that is possible.
pub(crate) fn path(file: BorrowedFd<'_>) -> PathBuf {
    format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into()
}
