//! The number of a call where it takes the whole function to tell: loaded into another register, or long before.
//!
//! Every register of every instruction of the function is followed along all paths (constant propagation). That takes as long as
//! everything else together, so it is done for an index and not when a program starts. A number that is not found costs a test
//! in the stub; one that is found wrongly costs a call that nobody sees. So whatever is not known to leave a register as it is
//! changes it, control comes from anywhere to where it is not seen to come from, and functions with indirect jumps are left out.

use std::collections::BTreeMap;
use std::ops::Range;

use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_x86::long_mode::{InstDecoder, Instruction, Opcode, Operand, RegSpec, register_class};

use super::{
    code::{Code, run_at},
    incoming::{Arrival, Places, incoming},
    site::Site,
    step::{Flow, step},
};

const RAX: usize = 0;
const RCX: usize = 1;
const RDX: usize = 2;
const RBX: usize = 3;
const RBP: usize = 5;
const RSI: usize = 6;
const RDI: usize = 7;
const R11: usize = 11;
/// What a call leaves as it is, by the ABI.
const SAVED: [usize; 6] = [RBX, RBP, 12, 13, 14, 15];

/// The lower halves of the registers: those that hold the same each time.
type Registers = [Option<u32>; 16];

const UNKNOWN: Registers = [None; 16];

