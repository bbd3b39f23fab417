//! Long jumps in unused bytes between functions.

use super::window::{LONG_JUMP, SHORT_JUMP};
use std::ops::Range;

/// The bytes between functions that are still free.
#[derive(Debug)]
pub(super) struct Islands {
    /// Sorted; each loses its first bytes with every island taken from it.
    free: Vec<Range<u64>>,
}

impl Islands {
    pub(super) fn new(paddings: Vec<Range<u64>>) -> Self {
        Islands { free: paddings }
    }

    /// Takes five bytes that a two-byte jump at `from` reaches.
    pub(super) fn take(&mut self, from: u64) -> Option<u64> {
        let origin = from.checked_add(SHORT_JUMP)?;
        let reach = origin.saturating_sub(0x80)..=origin.saturating_add(0x7f);
        let first = self.free.partition_point(|padding| padding.end <= *reach.start());
        let near = self.free[first..].iter_mut().take_while(|padding| padding.start <= *reach.end());
        for padding in near {
            let island = padding.start.max(*reach.start());
            let end = island.checked_add(LONG_JUMP).filter(|&end| end <= padding.end);
            if let Some(end) = end.filter(|_| reach.contains(&island)) {
                padding.start = end;
                return Some(island);
            }
        }
        None
    }

    /// The end of the free bytes that begin at an address.
    pub(super) fn end_of(&self, start: u64) -> Option<u64> {
        let at = self.free.binary_search_by_key(&start, |padding| padding.start).ok()?;
        Some(self.free[at].end)
    }

    /// Takes everything before `end` out of the free bytes it lies in.
    pub(super) fn use_until(&mut self, end: u64) {
        let at = self.free.partition_point(|padding| padding.end < end);
        if let Some(padding) = self.free.get_mut(at).filter(|padding| padding.start < end) {
            padding.start = end;
        }
    }
}
