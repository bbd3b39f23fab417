//! The lengths of the plainest instructions: moves, arithmetic and the like on general registers and memory.
//!
//! Four of five instructions in libc are of these, and their lengths follow from one table and the `ModRM` byte (Intel SDM
//! vol. 2, chapter 2 and appendix A; AMD APM vol. 3, appendix A). Reading them here takes a tenth of what a decoder takes,
//! which has to say what they do. Everything else, all prefixes but a REX and `fs:`, all that goes elsewhere and all that is
//! undefined, is left to the decoder. A test compares every one of these encodings with what both decoders say.

/// The operation takes a `ModRM` byte, with what it asks for.
const M: u8 = 0x10;
/// As `M`, and something else decides whether it is plain, or whether there is more.
const G: u8 = M | UNUSUAL;
/// The same without a `ModRM` byte.
const W: u8 = UNUSUAL;
/// No plain instruction.
const X: u8 = UNUSUAL;
const UNUSUAL: u8 = 0x80;

/// For each opcode the bytes of its immediate operand, and flags.
#[rustfmt::skip]
const ONE_BYTE: [u8; 256] = [
//  0    1    2    3    4    5    6    7    8    9    a    b    c    d    e    f
    M,   M,   M,   M,   1,   4,   X,   X,   M,   M,   M,   M,   1,   4,   X,   X,   // 0  add or
    M,   M,   M,   M,   1,   4,   X,   X,   M,   M,   M,   M,   1,   4,   X,   X,   // 1  adc sbb
    M,   M,   M,   M,   1,   4,   X,   X,   M,   M,   M,   M,   1,   4,   X,   X,   // 2  and sub
    M,   M,   M,   M,   1,   4,   X,   X,   M,   M,   M,   M,   1,   4,   X,   X,   // 3  xor cmp
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 4  REX
    0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   // 5  push pop
    X,   X,   X,   G,   X,   X,   X,   X,   4,   M|4, 1,   M|1, X,   X,   X,   X,   // 6  movsxd push imul
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 7  jcc
    M|1, M|4, X,   M|1, M,   M,   M,   M,   M,   M,   M,   M,   X,   G,   X,   X,   // 8  test xchg mov lea
    X,   0,   0,   0,   0,   0,   0,   0,   0,   0,   X,   X,   X,   X,   X,   X,   // 9  xchg cdqe cqo
    X,   X,   X,   X,   X,   X,   X,   X,   1,   4,   X,   X,   X,   X,   X,   X,   // a  test
    1,   1,   1,   1,   1,   1,   1,   1,   W,   W,   W,   W,   W,   W,   W,   W,   // b  mov
    M|1, M|1, X,   X,   X,   X,   G,   G,   X,   X,   X,   X,   X,   X,   X,   X,   // c  shifts, mov
    M,   M,   M,   M,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // d  shifts
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // e
    X,   X,   X,   X,   X,   X,   G,   G,   X,   X,   X,   X,   X,   X,   G,   G,   // f  test not neg mul div inc dec
];

/// The same for opcodes after `0f`.
#[rustfmt::skip]
const TWO_BYTE: [u8; 256] = [
//  0    1    2    3    4    5    6    7    8    9    a    b    c    d    e    f
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 0
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 1
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 2
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 3
    M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   // 4  cmovcc
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 5
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 6
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 7
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 8  jcc
    M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   M,   // 9  setcc
    X,   X,   X,   M,   M|1, M,   X,   X,   X,   X,   X,   M,   M|1, M,   X,   M,   // a  bt bts shld shrd imul
    M,   M,   X,   M,   X,   X,   M,   M,   X,   X,   X,   M,   M,   M,   M,   M,   // b  cmpxchg btr movzx btc bsf movsx
    M,   M,   X,   X,   X,   X,   X,   X,   0,   0,   0,   0,   0,   0,   0,   0,   // c  xadd bswap
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // d
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // e
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // f
];

const TABLES: [[u8; 256]; 2] = [ONE_BYTE, TWO_BYTE];

const FS: u8 = 0x64;

/// For each `ModRM` byte how many bytes of the SIB byte and the displacement follow it.
const AFTER_MODRM: [u8; 256] = {
    let mut table = [0; 256];
    let mut modrm = 0;
    while modrm < 256 {
        let (mode, low) = (modrm >> 6, modrm & 7);
        let sib = (mode != 3 && low == 4) as u8;
        let displacement = match mode {
            0 if low == 5 => 4,
            1 => 1,
            2 => 4,
            _ => 0,
        };
        table[modrm] = sib + displacement;
        modrm += 1;
    }
    table
};

