//! The patched copies that lie beside an index.

use std::fs::{self, FileType, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use syscall_intercept::index::copy::{self, Original};
use syscall_intercept::object::file::ElfFile;
use syscall_intercept::patch::Patch;

use super::replace;

/// A copy, and where it belongs in the folder of copies.
pub(super) type Made = (PathBuf, Vec<u8>);

/// Makes the copy of a library, if there can be one.
pub(super) fn make(path: &Path, elf: &ElfFile<'_>, patches: &[Patch]) -> io::Result<Option<Made>> {
    let original = Original::from(&fs::metadata(path)?);
    Ok(elf.build_id().and_then(|id| {
        let place = copy::place(&id, path)?;
        Some((place, copy::make(elf, &id, original, patches)?))
    }))
}

/// Puts copies into a folder, in which there are no others then.
pub(super) fn write(folder: &Path, copies: &[Made]) -> io::Result<()> {
    for (place, bytes) in copies {
        let path = folder.join(place);
        for folder in [folder, path.parent().unwrap_or(folder)] {
            match fs::create_dir(folder) {
                // Whatever the umask: all programs are to find them.
                Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o755))?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        // Nobody is to write to what programs run on.
        replace(&path, bytes, 0o444)?;
    }
    let others = files(folder).into_iter().filter(|path| !copies.iter().any(|(place, _)| *path == folder.join(place)));
    // Programs that run with one keep it. What is no copy of ours stays, with the folders it is in.
    for copy in others.filter(|path| copy::is_one(path)) {
        fs::remove_file(&copy)?;
        if let Some(folder) = copy.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// The files in the folders of a folder. No links are followed.
fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = |folder: &Path, is_wanted: fn(&FileType) -> bool| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let wanted = entries.filter(move |entry| entry.file_type().is_ok_and(|kind| is_wanted(&kind)));
        wanted.map(|entry| entry.path()).collect::<Vec<PathBuf>>()
    };
    let folders = inside(folder, FileType::is_dir);
    folders.iter().flat_map(|folder| inside(folder, FileType::is_file)).collect()
}
