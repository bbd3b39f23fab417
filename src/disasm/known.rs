//! Instructions that have been decoded before.
//!
//! The code around system calls repeats itself: `syscall`, `cmp $-4095,%rax`, `mov %rcx,%r10`, and before nearly each of them
//! `mov $number,%eax`. What Capstone has said once of some bytes it will say again, and it takes its time. So only what does
//! the same at every address is kept.

use super::{
    instruction::{Eax, Instruction, Kind},
    plain::plain_length,
};

/// As many as fit; one takes the place of another.
const COUNT: usize = 256;

/// What is known of instructions that were decoded.
pub(super) struct Known {
    entries: Vec<Option<Instruction>>,
}

impl Known {
    pub(super) fn new() -> Known {
        Known { entries: vec![None; COUNT] }
    }

    /// The instruction at the start of these bytes, if it is known. Its length is that of the fast decoder.
    pub(super) fn recall(&self, code: &[u8], address: u64) -> Option<Instruction> {
        let bytes = code.get(..plain_or_syscall(code)?)?;
        let known = self.entries[place(bytes)].filter(|known| same(known.bytes(), bytes))?;
        let eax = match number(bytes) {
            Some(number) if matches!(known.eax, Eax::Constant(_)) => Eax::Constant(number),
            _ => known.eax,
        };
        Instruction::new(address, bytes, known.kind, eax)
    }

    /// Keeps an instruction for other addresses, if it would mean the same there.
    pub(super) fn keep(&mut self, instruction: &Instruction) {
        if matches!(instruction.kind, Kind::Plain | Kind::Syscall) {
            self.entries[place(instruction.bytes())] = Some(*instruction);
        }
    }
}

/// The length of the instructions that are worth being known.
fn plain_or_syscall(code: &[u8]) -> Option<usize> {
    match code {
        [0x0f, 0x05, ..] => Some(2),
        _ => plain_length(*code.first_chunk()?),
    }
}

/// What `mov imm32,%eax` loads. Another number makes it no other instruction.
fn number(bytes: &[u8]) -> Option<u32> {
    match *bytes {
        [0xb8, a, b, c, d] => Some(u32::from_le_bytes([a, b, c, d])),
        _ => None,
    }
}

fn same(known: &[u8], bytes: &[u8]) -> bool {
    known == bytes || (number(known).is_some() && number(bytes).is_some())
}

fn place(bytes: &[u8]) -> usize {
    let bytes = if number(bytes).is_some() { &bytes[..1] } else { bytes };
    // FNV-1a: bytes in, an even spread out.
    let hash = bytes.iter().fold(0xcbf2_9ce4_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 16) as usize % COUNT
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::decoder::Engine;
    use super::*;

    /// `code`, and then something else.
    fn followed(code: &[u8]) -> Vec<u8> {
        [code, &[0x90; 16]].concat()
    }

    #[test]
    fn what_is_known_is_what_capstone_says() {
        let engine = Engine::new().unwrap();
        let codes: [&[u8]; 6] = [
            &[0x0f, 0x05],
            &[0xb8, 1, 0, 0, 0],
            &[0xb8, 2, 0, 0, 0],
            &[0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff],
            &[0x49, 0x89, 0xca],
            &[0x31, 0xc0],
        ];
        let codes = codes.map(followed);
        let mut warm = engine.decoder().unwrap();
        for code in &codes {
            for address in [0x1000, 0x2000] {
                let mut cold = engine.decoder().unwrap();
                let (first, again) =
                    (cold.instruction(code, address).unwrap(), warm.instruction(code, address).unwrap());
                assert_eq!((again, again.eax, again.address), (first, first.eax, address));
            }
        }
    }

    #[test]
    fn what_depends_on_its_place_is_not_known() {
        let (engine, mut known) = (Engine::new().unwrap(), Known::new());
        // mov 0x10(%rip),%rax; nop
        for code in [&[0x48, 0x8b, 0x05, 0x10, 0, 0, 0][..], &[0x90]].map(followed) {
            let mut decoder = engine.decoder().unwrap();
            known.keep(&decoder.instruction(&code, 0x1000).unwrap());
            assert_eq!(known.recall(&code, 0x2000), None);
        }
    }
}