/// The length of the instruction at the start of these bytes, if it is a plain one: control goes to the next. It may be
/// longer than there are bytes here.
///
/// Each instruction begins where the last one ends, so what counts is the time from the first byte to the length: nothing is
/// decided by a branch that depends on how common instructions differ.
#[inline]
pub(super) fn plain_length(code: [u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(code);
    let fs = u64::from(word as u8 == FS);
    let word = word >> (8 * fs);
    let rex = u64::from(word & 0xf0 == 0x40);
    let wide = word & 0xf8 == 0x48;
    let word = word >> (8 * rex);
    let escape = u64::from(word as u8 == 0x0f);
    let word = word >> (8 * escape);
    let [opcode, modrm, sib, ..] = word.to_le_bytes();
    let flags = TABLES[escape as usize][usize::from(opcode)];
    let has_modrm = flags & M != 0;
    // A base register of 5 is none where the mode is 0: a displacement.
    let absolute = modrm & 0xc7 == 0x04 && sib & 7 == 5;
    let after_opcode = 1 + usize::from(AFTER_MODRM[usize::from(modrm)]) + 4 * usize::from(absolute);
    let mut immediate = usize::from(flags & 0x0f);
    if flags & UNUSUAL != 0 {
        let (mode, middle) = (modrm >> 6, modrm >> 3 & 7);
        immediate = match (escape, opcode, middle) {
            // Its operand is memory. What is relative to the instruction pointer may be a jump table: not plain.
            (0, 0x8d, _) if mode == 3 || modrm & 0xc7 == 0x05 => return None,
            (0, 0x8d, _) | (0, 0xf6 | 0xf7, 2..) | (0, 0xfe | 0xff, 0 | 1) | (0, 0xff, 6) => 0,
            (0, 0xf6 | 0xc6, 0) => 1,
            (0, 0xf7 | 0xc7, 0) => 4,
            (0, 0xb8..=0xbf, _) => {
                if wide {
                    8
                } else {
                    4
                }
            }
            // It extends nothing unless it is wide; compilers do not write that, and decoders differ about it.
            (0, 0x63, _) if wide => 0,
            _ => return None,
        };
    }
    Some((fs + rex + escape) as usize + 1 + usize::from(has_modrm) * after_opcode + immediate)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::decoder::Engine;
    use super::super::step::{Flow, step};
    use super::*;

    /// Every encoding: all prefixes, opcodes, `ModRM` and SIB bytes that are taken here.
    #[test]
    fn both_decoders_agree_about_every_plain_instruction() {
        const REST: [u8; 16] = [0x11; 16];
        let prefixes = [vec![], vec![FS]];
        let rexes: Vec<Vec<u8>> = std::iter::once(vec![]).chain((0x40..=0x4f).map(|rex| vec![rex])).collect();
        let opcodes = (0..=255).map(|opcode| vec![opcode]).chain((0..=255).map(|opcode| vec![0x0f, opcode]));
        let mut inputs = Vec::new();
        for opcode in opcodes {
            for rex in &rexes {
                for prefix in &prefixes {
                    for modrm in 0..=255_u8 {
                        let has_sib = modrm >> 6 != 3 && modrm & 7 == 4;
                        // Which index and scale a SIB byte names changes no length.
                        let sibs: &[u8] = if has_sib { &[0x20, 0x21, 0x24, 0x25, 0x65, 0xc0, 0xfd] } else { &[0x11] };
                        for &sib in sibs {
                            let code = [prefix, rex, &opcode[..], &[modrm, sib], &REST].concat();
                            inputs.extend(plain_length(*code.first_chunk().unwrap()).map(|length| (code, length)));
                        }
                    }
                }
            }
        }
        let engine = Engine::new().unwrap();
        let mut capstone = engine.decoder().unwrap();
        for (code, length) in &inputs {
            let fast = step(code, 0x1000).unwrap_or_else(|| panic!("{code:02x?}"));
            let sure = capstone.step(code, 0x1000).unwrap_or_else(|| panic!("{code:02x?}"));
            for step in [fast, sure] {
                assert_eq!((usize::from(step.length), step.flow), (*length, Flow::Next), "{code:02x?}");
            }
        }
        assert!(inputs.len() > 1_000_000, "{}", inputs.len());
    }
}
