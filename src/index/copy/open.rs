//! The copy of an object, if it can be used.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::about::{About, MAGIC};
use super::{Code, Original, PAGE, folder, place, start};
use crate::index::padded;
use crate::index::place::trusted;
use crate::object::{BuildId, Image};

/// A patched copy of a library.
#[derive(Debug)]
pub struct Copy {
    pub(super) file: File,
    pub(super) about: About,
}

/// Whether a file is a patched copy, of whatever library and made by whatever version.
pub fn is_one(path: &Path) -> bool {
    let begins = || {
        let file = File::open(path).ok()?;
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, file.metadata().ok()?.len().checked_sub(PAGE)?).ok()?;
        Some(magic)
    };
    begins() == Some(MAGIC)
}

impl Copy {
    /// Opens the copy that belongs to an index. `None` if there is none of a library with this build-id, or if it cannot be trusted.
    pub fn open(index: &Path, id: &BuildId, library: &Path) -> Option<Copy> {
        let (file, about) = trusted(&folder(index).join(place(id, library)?))?;
        let mut page = [0; PAGE as usize];
        file.read_exact_at(&mut page, about.len().checked_sub(PAGE)?).ok()?;
        let about = About::read(&page, about.len()).filter(|about| padded(&id.0) == Some(about.id))?;
        Some(Copy { file, about })
    }

    /// Whether it was made of this file.
    pub fn is_of(&self, original: Original) -> bool {
        self.about.original == original
    }

    /// Whether an object that is loaded so many bytes behind the addresses in its file has its parts where the copy has them.
    pub(crate) fn fits(&self, image: &Image<'_>, bias: u64) -> bool {
        let Code { address, offset, length } = self.about.code;
        let code = Code { address: address.wrapping_add(bias), offset, length };
        Code::of(image) == Some(code) && start(image) == Some(self.about.start.wrapping_add(bias))
    }
}
