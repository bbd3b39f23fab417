//! The copy of an object, if it can be used.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::about::{About, MAGIC};
use super::{Code, Original, PAGE, folder, hash_of_page, place, start};
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
        let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, file.metadata().ok()?.len().checked_sub(PAGE)?).ok()?;
        Some(magic)
    };
    begins() == Some(MAGIC)
}

impl Copy {
    /// Opens the copy that belongs to an index. `None` if there is none of a library with this build-id, if it cannot be trusted, or if
    /// the library's file is not the one that it was made of.
    pub fn open(index: &Path, id: &BuildId, library: &Path) -> Option<Copy> {
        let (file, about) = trusted(&folder(index).join(place(id, library)?))?;
        let mut page = [0; PAGE as usize];
        file.read_exact_at(&mut page, about.len().checked_sub(PAGE)?).ok()?;
        let about = About::read(&page, about.len()).filter(|about| padded(&id.0) == Some(about.id))?;
        (about.original == Original::from(&fs::metadata(library).ok()?)).then_some(Copy { file, about })
    }

    /// Whether an object that is loaded so many bytes behind the addresses in its file has its parts where the copy has them, and is
    /// patched by nobody.
    pub(crate) fn fits(&self, image: &Image<'_>, bias: u64) -> bool {
        let Code { address, offset, length } = self.about.code;
        let code = Code { address: address.wrapping_add(bias), offset, length };
        let (site, hash) = self.about.sample;
        Code::of(image) == Some(code)
            && start(image) == Some(self.about.start.wrapping_add(bias))
            && hash_of_page(image, site.wrapping_add(bias)) == Some(hash)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::index::ID;
    use crate::object::Segment;

    const BIAS: u64 = 0x7f00_0000_0000;
    const PAGE_BYTES: usize = PAGE as usize;

    /// Code at 0x1000 in its file, behind a page of something else.
    fn image(code: &[u8], bias: u64, offset: u64) -> Image<'_> {
        let segment = |address, bytes, executable, file_offset| Segment { address, bytes, executable, file_offset };
        Image::new(vec![segment(bias, &[7; PAGE_BYTES], false, 0), segment(bias + 0x1000, code, true, offset)])
    }

    #[test]
    fn it_fits_what_it_was_made_of_wherever_that_is() {
        let mut code = vec![0x90; 3 * PAGE_BYTES];
        let site = 0x2345;
        let about = About {
            id: [0; ID],
            original: Original { size: 0, changed: (2, 0) },
            code: Code::of(&image(&code, 0, 0x1000)).unwrap(),
            start: 0,
            sample: (site, hash_of_page(&image(&code, 0, 0x1000), site).unwrap()),
            stubs: 0..PAGE,
            table: 0,
            rows: 0,
            counts: [0; 5],
        };
        let copy = Copy { file: File::open("/dev/null").unwrap(), about };
        assert!(copy.fits(&image(&code, BIAS, 0x1000), BIAS));
        assert!(!copy.fits(&image(&code, BIAS, 0x1000), BIAS + PAGE), "elsewhere");
        assert!(!copy.fits(&image(&code, BIAS, 0x2000), BIAS), "from elsewhere in the file");
        assert!(!copy.fits(&image(&code[..2 * PAGE_BYTES], BIAS, 0x1000), BIAS), "less code");
        code[0x1345] = 0xe9;
        assert!(!copy.fits(&image(&code, BIAS, 0x1000), BIAS), "patched, and no page was written to");
    }
}
