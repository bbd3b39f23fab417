//! What an instruction does to vector registers: which it may read, and which it is sure to write.

use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_x86::long_mode::{InstDecoder, Instruction, Opcode, Operand, RegSpec, register_class};

use super::step::{State, Step};

/// Some of the vector registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Registers(u64);

impl Registers {
    pub(super) const NONE: Registers = Registers(0);
    /// Of each of the first sixteen the lowest eight bytes, and the eight above them, a bit for each; and together in one bit all else: what
    /// is above those, the other registers that AVX-512 has, the masks, and the x87.
    pub(super) const ALL: Registers = Registers(Self::REST | 0xffff_ffff);
    /// Those in which arguments may be handed on, and what may stand above them.
    pub(super) const ARGUMENTS: Registers = Registers(Self::REST | 0x00ff_00ff);

    /// That one bit.
    pub(super) const OTHERS: Registers = Registers(Self::REST);

    const LOW: Registers = Registers(0xffff);
    const HIGH: Registers = Registers(0xffff << 16);
    const REST: u64 = 1 << 32;

    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }

    pub(super) fn and(self, others: Registers) -> Registers {
        Registers(self.0 | others.0)
    }

    pub(super) fn without(self, others: Registers) -> Registers {
        Registers(self.0 & !others.0)
    }

    pub(super) fn among(self, others: Registers) -> Registers {
        Registers(self.0 & others.0)
    }

    fn of(operand: Operand) -> Registers {
        match operand {
            Operand::Register { reg } if reg.class() == register_class::X && reg.num() < 16 => {
                Registers(0x0001_0001 << reg.num())
            }
            _ => Self::NONE,
        }
    }
}

/// What an instruction does to registers that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    /// What it may read.
    pub(super) reads: Registers,
    /// What holds something else after it in any case.
    pub(super) writes: Registers,
    pub(super) al: Al,
}

/// What it does to al, in which a caller says in how many vector registers it hands arguments to a function that takes any number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Al {
    Kept,
    Cleared,
    /// Such a function asks whether there are any.
    Tested,
    Changed,
}

/// What this instruction does, of which `step` says the rest.
pub(super) fn effect(code: &[u8], step: &Step) -> Effect {
    let instruction = InstDecoder::default().decode(&mut U8Reader::new(code));
    let anything = Effect { reads: Registers::ALL, writes: Registers::NONE, al: Al::Changed };
    let Ok(instruction) = instruction else { return anything };
    let (reads, writes) = match step.state {
        State::General => (Registers::NONE, Registers::NONE),
        // A transaction that fails puts registers back to what they were where it began: after the call, too.
        State::Any
            if matches!(instruction.opcode(), Opcode::XBEGIN | Opcode::XEND | Opcode::XABORT | Opcode::XTEST) =>
        {
            (Registers::NONE, Registers::NONE)
        }
        State::Vectors => on_vectors(code, &instruction),
        State::Any => return anything,
    };
    Effect { reads, writes, al: on_al(&instruction) }
}

fn on_vectors(code: &[u8], instruction: &Instruction) -> (Registers, Registers) {
    use Opcode::*;
    if matches!(instruction.opcode(), VZEROUPPER | VZEROALL) {
        return (Registers::NONE, Registers::NONE);
    }
    let classes = |classes: &[_]| {
        (0..instruction.operand_count()).any(|at| match instruction.operand(at) {
            Operand::Register { reg } => classes.contains(&reg.class()),
            _ => false,
        })
    };
    // Only what is older than AVX is known here, and keeps what stands above the lower halves.
    if has_vex_prefix(code) || classes(&[register_class::Y, register_class::Z, register_class::K]) {
        return (Registers::ALL, Registers::NONE);
    }
    let (to, from) = (Registers::of(instruction.operand(0)), Registers::of(instruction.operand(1)));
    let from_memory = !matches!(instruction.operand(1), Operand::Register { .. });
    match instruction.opcode() {
        MOVAPS | MOVUPS | MOVAPD | MOVUPD | MOVDQA | MOVDQU | LDDQU | PSHUFD => (from, to),
        MOVQ | MOVD => (from.among(Registers::LOW), to),
        // The upper half of one register becomes the lower half of the other.
        MOVHLPS => (from.among(Registers::HIGH), to.among(Registers::LOW)),
        MOVSS | MOVSD if from_memory => (Registers::NONE, to),
        XORPS | XORPD | PXOR | PCMPEQB | PCMPEQW | PCMPEQD if from == to => (Registers::NONE, to),
        // xmm0 is an operand that is not named.
        BLENDVPS | BLENDVPD | PBLENDVB | SHA256RNDS2 => (Registers::ALL, Registers::NONE),
        _ => (
            (0..instruction.operand_count())
                .map(|at| Registers::of(instruction.operand(at)))
                .fold(from, Registers::and),
            Registers::NONE,
        ),
    }
}

/// Whether it is encoded as AVX or AVX-512 instructions are.
fn has_vex_prefix(code: &[u8]) -> bool {
    let first = code.iter().find(|byte| !matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67));
    matches!(first, Some(0x62 | 0xc4 | 0xc5))
}

fn on_al(instruction: &Instruction) -> Al {
    use Opcode::*;
    let (to, from) = (instruction.operand(0), instruction.operand(1));
    let to_rax = match to {
        Operand::Register { reg } => may_be_rax(reg),
        _ => false,
    };
    match instruction.opcode() {
        XOR if to == from && to == Operand::Register { reg: RegSpec::eax() } => Al::Cleared,
        TEST if to == from && to == Operand::Register { reg: RegSpec::al() } => Al::Tested,
        CMP | TEST | PUSH | NOP | ENDBR64 | JMP => Al::Kept,
        JO | JNO | JB | JNB | JZ | JNZ | JA | JNA | JS | JNS | JP | JNP | JL | JGE | JLE | JG => Al::Kept,
        MOV | MOVZX | MOVSX | MOVSXD | LEA | ADD | SUB | AND | OR | XOR | SHL | SHR | SAR if !to_rax => Al::Kept,
        MOVAPS | MOVUPS | MOVDQA | MOVDQU | PXOR | XORPS => Al::Kept,
        _ => Al::Changed,
    }
}

/// Whether it is rax or a part of it.
fn may_be_rax(register: RegSpec) -> bool {
    // `ah` comes behind `al` to `bl`.
    register.num() == 0 || (register.class() == register_class::B && register.num() == 4)
}
