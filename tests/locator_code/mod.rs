//! Pieces of code at a fixed address, for the tests of the locator and the planner.
#![allow(dead_code, clippy::unwrap_used, reason = "not every test uses everything")]

pub(crate) mod promises;

use std::ops::Range;

use syscall_intercept::disasm::{self, Located};
use syscall_intercept::object::{Functions, Image, Segment, Source};
use syscall_intercept::patch::{self, Edits, Patch};

/// Where the code is.
pub(crate) const BASE: u64 = 0x10000;
/// Where the data is, if there is any.
pub(crate) const DATA: u64 = 0x20000;

pub(crate) const SYSCALL: [u8; 2] = [0x0f, 0x05];
pub(crate) const RET: [u8; 1] = [0xc3];
/// `mov $1,%eax`
pub(crate) const MOV: [u8; 5] = [0xb8, 1, 0, 0, 0];
/// `xor %eax,%eax`
pub(crate) const XOR: [u8; 2] = [0x31, 0xc0];
/// `endbr64`
pub(crate) const ENDBR: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
/// `cmp $-4096,%rax`, six bytes that often follow a call.
pub(crate) const CMP: [u8; 6] = [0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff];

/// An object: one segment of code, perhaps one of data, and functions given by offsets into the code.
pub(crate) struct Object {
    pub(crate) code: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) functions: Functions,
}

impl Object {
    /// One function described by an unwind table, made of these parts.
    pub(crate) fn function(parts: &[&[u8]]) -> Object {
        let code = parts.concat();
        let whole = 0..code.len() as u64;
        Object { code, data: Vec::new(), functions: Functions::default() }.with(&[whole], Source::UnwindTable)
    }

    /// The same code with other functions.
    pub(crate) fn with(mut self, functions: &[Range<u64>], source: Source) -> Object {
        let ranges =
            functions.iter().map(|function| function.start.wrapping_add(BASE)..function.end.wrapping_add(BASE));
        self.functions = Functions { ranges: ranges.collect(), source };
        self
    }

    pub(crate) fn with_data(mut self, data: Vec<u8>) -> Object {
        self.data = data;
        self
    }

    pub(crate) fn image(&self) -> Image<'_> {
        let code = Segment { address: BASE, bytes: &self.code, executable: true, file_offset: 0 };
        let data = Segment { address: DATA, bytes: &self.data, executable: false, file_offset: 0x1000 };
        Image::new(vec![code, data])
    }

    pub(crate) fn locate(&self) -> Located {
        disasm::locate(&self.image(), &self.functions).unwrap()
    }

    pub(crate) fn plan(&self) -> Vec<Patch> {
        patch::plan(&self.locate())
    }

    /// The plan for the only site.
    pub(crate) fn patch(&self) -> Patch {
        let mut patches = self.plan();
        assert_eq!(patches.len(), 1, "{patches:?}");
        patches.remove(0)
    }
}

/// The offsets of sites in the code.
pub(crate) fn sites(located: &Located) -> Vec<u64> {
    located.sites.iter().map(|site| site.address - BASE).collect()
}

/// A range of offsets as addresses.
pub(crate) fn at(offsets: Range<u64>) -> Range<u64> {
    BASE + offsets.start..BASE + offsets.end
}

/// What a patch writes for a stub, and where.
pub(crate) fn edits(patch: &Patch, stub: u64) -> Option<Vec<(u64, Vec<u8>)>> {
    let mut edits = Edits::default();
    patch.edits(stub, &mut edits)?;
    Some(edits.iter().map(|(address, bytes)| (address, bytes.to_vec())).collect())
}
