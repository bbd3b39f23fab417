//! Loaded objects and files: what is there, where its bytes are, where its functions begin and end.

mod dynamic;
pub mod eh_frame;
pub mod file;
pub mod image;
pub(crate) mod loaded;
pub mod notes;
mod symbols;
pub mod target;

pub use image::{Image, Segment};
pub use notes::BuildId;

use std::ops::Range;

/// Where an object's functions begin and end, and what says so.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    /// Address ranges, sorted by their starts; empty if nothing is known.
    pub ranges: Vec<Range<u64>>,
    /// What the ranges were read from.
    pub source: Source,
}

impl Functions {
    /// The bounds that the unwind table of an object gives; where it has none, or one that leaves most of the code out, those
    /// that symbols give as well.
    fn new(image: &Image<'_>, table: Option<Vec<Range<u64>>>, symbols: impl FnOnce() -> Vec<Range<u64>>) -> Functions {
        let code = image.code().map(|segment| segment.bytes.len() as u64).sum();
        let table = Functions { ranges: table.unwrap_or_default(), source: Source::UnwindTable };
        if table.cover_enough_of(code) {
            return table;
        }
        let mut ranges = table.ranges;
        ranges.extend(symbols());
        ranges.sort_by_key(|function| function.start);
        let source = if ranges.is_empty() { Source::Nothing } else { Source::Symbols };
        Functions { ranges, source }
    }

    /// Whether functions make up at least a quarter of so many bytes of code. Seen on Debian 12: nine tenths and more where
    /// compilers described everything; 0.41 to 0.55 where the linker put constants among the code (LLVM); 0.30 with much
    /// assembly (dav1d); but 0.006 in musl, whose table has a few functions of libgcc and none of its own, and 0.001 in Go
    /// programs that contain some C.
    pub(crate) fn cover_enough_of(&self, code: u64) -> bool {
        let described = self.ranges.iter().map(|function| function.end.saturating_sub(function.start));
        !self.ranges.is_empty() && described.fold(0, u64::saturating_add) >= code / 4
    }
}

/// What function bounds were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// The unwind table, which has an entry for every function a compiler made.
    UnwindTable,
    /// The symbol table, which a stripped object has only a part of.
    Symbols,
    /// Nothing: the object has neither.
    #[default]
    Nothing,
}
