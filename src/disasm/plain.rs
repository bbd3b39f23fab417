//! The lengths of the plainest instructions: moves, arithmetic and the like on general registers and memory.
//!
//! Four of five instructions in libc are of these, and their lengths follow from one table and the `ModRM` byte (Intel SDM
//! vol. 2, chapter 2 and appendix A; AMD APM vol. 3, appendix A). Reading them here takes a tenth of what a decoder takes,
//! which has to say what they do. Everything else, all prefixes but a REX and `fs:`, all that goes elsewhere and all that is
//! undefined, is left to the decoder. A test compares every one of these encodings with what both decoders say.

/// The operation takes a `ModRM` byte, with what it asks for.
const M: u8 = 0x10;
/// As `M`; only with 0 in its middle field.
const Z: u8 = 0x20;
/// As `M`; what the middle field says decides whether there is more.
const G: u8 = 0x40;
/// No plain instruction.
const X: u8 = 0xff;

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
    X,   X,   X,   M,   X,   X,   X,   X,   4,   M|4, 1,   M|1, X,   X,   X,   X,   // 6  movsxd push imul
    X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   X,   // 7  jcc
    M|1, M|4, X,   M|1, M,   M,   M,   M,   M,   M,   M,   M,   X,   G,   X,   X,   // 8  test xchg mov lea
    X,   0,   0,   0,   0,   0,   0,   0,   0,   0,   X,   X,   X,   X,   X,   X,   // 9  xchg cdqe cqo
    X,   X,   X,   X,   X,   X,   X,   X,   1,   4,   X,   X,   X,   X,   X,   X,   // a  test
    1,   1,   1,   1,   1,   1,   1,   1,   4,   4,   4,   4,   4,   4,   4,   4,   // b  mov
    M|1, M|1, X,   X,   X,   X,   Z|1, Z|4, X,   X,   X,   X,   X,   X,   X,   X,   // c  shifts, mov
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

const FS: u8 = 0x64;

/// The length of the instruction at the start of these bytes, if it is a plain one: control goes to the next. None is longer
/// than there are bytes.
#[inline]
pub(super) fn plain_length(code: &[u8; 16]) -> Option<usize> {
    let mut at = usize::from(code[0] == FS);
    let rex = code[at];
    let wide = rex & 0xf8 == 0x48;
    at += usize::from(rex & 0xf0 == 0x40);
    let opcode = code[at];
    let flags = if opcode == 0x0f {
        at += 1;
        TWO_BYTE[usize::from(code[at])]
    } else {
        ONE_BYTE[usize::from(opcode)]
    };
    at += 1;
    // `movsxd` extends nothing unless it is wide; compilers do not write that, and decoders differ about it.
    if flags == X || (opcode == 0x63 && !wide) {
        return None;
    }
    let mut immediate = usize::from(flags & 0x0f);
    if flags & (M | Z | G) != 0 {
        let modrm = code[at];
        let (mode, middle, low) = (modrm >> 6, modrm >> 3 & 7, modrm & 7);
        if flags & Z != 0 && middle != 0 {
            return None;
        }
        if flags & G != 0 {
            immediate = match (opcode, middle) {
                // Its operand is memory. What is relative to the instruction pointer may be a jump table: not plain.
                (0x8d, _) if mode == 3 || modrm & 0xc7 == 0x05 => return None,
                (0x8d, _) | (0xf6 | 0xf7, 2..) | (0xfe | 0xff, 0 | 1) | (0xff, 6) => 0,
                (0xf6, 0) => 1,
                (0xf7, 0) => 4,
                _ => return None,
            };
        }
        at += 1;
        let has_sib = mode != 3 && low == 4;
        let base = if has_sib { code[at] & 7 } else { low };
        at += usize::from(has_sib);
        at += match mode {
            0 if base == 5 => 4,
            1 => 1,
            2 => 4,
            _ => 0,
        };
    } else if wide && opcode & 0xf8 == 0xb8 {
        immediate = 8;
    }
    Some(at + immediate)
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
                            let code: [u8; 16] = *code.first_chunk().unwrap();
                            inputs.extend(plain_length(&code).map(|length| (code, length)));
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
