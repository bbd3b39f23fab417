//! Where the index is, and whether it can be trusted.

use std::cell::OnceCell;
use std::fs::{File, Metadata};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Index;
use super::copy::Copy;
use crate::object::BuildId;

/// The name of the file, in the folder of the library.
pub const FILE_NAME: &str = "libsyscall_intercept.index";

/// Where an index may be, and the copies that belong to it. Looked for when somebody asks.
#[derive(Debug)]
pub(crate) struct Shelf {
    path: PathBuf,
    index: OnceCell<Option<Index>>,
}

impl Shelf {
    pub(crate) fn at(path: PathBuf) -> Shelf {
        Shelf { path, index: OnceCell::new() }
    }

    /// The index.
    pub(crate) fn index(&self) -> Option<&Index> {
        self.index.get_or_init(|| open(&self.path)).as_ref()
    }

    /// The patched copy of a library that the dynamic loader knows by this path, if there is one of just that file.
    pub(crate) fn copy(&self, id: &BuildId, library: &Path) -> Option<Copy> {
        Copy::open(&self.path, id, library)
    }
}

/// Opens an index. `None` if there is none, if another user could have written it, or if it is not one for this library.
pub fn open(path: &Path) -> Option<Index> {
    let (file, about) = trusted(path)?;
    Index::read(file, about.len())
}

/// Opens a file. `None` if there is none, or if another user could have written it.
pub(super) fn trusted(path: &Path) -> Option<(File, Metadata)> {
    // Without waiting: a FIFO may never find a writer.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let about = file.metadata().ok()?;
    // What stands in it is executed.
    let others = libc::S_IWGRP | libc::S_IWOTH;
    let trusted = about.is_file() && about.mode() & others == 0 && [0, user()].contains(&about.uid());
    trusted.then_some((file, about))
}

/// Who runs the program.
#[allow(unsafe_code, reason = "asks for a number")]
fn user() -> u32 {
    // SAFETY: asks for a number.
    unsafe { libc::geteuid() }
}
