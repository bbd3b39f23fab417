//! Walking over code: how long each instruction is, and where control goes after it.
//!
//! Whole functions are walked to find the boundaries of their instructions and every branch target, tens of thousands of
//! instructions for each libc. Capstone needs 180 ns for one, yaxpeax-x86 some 15 ns, without heap and without
//! initialisation, and it is maintained and fuzzed. So that walks. What is then patched, the syscall and every instruction
//! of its window, Capstone decodes again, and where the two disagree nothing is patched.

use yaxpeax_arch::{Decoder as _, LengthedInstruction as _, U8Reader};
use yaxpeax_x86::long_mode::{self as x86, InstDecoder, Opcode};

use super::instruction::Instruction;

/// An instruction that is walked over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Length in bytes.
    pub(super) length: u8,
    /// Where control goes.
    pub(super) flow: Flow,
    /// What it reads and writes.
    pub(super) state: State,
}

/// What an instruction may read and write besides memory. Of a call: the instruction itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// General registers alone, and flags that arithmetic sets.
    General,
    /// These and vector and mask registers.
    Vectors,
    /// Anything: the x87, MMX registers, control registers, flags that the ABI has clear, or nobody knows.
    Any,
}

/// Where control goes after an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// To the next one.
    Next,
    /// To the next one; it computes an address, perhaps that of a jump table or of a label.
    Address(u64),
    /// To the next one; it does nothing, and fills gaps.
    Nop,
    /// Nowhere, and fills gaps: `int3`.
    Filler,
    /// To the kernel.
    Syscall,
    /// To the target, or to the next one.
    Conditional(Option<u64>),
    /// To a function, and perhaps back.
    Call(Option<u64>),
    /// To the target alone.
    Jump(Option<u64>),
    /// Away: a return, or an instruction that must not be reached.
    End,
}

/// The instruction at the start of these bytes, or nothing if they hold none.
pub(super) fn step(code: &[u8], address: u64) -> Option<Step> {
    simple_branch(code, address).or_else(|| decoded(code, address))
}

/// The branches compilers write, and what else takes no decoder: half of what is not plain (see `plain`).
pub(super) fn simple_branch(code: &[u8], address: u64) -> Option<Step> {
    let (length, flow): (u8, fn(Option<u64>) -> Flow) = match *code {
        [0x70..=0x7f, _, ..] => (2, Flow::Conditional),
        [0xeb, _, ..] => (2, Flow::Jump),
        [0xe9, _, _, _, _, ..] => (5, Flow::Jump),
        [0xe8, _, _, _, _, ..] => (5, Flow::Call),
        [0x0f, 0x80..=0x8f, _, _, _, _, ..] => (6, Flow::Conditional),
        [0xc3, ..] => return Some(Step { length: 1, flow: Flow::End, state: State::General }),
        _ => return None,
    };
    let target = relative_target(&code[..usize::from(length)], address);
    Some(Step { length, flow: flow(target), state: State::General })
}

fn decoded(code: &[u8], address: u64) -> Option<Step> {
    let instruction = InstDecoder::default().decode(&mut U8Reader::new(code)).ok()?;
    step_of(&instruction, code, address)
}

/// The same of an instruction that has been decoded, from the start of these bytes.
pub(super) fn step_of(instruction: &x86::Instruction, code: &[u8], address: u64) -> Option<Step> {
    let length = u8::try_from(instruction.len().to_const()).ok()?;
    let bytes = code.get(..usize::from(length)).filter(|bytes| (1..=Instruction::LONGEST).contains(&bytes.len()))?;
    Some(Step { length, flow: flow(instruction.opcode(), bytes, address), state: state(instruction) })
}

fn state(instruction: &x86::Instruction) -> State {
    if is_general(instruction) || instruction.opcode() == Opcode::CALL {
        State::General
    } else if is_on_vectors(instruction) {
        State::Vectors
    } else {
        State::Any
    }
}

/// Whether an instruction has a vector register among its operands and none of the x87, MMX or control: then it has to do with none
/// that it does not name either. Or clears the vector registers.
fn is_on_vectors(instruction: &x86::Instruction) -> bool {
    use yaxpeax_x86::long_mode::register_class as class;
    let registers = (0..instruction.operand_count()).filter_map(|operand| match instruction.operand(operand) {
        x86::Operand::Register { reg } => Some(reg.class()),
        _ => None,
    });
    let (mut vectors, mut others) = (false, false);
    for register in registers {
        match register {
            class::X | class::Y | class::Z => vectors = true,
            class::Q | class::D | class::W | class::B | class::RB | class::K => {}
            _ => others = true,
        }
    }
    (vectors && !others) || matches!(instruction.opcode(), Opcode::VZEROUPPER | Opcode::VZEROALL)
}

