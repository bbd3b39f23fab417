//! Making an index.

use std::fmt;

use super::{ENTRY, FINGERPRINT, HEADER, MAGIC, hash, padded, record};
use crate::disasm::Located;
use crate::object::{BuildId, Image};
use crate::patch::Patch;

/// An index that is being made.
#[derive(Debug, Default)]
pub struct Builder {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: [u8; super::ID],
    count: u64,
    records: Vec<u8>,
}

/// Why an object is in no index: it is analysed each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// It has no build-id, or an unusually long one.
    NoBuildId,
    /// There are bytes in its functions of which nobody knows what they are: to be reported each time.
    Doubtful,
    /// Somebody has patched it already, or its code has a shape that a record has no room for.
    Unusual,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::NoBuildId => "it has no build-id by which it could be known again",
            Unfit::Doubtful => "not all of its code is understood",
            Unfit::Unusual => "its code has an unusual shape",
        })
    }
}

impl std::error::Error for Unfit {}

impl Builder {
    /// Adds an object: what was found in the image of its file, and what is planned.
    ///
    /// # Errors
    ///
    /// If it does not fit into an index.
    pub fn add(
        &mut self,
        id: Option<&BuildId>,
        image: &Image<'_>,
        located: &Located,
        patches: &[Patch],
    ) -> Result<(), Unfit> {
        let id = id.and_then(|id| padded(&id.0)).ok_or(Unfit::NoBuildId)?;
        if located.unknown.iter().any(|unknown| unknown.doubt.is_in_function()) {
            return Err(Unfit::Doubtful);
        }
        let mut records = Vec::new();
        for patch in patches {
            record::write(&mut records, patch, image).ok_or(Unfit::Unusual)?;
        }
        self.entries.retain(|entry| entry.id != id);
        self.entries.push(Entry { id, count: patches.len() as u64, records });
        Ok(())
    }

    /// The index, as it stands in the file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let number = |bytes: &mut Vec<u8>, number: u64| bytes.extend_from_slice(&number.to_le_bytes());
        [MAGIC, FINGERPRINT, self.entries.len() as u64].iter().for_each(|&word| number(&mut bytes, word));
        let mut start = HEADER + ENTRY * self.entries.len();
        for Entry { id, count, records } in &self.entries {
            bytes.extend_from_slice(id);
            for word in [start as u64, records.len() as u64, *count, hash(records)] {
                number(&mut bytes, word);
            }
            start += records.len();
        }
        self.entries.iter().for_each(|entry| bytes.extend_from_slice(&entry.records));
        bytes
    }
}
