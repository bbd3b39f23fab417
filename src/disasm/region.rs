//! Which code has to be decoded to judge a hit: the function around it.

use super::{code::Code, signal_return};
use crate::object::{Functions, Source};
use std::{borrow::Cow, ops::Range};

/// A function with hits, extended to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// From the start of the function to the start of the next, or to the end of the code.
    pub(super) range: Range<u64>,
    /// The address from which on code must be reached to be believed.
    pub(super) trusted_until: u64,
    /// The part unwinders know.
    pub(super) unwind_info: Range<u64>,
    /// Whether decoding may start again after padding: nothing says where functions begin.
    pub(super) sweep: bool,
    /// Addresses of the hits, ascending.
    pub(super) hits: Vec<u64>,
}

/// What is known of the bounds of functions, fit for use.
pub(super) struct Bounds<'a> {
    /// Sorted by start, so that the regions of all addresses are disjoint or the same.
    ranges: Cow<'a, [Range<u64>]>,
    source: Source,
    /// Whether what lies between two functions is none.
    complete: bool,
}

impl<'a> Bounds<'a> {
    /// Takes the bounds of an object's functions; a hostile file may have them in any order.
    pub(super) fn new(functions: &'a Functions, code: &[Code<'_>]) -> Self {
        let mut ranges = Cow::Borrowed(&*functions.ranges);
        if !ranges.is_sorted_by_key(|function| function.start) {
            ranges.to_mut().sort_by_key(|function| function.start);
        }
        let code = code.iter().map(|run| run.bytes.len() as u64).sum();
        Bounds {
            complete: functions.source == Source::UnwindTable && functions.cover_enough_of(code),
            ranges,
            source: functions.source,
        }
    }

    /// The regions of a run of code that hold hits, in the order of addresses.
    pub(super) fn regions(&self, code: &Code<'_>, hits: &[usize]) -> Vec<Region> {
        let mut regions: Vec<Region> = Vec::new();
        for hit in hits.iter().map(|&offset| code.address + offset as u64) {
            if regions.last().is_none_or(|last| hit >= last.range.end) {
                regions.push(self.around(hit, code));
            }
            if let Some(region) = regions.last_mut() {
                region.hits.push(hit);
            }
        }
        regions
    }

    /// The region of an address in this code.
    pub(super) fn around(&self, address: u64, code: &Code<'_>) -> Region {
        let whole = code.range();
        let next = self.ranges.partition_point(|function| function.start <= address);
        let end = self.ranges.get(next).map_or(whole.end, |function| function.start.clamp(address + 1, whole.end));
        let function = next.checked_sub(1).map(|last| &self.ranges[last]);
        let function = function.filter(|function| function.start >= whole.start);
        let start = function.map_or(whole.start, |function| signal_return::start(function.start, code));
        let function = start..function.map_or(start, |function| function.end.clamp(start, end));
        let trusted_until = if self.complete { function.end } else { end };
        Region {
            range: start..end,
            trusted_until,
            unwind_info: if self.source == Source::UnwindTable { function } else { start..start },
            sweep: !self.complete,
            hits: Vec::new(),
        }
    }
}
