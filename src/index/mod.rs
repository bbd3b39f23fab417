//! The index: what has been found out about libraries beforehand, so that programs that load them start faster.
//!
//! Where the system calls of a libc are, and how each is patched, depends on the bytes of that libc alone; finding it out is most
//! of the time that starting takes. `intercept index` does it once and writes the answers into a file, which the constructor
//! reads in a fiftieth of the time. It also takes more time for them, and knows the numbers of more calls. Without it, or where it
//! does not fit, everything is found out as ever: the index changes how long starting takes, and nothing that a hook sees.
//!
//! What it takes for an entry to be used (`intercept doctor` says whether it is):
//!
//! - The file belongs to root or to the user who runs the program, and nobody else may write to it: see `place`.
//! - It was made by the same analysis: it carries a hash of the sources of `disasm`, `patch`, `object` and `trampoline`.
//! - The build-id is that of the object in memory, and its bytes are there at each site: the window and the system call, and
//!   the unused bytes for jumps. Whoever has changed a site before us is noticed by this.
//! - It is whole: a hash of it is right, and every number in it makes sense.
//!
//! ```text
//! build   making an index, from plans
//! record  one patch as bytes, and back
//! read    looking an object up in an index
//! place   where the file is, and whether it can be trusted
//! copy    libraries that are patched already, which programs start even faster with
//! ```
//!
//! # The file
//!
//! All numbers are little-endian. A header: the magic, the fingerprint of the analysis, the number of entries, each in eight
//! bytes. Then the entries, 64 bytes each: the build-id, padded with zeros to 32 bytes; where in the file its records begin; their
//! length in bytes; their number; their hash. Then the records.

mod build;
pub mod copy;
mod place;
mod read;
mod record;

pub use build::{Builder, Unfit};
pub(crate) use place::Shelf;
pub use place::{FILE_NAME, open};
pub use read::{Found, Index};
pub use record::Record;

/// How the file begins.
const MAGIC: u64 = u64::from_le_bytes(*b"sysindex");

/// A hash of what the analysis is made of. From `build.rs`.
const FINGERPRINT: u64 = fingerprint(env!("SYSCALL_INTERCEPT_ANALYSIS"));

const HEADER: usize = 24;
const ENTRY: usize = 64;
/// Room for a build-id. Those in use have 20 bytes or 16.
const ID: usize = 32;

const fn fingerprint(digits: &str) -> u64 {
    match u64::from_str_radix(digits, 16) {
        Ok(fingerprint) => fingerprint,
        Err(_) => panic!("build.rs passes a number"),
    }
}

/// A build-id as it stands in an entry; `None` if it is too long.
fn padded(id: &[u8]) -> Option<[u8; ID]> {
    let mut padded = [0; ID];
    padded.get_mut(..id.len())?.copy_from_slice(id);
    Some(padded)
}

/// A hash that notices what disks and interrupted writes do to a file.
fn hash(bytes: &[u8]) -> u64 {
    // Multiplication spreads each bit upwards, the rotation brings it down again: FNV-1a, eight bytes at a time.
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, &byte| mix(hash, byte.into()))
}

#[cfg(test)]
mod tests;