/// Fills in the numbers of sites that have none yet.
pub(super) fn find_numbers(runs: &[Code<'_>], sites: &mut [Site]) {
    let functions = || sites.iter().filter(|site| site.number.is_none() && site.unwind_info).map(|site| &site.function);
    let places = Places::new(functions().cloned());
    let mut arrivals: Vec<Arrival> = runs.iter().flat_map(|run| incoming(run, &places)).collect();
    arrivals.sort_unstable();
    let mut last: Option<Function> = None;
    for site in sites.iter_mut().filter(|site| site.number.is_none() && site.unwind_info) {
        if last.as_ref().is_none_or(|function| function.range != site.function) {
            last = Function::new(runs, &site.function, &arrivals);
        }
        site.number = last.as_ref().and_then(|function| function.before.get(&site.address)?[RAX]);
    }
}

/// What the registers hold before each instruction of a function.
struct Function {
    range: Range<u64>,
    before: BTreeMap<u64, Registers>,
}

impl Function {
    fn new(runs: &[Code<'_>], range: &Range<u64>, arrivals: &[Arrival]) -> Option<Function> {
        let run = run_at(runs, range.start)?;
        let steps = Steps::of(run.slice(range.clone()), range.start)?;
        let outside = arrivals.iter().filter(|arrival| !range.contains(&arrival.source)).map(|arrival| arrival.target);
        let mut before: BTreeMap<u64, Registers> = BTreeMap::new();
        let mut work: Vec<(u64, Registers)> = steps.entries.iter().map(|&entry| (entry, UNKNOWN)).collect();
        work.extend(outside.filter(|target| steps.all.contains_key(target)).map(|target| (target, UNKNOWN)));
        while let Some((address, arriving)) = work.pop() {
            let Some(instruction) = steps.all.get(&address) else { continue };
            let merged = match before.get(&address) {
                None => arriving,
                Some(known) => std::array::from_fn(|at| known[at].filter(|_| known[at] == arriving[at])),
            };
            if before.insert(address, merged) == Some(merged) {
                continue;
            }
            let after = instruction.registers_after(merged);
            work.extend(instruction.next.iter().flatten().map(|&next| (next, after)));
        }
        Some(Function { range: range.clone(), before })
    }
}

/// The instructions of a function, from its first byte on one behind the other.
struct Steps {
    all: BTreeMap<u64, Place>,
    /// Where control can come from anywhere.
    entries: Vec<u64>,
}

/// An instruction and where control goes from there.
struct Place {
    instruction: Instruction,
    calls: bool,
    next: [Option<u64>; 2],
}

impl Steps {
    /// `None` if it has an indirect jump, or bytes that are no instruction.
    fn of(code: &[u8], start: u64) -> Option<Steps> {
        let mut all = BTreeMap::new();
        let mut at = 0;
        // Behind instructions that control does not pass: somebody comes there, though nobody may be seen to.
        let mut gaps = vec![start];
        while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
            let address = start + at as u64;
            let step = step(rest, address)?;
            let instruction = InstDecoder::default().decode(&mut U8Reader::new(rest)).ok()?;
            at += usize::from(step.length);
            let behind = Some(start + at as u64);
            let (calls, next) = match step.flow {
                Flow::Next | Flow::Address(_) | Flow::Nop | Flow::Syscall => (false, [behind, None]),
                Flow::Conditional(target) => (false, [behind, Some(target?)]),
                Flow::Call(_) => (true, [behind, None]),
                Flow::Jump(target) => (false, [Some(target?), None]),
                Flow::End | Flow::Filler => (false, [None, None]),
            };
            // What only fills up to an aligned address is not what somebody comes for.
            let fills = step.flow == Flow::Nop && gaps.last() == Some(&address) && address != start;
            if fills {
                gaps.pop();
            }
            if fills || next[0] != behind {
                gaps.extend(behind);
            }
            all.insert(address, Place { instruction, calls, next });
        }
        let targets: Vec<u64> = all.values().filter_map(|place| place.target()).collect();
        gaps.retain(|gap| *gap == start || !targets.contains(gap));
        Some(Steps { all, entries: gaps })
    }
}

impl Place {
    /// Where it branches to.
    fn target(&self) -> Option<u64> {
        self.next[1].or(if self.instruction.opcode() == Opcode::JMP { self.next[0] } else { None })
    }

    /// What the registers hold behind it.
    fn registers_after(&self, mut registers: Registers) -> Registers {
        use Opcode::*;
        let instruction = &self.instruction;
        if self.calls {
            return std::array::from_fn(|at| registers[at].filter(|_| SAVED.contains(&at)));
        }
        let written: &[usize] = match instruction.opcode() {
            CMP | TEST | PUSH | BT | NOP | ENDBR64 | JMP | LFENCE | MFENCE | SFENCE => return registers,
            JO | JNO | JB | JNB | JZ | JNZ | JA | JNA | JS | JNS | JP | JNP | JL | JGE | JLE | JG => return registers,
            MOV => {
                if let Operand::Register { reg } = instruction.operand(0)
                    && let Some(at) = general(reg)
                {
                    registers[at] = if is_whole(reg) { self.value(&registers) } else { None };
                }
                return registers;
            }
            XOR | SUB if instruction.operand(0) == instruction.operand(1) => {
                if let Operand::Register { reg } = instruction.operand(0)
                    && let Some(at) = general(reg)
                {
                    registers[at] = Some(0).filter(|_| is_whole(reg));
                }
                return registers;
            }
            ADD | SUB | AND | OR | XOR | LEA | MOVZX | MOVSX | MOVSXD | INC | DEC | NEG | NOT | SHL | SHR | SAR
            | ROL | ROR | ADC | SBB | POP | XCHG | XADD | BSF | BSR | BTS | BTR | BTC | SETA | SETB | SETG | SETGE
            | SETL | SETLE | SETNZ | SETZ | SETAE | SETBE | SETS | SETNS | CMOVA | CMOVB | CMOVG | CMOVGE | CMOVL
            | CMOVLE | CMOVNZ | CMOVZ | CMOVS | CMOVNS | CMOVNA | CMOVNB => &[],
            CMPXCHG => &[RAX],
            SYSCALL => &[RAX, RCX, R11],
            // What else there is may change what it does not name.
            _ => &[RAX, RCX, RDX, RBX, RBP, RSI, RDI, R11],
        };
        for &at in written {
            registers[at] = None;
        }
        for operand in 0..instruction.operand_count() {
            if let Operand::Register { reg } = instruction.operand(operand)
                && let Some(at) = general(reg)
            {
                registers[at] = None;
            }
        }
        registers
    }

    /// What a `mov` moves, if that is the same each time.
    fn value(&self, registers: &Registers) -> Option<u32> {
        match self.instruction.operand(1) {
            Operand::ImmediateI32 { imm } => Some(imm.cast_unsigned()),
            Operand::ImmediateU32 { imm } => Some(imm),
            Operand::ImmediateI64 { imm } => Some(imm as u32),
            Operand::ImmediateU64 { imm } => Some(imm as u32),
            Operand::Register { reg } if is_whole(reg) => registers[general(reg)?],
            _ => None,
        }
    }
}

/// Whether it is all of a general register, or the half that clears the other.
fn is_whole(register: RegSpec) -> bool {
    [register_class::Q, register_class::D].contains(&register.class())
}

/// Which general register it is, or a part of.
fn general(register: RegSpec) -> Option<usize> {
    let number = usize::from(register.num());
    let class = register.class();
    if is_whole(register) || class == register_class::W || class == register_class::RB {
        return Some(number);
    }
    // `ah`, `ch`, `dh` and `bh` come behind `al` to `bl`.
    (class == register_class::B).then_some(number % 4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init, reason = "a test; a list of one function")]

    use crate::disasm::{locate, locate_thoroughly};
    use crate::object::loaded::objects;
    use crate::object::{Functions, Image, Segment, Source};

    /// The numbers of the sites of a function: what one look tells, and what the whole function tells.
    fn numbers(code: &[&[u8]]) -> [Vec<Option<u32>>; 2] {
        let code = code.concat();
        let range = 0x1000..0x1000 + code.len() as u64;
        let image = Image::new(vec![Segment { address: 0x1000, bytes: &code, executable: true, file_offset: 0 }]);
        let functions = Functions { ranges: vec![range], source: Source::UnwindTable };
        let located = [locate(&image, &functions), locate_thoroughly(&image, &functions, false)];
        located.map(|located| {
            let located = located.unwrap();
            located.sites.iter().map(|site| site.number).collect()
        })
    }

    const SYSCALL: &[u8] = &[0x0f, 0x05];
    const RET: &[u8] = &[0xc3];
    /// `mov $202,%r12d`
    const TO_R12: &[u8] = &[0x41, 0xbc, 202, 0, 0, 0];
    /// `mov $202,%edx`
    const TO_EDX: &[u8] = &[0xba, 202, 0, 0, 0];
    /// `mov %r12d,%eax`
    const FROM_R12: &[u8] = &[0x44, 0x89, 0xe0];
    /// `mov %edx,%eax`
    const FROM_EDX: &[u8] = &[0x89, 0xd0];
    /// `call` of somewhere else
    const CALL: &[u8] = &[0xe8, 0, 0x10, 0, 0];

    #[test]
    fn a_number_is_found_in_another_register() {
        assert_eq!(numbers(&[TO_R12, CALL, FROM_R12, SYSCALL, RET]), [vec![None], vec![Some(202)]]);
        // In a loop: back to the copy.
        assert_eq!(numbers(&[TO_R12, FROM_R12, SYSCALL, &[0x75, 0xf9], RET])[1], [Some(202)]);
        assert_eq!(numbers(&[TO_EDX, FROM_EDX, SYSCALL, &[0x75, 0xfa], RET])[1], [Some(202)]);
    }

    #[test]
    fn a_number_is_found_though_somebody_arrives_on_the_way() {
        // mov $202,%eax; test %edi,%edi; je past it; xor %esi,%esi; syscall
        let code: [&[u8]; 6] = [&[0xb8, 202, 0, 0, 0], &[0x85, 0xff], &[0x74, 0x02], &[0x31, 0xf6], SYSCALL, RET];
        assert_eq!(numbers(&code), [vec![None], vec![Some(202)]]);
    }

    #[test]
    fn nobody_comes_to_what_fills_a_gap() {
        // mov $202,%r12d; jmp over nop and `inc`, which is in a loop; the copy; syscall; je back to the inc
        let code: [&[u8]; 8] =
            [TO_R12, &[0xeb, 0x05], &[0x0f, 0x1f, 0x00], &[0xff, 0xc3], FROM_R12, SYSCALL, &[0x74, 0xf7], RET];
        assert_eq!(numbers(&code), [vec![None], vec![Some(202)]]);
    }

    #[test]
    fn what_may_change_on_any_way_is_not_believed() {
        let cases: [&[&[u8]]; 8] = [
            // A call changes edx.
            &[TO_EDX, CALL, FROM_EDX, SYSCALL, RET],
            // A path goes past the load: `jmp` over it.
            &[&[0x74, 0x06], TO_R12, FROM_R12, SYSCALL, RET],
            // Another number on another path.
            &[TO_R12, &[0x74, 0x06], &[0x41, 0xbc, 1, 0, 0, 0], FROM_R12, SYSCALL, RET],
            // A part of it is written: mov $1,%r12b
            &[TO_R12, &[0x41, 0xb4, 1], FROM_R12, SYSCALL, RET],
            // pop %r12
            &[TO_R12, &[0x41, 0x5c], FROM_R12, SYSCALL, RET],
            // xchg %rbx,%r12
            &[TO_R12, &[0x4c, 0x87, 0xe3], FROM_R12, SYSCALL, RET],
            // Behind a `ret` somebody may come from anywhere.
            &[TO_R12, RET, FROM_R12, SYSCALL, RET],
            // cpuid changes edx, and says so nowhere.
            &[TO_EDX, &[0x0f, 0xa2], FROM_EDX, SYSCALL, RET],
        ];
        for code in cases {
            assert_eq!(numbers(code)[1], [None], "{code:02x?}");
        }
        // jmp *%rax: nobody knows where to.
        assert_eq!(numbers(&[TO_R12, FROM_R12, SYSCALL, &[0xff, 0xe0], RET])[1], [None]);
    }

    #[test]
    fn it_finds_nothing_else_than_a_look_does_where_that_finds_something() {
        let objects = objects();
        let libc = objects.iter().find(|object| object.is_libc()).unwrap();
        let quick = locate(&libc.image, &libc.functions()).unwrap().sites;
        let mut without = quick.clone();
        without.iter_mut().for_each(|site| site.number = None);
        super::find_numbers(&super::super::code::code(&libc.image), &mut without);
        let mut same = 0;
        for (one, other) in quick.iter().zip(&without) {
            if let (Some(looked), Some(followed)) = (one.number, other.number) {
                assert_eq!(looked, followed, "{:x}", libc.in_file(one.address));
                same += 1;
            }
        }
        assert!(same > quick.len() / 2, "{same} of {}", quick.len());
    }
}
