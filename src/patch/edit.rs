//! The bytes to write.

use super::{
    plan::Patch,
    window::{LONG_JUMP, SHORT_JUMP},
};

/// What fills a window behind its jump: `int3`. Nobody comes there, and whoever does should not run on.
const FILLER: u8 = 0xcc;

/// Bytes to write at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where.
    pub address: u64,
    /// What.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// What to write so that the site leads to a stub at this address, in the order to write it: an island before the jump to
    /// it. Nothing to write where the site is left alone. `None` if the stub is out of reach.
    pub fn edits(&self, stub: u64) -> Option<Vec<Edit>> {
        if !self.rung.is_taken() {
            return Some(Vec::new());
        }
        let length = usize::try_from(self.window.end - self.window.start).ok()?;
        let start = self.window.start;
        match self.island {
            None => Some(vec![Edit { address: start, bytes: filled(&long_jump(start, stub)?, length) }]),
            Some(island) => Some(vec![
                Edit { address: island, bytes: long_jump(island, stub)?.to_vec() },
                Edit { address: start, bytes: filled(&short_jump(start, island)?, length) },
            ]),
        }
    }
}

fn long_jump(from: u64, to: u64) -> Option<[u8; LONG_JUMP as usize]> {
    let distance = to.wrapping_sub(from.wrapping_add(LONG_JUMP)).cast_signed();
    let [a, b, c, d] = i32::try_from(distance).ok()?.to_le_bytes();
    Some([0xe9, a, b, c, d])
}

fn short_jump(from: u64, to: u64) -> Option<[u8; SHORT_JUMP as usize]> {
    let distance = to.wrapping_sub(from.wrapping_add(SHORT_JUMP)).cast_signed();
    Some([0xeb, i8::try_from(distance).ok()?.cast_unsigned()])
}

fn filled(jump: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = jump.to_vec();
    bytes.resize(length, FILLER);
    bytes
}
