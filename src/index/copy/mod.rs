//! Patched copies of libraries: what programs start fastest with.
//!
//! With the records of an index nothing has to be found out, but each program still assembles hundreds of stubs and has the kernel
//! copy every page that holds a site. A patched copy is the file of the library with the jumps written, and the stubs behind it. The
//! constructor maps its code over that of the library: a few calls, no page copied, and what is mapped is shared by all processes.
//! That works because stubs, and the jumps to them, are the same wherever library and stubs are, as long as the distance between them is.
//!
//! What it takes for a copy to be used; otherwise the records of the index are:
//!
//! - Hooks may want any call. (Where they have named those they want, the code of all others stays as it is: see `prepare`.)
//! - It can be trusted as the index can (see `place`), and is of the same analysis. Its length and what its last page says are looked at; to
//!   read all of it would take longer than what it saves.
//! - The build-id is that of the object in memory, and the file that the object comes from has the size and the time that it had when it
//!   was copied: who changes a library, and not its build-id, is noticed by that.
//! - No page of the code in memory was written to, says the kernel, and the first with a site is what it was in the file: nobody has patched
//!   it before, and it is no other copy.
//! - The place for the stubs is free, and nobody forbids to execute what is in the copy, or to replace what is in memory (`mseal`).
//!
//! It is a file that programs run on while it is mapped, as they do on the library: it is replaced, never written to.
//!
//! A copy is a complete library, by the name of the one that it is of, with its build-id and its symbols: who finds it in
//! `/proc/self/maps` in place of the library (profilers, for one) can read it as he would have read that. But it is none to be loaded,
//! without its stubs, and says so in its header: see [`make()`].
//!
//! ```text
//! about   what a copy says of itself
//! make    making one
//! open    the one of an object, if it can be used
//! map     mapping it
//! ```
//!
//! # The file
//!
//! `INDEX.copies/BUILD-ID/NAME`. The library's own bytes, with its sites patched. From the next page on the stubs, as they are behind
//! their header (`trampoline`), and a table of them. On the last page what it says of itself.

mod about;
mod make;
mod map;
mod open;

pub use make::make;
pub(crate) use map::Mapped;
pub use open::{Copy, is_one};

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::hash;
use crate::object::{BuildId, Image};
use crate::sys::text::PAGE;

/// From the header of the stubs to the beginning of the object. The dynamic loader puts one library below the other, and what programs
/// map comes below that: far enough for all that is mapped when the constructor runs, in all but the largest programs; and near enough
/// for a jump.
const DISTANCE: u64 = 1 << 28;

/// What the name of an index is followed by in that of the folder with its copies.
const FOLDER: &str = ".copies";

/// The folder with the copies that belong to an index.
pub fn folder(index: &Path) -> PathBuf {
    let mut folder = index.as_os_str().to_owned();
    folder.push(FOLDER);
    folder.into()
}

/// Where the copy of a library is, from the folder on: one that has this build-id, and that the dynamic loader knows by this path.
pub fn place(id: &BuildId, library: &Path) -> Option<PathBuf> {
    let digits = id.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    Some(Path::new(&digits).join(library.file_name()?))
}

/// Whether copies are at places like this one.
pub fn is_place(path: &Path) -> bool {
    let mut folders = path.ancestors().skip(1).map(|folder| folder.file_name().unwrap_or_default().as_encoded_bytes());
    let (id, folder) = (folders.next().unwrap_or_default(), folders.next().unwrap_or_default());
    !id.is_empty() && id.iter().all(u8::is_ascii_hexdigit) && folder.ends_with(FOLDER.as_bytes())
}

/// What tells a file that a copy was made of from one that has taken its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original {
    /// How long it is.
    pub size: u64,
    /// When it was changed last, in seconds and nanoseconds.
    pub changed: (i64, i64),
}

impl Original {
    /// Whether its time tells anything. There are systems on which all files have the same one (Nix, Guix, OSTree).
    fn is_dated(self) -> bool {
        self.changed.0 > 1
    }
}

impl From<&Metadata> for Original {
    fn from(about: &Metadata) -> Original {
        Original { size: about.len(), changed: (about.mtime(), about.mtime_nsec()) }
    }
}

/// The code of an object, in whole pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Code {
    address: u64,
    offset: u64,
    length: u64,
}

impl Code {
    /// That of an object which has one segment of it.
    fn of(image: &Image<'_>) -> Option<Code> {
        let mut segments = image.code();
        let segment = segments.next().filter(|_| segments.next().is_none())?;
        let before = segment.address % PAGE;
        let address = segment.address - before;
        let length = (before + segment.bytes.len() as u64).next_multiple_of(PAGE);
        let offset = segment.file_offset.checked_sub(before).filter(|offset| offset.is_multiple_of(PAGE))?;
        Some(Code { address, offset, length })
    }
}

/// A hash of the page that an address is on, as far as it is code.
fn hash_of_page(image: &Image<'_>, address: u64) -> Option<u64> {
    let tail = image.tail(address & !(PAGE - 1))?;
    Some(hash(&tail[..tail.len().min(PAGE as usize)]))
}

/// The address of the first byte of an object.
fn start(image: &Image<'_>) -> Option<u64> {
    image.segments().first().map(|segment| segment.address & !(PAGE - 1))
}
