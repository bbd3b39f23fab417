//! The patched copies that lie beside an index.

use std::fs::{self, Permissions};
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
            fs::create_dir_all(folder)?;
            // Whatever the umask: all programs are to find them.
            fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        }
        replace(&path, bytes)?;
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

/// What is in the folders of a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let inside = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    inside(folder).flat_map(|folder| inside(&folder).collect::<Vec<_>>()).collect()
}
