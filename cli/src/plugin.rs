//! Whether a file can be a plugin. The dynamic loader would complain in words of its own, or run the program without it.

use std::path::{Path, PathBuf};

use syscall_intercept::object::file::{self, File};

use crate::error::Error;
use crate::library;

/// The path of a plugin that holds wherever the program, or what it starts, changes its directory to.
pub(crate) fn check(path: &Path) -> Result<PathBuf, Error> {
    let name = path.display();
    let unreadable = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(format_args!("{name}: no such plugin; give the path of a shared object"))
        }
        _ => Error::new(format_args!("{name}: the plugin cannot be read ({error}); give the path of a shared object")),
    };
    let refused = |error: file::Error| match error {
        file::Error::Io(_, error) => unreadable(&error),
        file::Error::OtherMachine(_) => {
            Error::new(format_args!("{name}: built for another machine; build the plugin for x86_64"))
        }
        _ => no_plugin(path),
    };
    let file = File::open(path).map_err(refused)?;
    if !file.parse().map_err(refused)?.is_shared_object() {
        return Err(no_plugin(path));
    }
    let absolute = std::path::absolute(path).map_err(|error| unreadable(&error))?;
    library::preloadable(&absolute)?;
    Ok(absolute)
}

fn no_plugin(path: &Path) -> Error {
    Error::new(format_args!(
        "{}: not an ELF shared object; build the plugin with `cc -fpic -shared`, or as a crate of type cdylib",
        path.display()
    ))
}
