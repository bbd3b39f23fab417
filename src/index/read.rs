//! Looking an object up in an index.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::record::{self, Record, Records};
use super::{ENTRY, FINGERPRINT, HEADER, ID, MAGIC, hash, padded};
use crate::object::BuildId;

/// An index. Its header is one of this library's.
#[derive(Debug)]
pub struct Index {
    file: File,
    size: u64,
    /// What stands between the header and the records.
    entries: Vec<u8>,
}

/// What an index says of an object.
#[derive(Debug)]
pub struct Found {
    records: Vec<u8>,
    count: usize,
}

impl Index {
    /// Reads the header of a file of this size. `None` if it is none, or one of another version of this library.
    pub(super) fn read(file: File, size: u64) -> Option<Index> {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let mut words = header.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        if (words.next()?, words.next()?) != (MAGIC, FINGERPRINT) {
            return None;
        }
        let length = usize::try_from(words.next()?).ok()?.checked_mul(ENTRY)?;
        let entries = contents(&file, size, HEADER as u64, length)?;
        Some(Index { file, size, entries })
    }

    /// The records about an object.
    pub fn find(&self, id: &BuildId) -> Option<Found> {
        let id = padded(&id.0)?;
        let entry = self.entries.as_chunks::<ENTRY>().0.iter().find(|entry| entry.starts_with(&id))?;
        let (words, _) = entry.get(ID..)?.as_chunks::<8>();
        let &[start, length, count, hash_of_records] = words.first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(length)).ok()?;
        let records = contents(&self.file, self.size, u64::from_le_bytes(start), length)?;
        let whole = hash(&records) == u64::from_le_bytes(hash_of_records);
        // Nobody is made to wait for, or to reserve room for, more than there can be.
        let count = usize::try_from(u64::from_le_bytes(count)).ok().filter(|&count| count <= length / record::HEAD)?;
        whole.then_some(Found { records, count })
    }
}

/// A part of a file, which has it: a file that says nonsense makes nobody reserve memory.
fn contents(file: &File, size: u64, start: u64, length: usize) -> Option<Vec<u8>> {
    if size < start.checked_add(length as u64)? {
        return None;
    }
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, start).ok()?;
    Some(bytes)
}

impl Found {
    /// Goes through the records about calls that are wanted, or whose number is not known, in the order of their addresses, until
    /// `each` answers `None`. The object lies so many bytes behind the addresses in its file. `None` as well if a record makes no
    /// sense.
    pub fn try_for_each<'a>(
        &'a self,
        bias: u64,
        is_wanted: impl Fn(u32) -> bool,
        mut each: impl FnMut(Record<'a>) -> Option<()>,
    ) -> Option<()> {
        let mut records = Records::new(&self.records, bias);
        for _ in 0..self.count {
            if !records.pass_over(&is_wanted)? {
                each(records.next()?)?;
            }
        }
        Some(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }
}
