//! Loaded objects and files: what is there, where its bytes are, where its functions begin and end.

pub mod eh_frame;
pub mod file;
pub mod image;
pub(crate) mod loaded;
pub mod notes;
mod symbols;
pub(crate) mod target;

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
    /// The bounds that symbols give, if there are any.
    fn of_symbols(ranges: Vec<Range<u64>>) -> Functions {
        let source = if ranges.is_empty() { Source::Nothing } else { Source::Symbols };
        Functions { ranges, source }
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
