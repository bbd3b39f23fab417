//! The executable bytes of an object, each address once.

use crate::object::Image;
use std::ops::Range;

/// A run of executable bytes.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    /// Address of the first byte.
    pub(super) address: u64,
    /// The bytes.
    pub(super) bytes: &'a [u8],
}

impl<'a> Code<'a> {
    pub(super) fn range(&self) -> Range<u64> {
        self.address..self.address + self.bytes.len() as u64
    }

    /// The bytes of a range, as far as they are here.
    pub(super) fn slice(&self, range: Range<u64>) -> &'a [u8] {
        let offset = |address: u64| {
            usize::try_from(address.saturating_sub(self.address))
                .map_or(self.bytes.len(), |at| at.min(self.bytes.len()))
        };
        self.bytes.get(offset(range.start)..offset(range.end)).unwrap_or_default()
    }
}

/// The run that an address is in.
pub(super) fn run_at<'r, 'a>(runs: &'r [Code<'a>], address: u64) -> Option<&'r Code<'a>> {
    runs.iter().find(|run| run.range().contains(&address))
}

/// The code of an image in the order of addresses; an image has each address once.
pub(super) fn code<'a>(image: &Image<'a>) -> Vec<Code<'a>> {
    image.code().map(|segment| Code { address: segment.address, bytes: segment.bytes }).collect()
}