/// Whether an instruction is one of those that have to do with general registers, memory and flags alone; and not one that sets flags which
/// the ABI has clear.
fn is_general(instruction: &x86::Instruction) -> bool {
    use Opcode::*;
    // `mov` has forms that write control and debug registers, but for the kernel alone.
    matches!(
        instruction.opcode(),
        ADC | ADD
            | AND
            | BSF
            | BSR
            | BSWAP
            | BT
            | BTC
            | BTR
            | BTS
            | CBW
            | CDQ
            | CDQE
            | CLD
            | CMP
            | CMPS
            | CMPXCHG
            | CMPXCHG16B
            | CMPXCHG8B
            | CQO
            | CWD
            | CWDE
            | DEC
            | DIV
            | ENDBR64
            | IDIV
            | IMUL
            | INC
            | LEA
            | LEAVE
            | LFENCE
            | LODS
            | MFENCE
            | MOV
            | MOVS
            | MOVSX
            | MOVSXD
            | MOVZX
            | MUL
            | NEG
            | NOP
            | NOT
            | OR
            | POP
            | POPCNT
            | PUSH
            | PUSHF
            | RCL
            | RCR
            | RDTSC
            | RETURN
            | ROL
            | ROR
            | SAR
            | SBB
            | SCAS
            | SFENCE
            | SHL
            | SHLD
            | SHR
            | SHRD
            | STOS
            | SUB
            | SYSCALL
            | TEST
            | TZCNT
            | UD2
            | XADD
            | XCHG
            | XOR
            | CMOVA
            | CMOVB
            | CMOVG
            | CMOVGE
            | CMOVL
            | CMOVLE
            | CMOVNA
            | CMOVNB
            | CMOVNO
            | CMOVNP
            | CMOVNS
            | CMOVNZ
            | CMOVO
            | CMOVP
            | CMOVS
            | CMOVZ
            | SETA
            | SETAE
            | SETB
            | SETBE
            | SETG
            | SETGE
            | SETL
            | SETLE
            | SETNO
            | SETNP
            | SETNS
            | SETNZ
            | SETO
            | SETP
            | SETS
            | SETZ
            | JMP
            | JO
            | JNO
            | JB
            | JNB
            | JZ
            | JNZ
            | JNA
            | JA
            | JS
            | JNS
            | JP
            | JNP
            | JL
            | JGE
            | JLE
            | JG
            | INT
            | LOOP
            | LOOPZ
            | LOOPNZ
            | JRCXZ
    )
}

fn flow(opcode: Opcode, bytes: &[u8], address: u64) -> Flow {
    use Opcode::*;
    match opcode {
        LEA => rip_relative_lea(bytes, address).map_or(Flow::Next, Flow::Address),
        // With this prefix it is `pause`, which fills no gaps.
        NOP if bytes.first() != Some(&0xf3) => Flow::Nop,
        INT if bytes == [0xcc] => Flow::Filler,
        SYSCALL => Flow::Syscall,
        JMP | JMPF => Flow::Jump(relative_target(bytes, address)),
        CALL | CALLF => Flow::Call(relative_target(bytes, address)),
        JO | JNO | JB | JNB | JZ | JNZ | JNA | JA | JS | JNS | JP | JNP | JL | JGE | JLE | JG | LOOP | LOOPZ
        | LOOPNZ | JRCXZ | JECXZ | XBEGIN => Flow::Conditional(relative_target(bytes, address)),
        INT | INTO | SYSENTER | XABORT | ENCLU | VMCALL | VMMCALL => Flow::Conditional(None),
        RETURN | RETF | HLT | UD0 | UD1 | UD2 | IRET | IRETD | IRETQ | SYSRET | SYSEXIT | RSM => Flow::End,
        _ => Flow::Next,
    }
}

/// The target of a branch whose last bytes say how far it goes. `instruction` is known to be a branch.
pub(super) fn relative_target(instruction: &[u8], address: u64) -> Option<u64> {
    let opcode = match instruction {
        // Hints, `bnd`, the padding of TLS calls, and the address size of `jecxz`: they change nothing about the target.
        [0x26 | 0x2e | 0x36 | 0x3e | 0x40..=0x4f | 0x64..=0x67 | 0xf2 | 0xf3, rest @ ..] => {
            return relative_target(rest, address.wrapping_add(1));
        }
        opcode => opcode,
    };
    let distance = match *opcode {
        [0x70..=0x7f | 0xe0..=0xe3 | 0xeb, near] => i64::from(near.cast_signed()),
        [0xe8 | 0xe9, a, b, c, d] | [0x0f, 0x80..=0x8f, a, b, c, d] | [0xc7, 0xf8, a, b, c, d] => {
            i64::from(i32::from_le_bytes([a, b, c, d]))
        }
        _ => return None,
    };
    Some(address.wrapping_add(opcode.len() as u64).wrapping_add_signed(distance))
}

