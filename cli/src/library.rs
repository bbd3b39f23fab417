//! Where the library to preload is.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Where the library can be, seen from the folder of this command: the folder Cargo builds dependencies in (the copy next to
/// the command may be older), next to the command, or installed.
const PLACES: [&str; 5] = [
    "deps/libsyscall_intercept.so",
    "libsyscall_intercept.so",
    "../lib/libsyscall_intercept.so.0",
    "../lib64/libsyscall_intercept.so.0",
    "../lib/x86_64-linux-gnu/libsyscall_intercept.so.0",
];

/// Finds the library.
pub(crate) fn find() -> Result<PathBuf, Error> {
    let command = std::env::current_exe().map_err(|error| Error::new(format_args!("cannot find myself: {error}")))?;
    let folder = command.parent().unwrap_or(&command);
    let library = PLACES.iter().map(|place| folder.join(place)).find(|path| path.is_file()).ok_or_else(|| {
        Error::new(format_args!(
            "no libsyscall_intercept.so near {}; build it with `cargo build --release` or install it beside this command",
            folder.display()
        ))
    })?;
    let library = library.canonicalize().unwrap_or(library);
    preloadable(&library)?;
    Ok(library)
}

/// Whether `LD_PRELOAD` can name a path.
pub(crate) fn preloadable(path: &Path) -> Result<(), Error> {
    // ld.so(8): the elements of the list are separated by spaces or colons, and there is no way to escape them.
    if path.as_os_str().as_bytes().iter().any(|byte| b" :".contains(byte)) {
        return Err(Error::new(format_args!(
            "{}: LD_PRELOAD cannot name a path with a space or a colon; move the file, or the build (CARGO_TARGET_DIR)",
            path.display()
        )));
    }
    Ok(())
}

/// A value for `LD_PRELOAD` that loads plugins before what is already preloaded, and the library behind it: those linked with it
/// find it by its name then, wherever it is.
///
/// The dynamic loader runs constructors from the end of its list to the beginning, and hooks are asked in the order in which
/// constructors have added them: the first plugin comes last.
pub(crate) fn preload(plugins: &[PathBuf], library: &Path) -> OsString {
    let before = std::env::var_os("LD_PRELOAD").filter(|list| !list.is_empty());
    let plugins = plugins.iter().rev().map(|plugin| plugin.as_os_str());
    let list: Vec<&OsStr> = plugins.chain(before.as_deref()).chain([library.as_os_str()]).collect();
    list.join(OsStr::new(":"))
}
