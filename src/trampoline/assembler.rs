//! The stubs of one object, assembled one after the other into memory that is, or will be, behind a header at some address.

use super::header;
use super::place::Row;
use super::stub::{self, Slots, Stub};
use super::template::Templates;
use crate::patch::Patch;

/// Stubs that are being assembled.
#[derive(Debug)]
pub(crate) struct Assembler {
    /// Where the header is.
    base: u64,
    slots: Slots,
    templates: Templates,
    rows: Vec<Row>,
    /// How much of the memory behind the header is in use.
    used: usize,
}

impl Assembler {
    /// Stubs behind a header at this address; about so many.
    pub(crate) fn new(base: u64, count: usize) -> Assembler {
        let slots = header::slots(base);
        Assembler { base, slots, templates: Templates::default(), rows: Vec::with_capacity(count), used: 0 }
    }

    /// So many stubs take no more than this.
    pub(crate) fn capacity(count: usize) -> usize {
        count * stub::LONGEST
    }

    /// Adds the stub of a patch, whose system call is at an offset of the object's file. The memory is what there is behind the header.
    /// `None` if an instruction of the window cannot be moved that far.
    pub(crate) fn add(&mut self, memory: &mut [u8], patch: &Patch, offset: u64) -> Option<Stub> {
        let free = memory.get_mut(self.used..)?;
        let address = self.base.wrapping_add((header::LENGTH + self.used) as u64);
        let (stub, length) = stub::stamp(free, address, &self.slots, &mut self.templates, patch, offset)?;
        self.rows.push(Row::of(&stub, self.base)?);
        self.used += length;
        Some(stub)
    }

    /// How much of the memory is in use, and where the stubs are, in the order of their addresses.
    pub(crate) fn finish(&mut self) -> (usize, Vec<Row>) {
        (self.used, std::mem::take(&mut self.rows))
    }
}