/// The address of `lea disp32(%rip),register`. `instruction` is known to be a `lea`.
pub(super) fn rip_relative_lea(instruction: &[u8], address: u64) -> Option<u64> {
    match *instruction {
        [0x48 | 0x4c, 0x8d, modrm, a, b, c, d] if modrm & 0xc7 == 0x05 => {
            let distance = i64::from(i32::from_le_bytes([a, b, c, d]));
            Some(address.wrapping_add(7).wrapping_add_signed(distance))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use super::super::decoder::Engine;
    use super::*;
    use crate::object::file::File;

    /// Every instruction of glibc, one after the other from the start of each function.
    #[test]
    fn simple_branches_are_what_the_decoder_says() {
        for (first, second) in (0..=255_u8).flat_map(|first| (0..=255_u8).map(move |second| (first, second))) {
            let code = [first, second, 0xfe, 0xff, 0x12, 0x80, 0x34, 0x56];
            if let Some(Step { length, flow, state }) = simple_branch(&code, 0x1000) {
                let sure = decoded(&code, 0x1000).unwrap();
                assert_eq!((length, flow, state), (sure.length, sure.flow, sure.state), "{code:02x?}");
                assert!(simple_branch(&code[..usize::from(length) - 1], 0x1000).is_none());
            }
        }
    }

    #[test]
    fn what_is_general_has_no_operand_in_another_register() {
        use yaxpeax_x86::long_mode::register_class as class;
        let general = [class::Q, class::D, class::W, class::B, class::RB, class::S, class::RIP, class::EIP];
        let file = File::open(Path::new("/lib/x86_64-linux-gnu/libc.so.6")).unwrap();
        let elf = file.parse().unwrap();
        let image = elf.image();
        let mut counts = [0, 0];
        for function in elf.functions().ranges {
            let code = image.bytes(function.start, (function.end - function.start) as usize).unwrap();
            let mut at = 0;
            while let Ok(instruction) = InstDecoder::default().decode(&mut U8Reader::new(&code[at..])) {
                let registers =
                    (0..instruction.operand_count()).filter_map(|operand| match instruction.operand(operand) {
                        x86::Operand::Register { reg } => Some(reg),
                        _ => None,
                    });
                let others = registers.filter(|register| !general.contains(&register.class())).count();
                assert!(!is_general(&instruction) || others == 0, "{instruction:?}");
                counts[usize::from(is_general(&instruction))] += 1;
                at += instruction.len().to_const() as usize;
            }
        }
        assert!(counts[0] > 10_000 && counts[1] > 200_000, "{counts:?}");
    }

    #[test]
    fn both_decoders_walk_alike() {
        let file = File::open(Path::new("/lib/x86_64-linux-gnu/libc.so.6")).unwrap();
        let elf = file.parse().unwrap();
        let image = elf.image();
        let engine = Engine::new().unwrap();
        let mut capstone = engine.decoder().unwrap();
        let (mut agreed, mut unknown) = (0, 0);
        for function in elf.functions().ranges {
            let mut at = function.start;
            while at < function.end {
                let code = image.bytes(at, (function.end - at) as usize).unwrap();
                let Some(theirs) = capstone.step(code, at) else { break };
                match step(code, at) {
                    Some(ours) => {
                        assert_eq!(ours.length, theirs.length, "{at:#x}: {:02x?}", code.get(..15));
                        // Capstone's side does not tell calls from conditional jumps.
                        let plain = |flow| match flow {
                            Flow::Call(target) => Flow::Conditional(target),
                            flow => flow,
                        };
                        assert_eq!(plain(ours.flow), theirs.flow, "{at:#x}: {:02x?}", code.get(..15));
                        agreed += 1;
                    }
                    None => unknown += 1,
                }
                at += u64::from(theirs.length);
            }
        }
        // The exceptions are instructions that the fast decoder does not know; Capstone is asked about them.
        assert!(agreed > 250_000 && unknown < agreed / 100, "{agreed} instructions alike, {unknown} unknown to one");
    }
}
