//! The targets that jump tables add.
//!
//! Where a table ends is not written anywhere, and which `lea` loads one is not certain either. Reading every address a
//! function computes as if it were a table, for as long as the entries lead into the function, gives targets that are none.
//! That is the safe direction: a window avoids them.

use crate::object::Image;
use std::{collections::BTreeSet, ops::Range};

/// Entries read for one function, however short it is. A longer one may have as many as it has bytes: what a hostile file can
/// make us do stays in proportion to its size.
const ENTRIES: u64 = 1 << 16;

/// Follows the tables of one function.
pub(super) struct Tables {
    function: Range<u64>,
    seen: BTreeSet<u64>,
    left: usize,
}

impl Tables {
    pub(super) fn new(function: Range<u64>) -> Self {
        let left = usize::try_from((function.end - function.start).max(ENTRIES)).unwrap_or(usize::MAX);
        Tables { function, seen: BTreeSet::new(), left }
    }

    /// Whether the function had more entries than were read.
    pub(super) fn exhausted(&self) -> bool {
        self.left == 0
    }

    /// Gives every target of a table that may be at this address: distances from the table itself in four bytes, or whole
    /// addresses in eight.
    pub(super) fn follow(&mut self, image: &Image<'_>, table: u64, mut found: impl FnMut(u64)) {
        if self.seen.contains(&table) {
            return;
        }
        let before = self.left;
        let Some(bytes) = image.tail(table) else { return };
        let (distances, _) = bytes.as_chunks::<4>();
        let distances = distances.iter().map(|&entry| table.wrapping_add_signed(i32::from_le_bytes(entry).into()));
        let (addresses, _) = bytes.as_chunks::<8>();
        let addresses = addresses.iter().map(|&entry| u64::from_le_bytes(entry));
        for target in distances.take_while(|target| self.function.contains(target)).take(self.left) {
            self.left -= 1;
            found(target);
        }
        for target in addresses.take_while(|target| self.function.contains(target)).take(self.left) {
            self.left -= 1;
            found(target);
        }
        // Only what has entries is worth remembering, which bounds the memory as well.
        if self.left < before {
            self.seen.insert(table);
        }
    }
}
