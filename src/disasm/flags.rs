//! Whether anybody reads the flags as they were at a system call, or r11, in which the kernel returns them.
//!
//! To keep the flags costs a crossing more than a nanosecond (`cargo bench -- calls`), and hardly anybody reads them: compilers take it that an
//! `asm` statement changes all flags, and that a system call changes r11. But assembly may read them. So every way from behind the
//! call is followed until both are written, or nobody can read them any more: by the ABI neither outlives a call or a return, and
//! neither is an argument.
//!
//! These are the flags that arithmetic sets. The others are to a hook, and become through it, as with any function that is called, where the
//! ABI has the direction flag clear. A function that sets it itself is not for this: `walk` and `held` leave it out.

use std::collections::BTreeSet;

use yaxpeax_arch::{Decoder as _, U8Reader};
use yaxpeax_x86::long_mode::{InstDecoder, Instruction, Opcode, Operand, RegSpec, register_class};

use super::{
    code::Code,
    plain::plain_length,
    site::Site,
    step::{Flow, State, Step, simple_branch, step_of},
};

/// How many instructions are looked at for all sites of an object: those of a libc take a tenth of it. Ways may come together from any number
/// of sites, in a file that was made for that.
pub(super) const MOST_STEPS: usize = 1 << 20;

/// Which of the two may still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Live {
    flags: bool,
    r11: bool,
}

/// Whether nobody reads the flags of a site after the call, nor r11. What cannot be followed reads them. `is_call` says of an address outside
/// of the function whether who jumps there calls another function so. `steps` are left of [`MOST_STEPS`].
pub(super) fn are_dead(run: &Code<'_>, site: &Site, is_call: impl Fn(u64) -> bool, steps: &mut usize) -> bool {
    let function = run.slice(site.function.clone());
    let mut seen = BTreeSet::new();
    let mut work = vec![(site.end(), Live { flags: true, r11: true })];
    while let Some((start, live)) = work.pop() {
        let is_new = seen.insert((start, live));
        let mut ahead = is_new.then_some((start, live));
        while let Some((address, live)) = ahead {
            let Some(left) = steps.checked_sub(1) else { return false };
            *steps = left;
            let code = function.get((address - site.function.start) as usize..).unwrap_or_default();
            let Some((step, live)) = pass(code, address, live) else { return false };
            let next = Some((address + u64::from(step.length), live));
            ahead = match step.flow {
                _ if live == Live { flags: false, r11: false } => None,
                Flow::Next | Flow::Address(_) | Flow::Nop | Flow::Syscall => next,
                Flow::Conditional(Some(target)) if site.function.contains(&target) => {
                    work.push((target, live));
                    next
                }
                Flow::Jump(Some(target)) if site.function.contains(&target) => {
                    work.push((target, live));
                    None
                }
                Flow::Jump(Some(target)) if is_call(target) => None,
                Flow::Call(_) | Flow::End | Flow::Filler => None,
                Flow::Jump(_) | Flow::Conditional(_) => return false,
            };
        }
    }
    true
}

/// Passes the instruction at the start of these bytes. Answers also which may be read behind it; `None` if it may read one itself, or is none.
fn pass(code: &[u8], address: u64, live: Live) -> Option<(Step, Live)> {
    if let Some(step) = simple_branch(code, address) {
        return (!live.flags || !matches!(step.flow, Flow::Conditional(_))).then_some((step, live));
    }
    if let Some((length, writes_flags)) = at_sight(code).filter(|&(_, writes_flags)| writes_flags || !live.flags) {
        let step = Step { length, flow: Flow::Next, state: State::General };
        return Some((step, Live { flags: live.flags && !writes_flags, ..live }));
    }
    let instruction = InstDecoder::default().decode(&mut U8Reader::new(code)).ok()?;
    let step = step_of(&instruction, code, address)?;
    let (of_flags, of_r11) = (on_flags(&instruction, &step), on_r11(&instruction, &step));
    if (live.flags && of_flags == Use::Reads) || (live.r11 && of_r11 == Use::Reads) {
        return None;
    }
    let (flags, r11) = (live.flags && of_flags != Use::Writes, live.r11 && of_r11 != Use::Writes);
    Some((step, Live { flags, r11 }))
}

/// The length of a plain instruction that names none of the registers from r8 on, and whether it is sure to be one that writes all flags and
/// reads none. Most are, and decoding them all would take as long as a tenth of everything else.
fn at_sight(code: &[u8]) -> Option<(u8, bool)> {
    let length = plain_length(*code.first_chunk()?).filter(|&length| length <= code.len())? as u8;
    let opcode = match *code {
        // REX, with nothing but the bit for 64 bits.
        [0x40 | 0x48, opcode, ..] => opcode,
        [0x41..=0x4f | 0x64, ..] => return None,
        [opcode, ..] => opcode,
        [] => return None,
    };
    // add, or, and, sub, xor, cmp in all their forms, without adc and sbb; test.
    let is_arithmetic = opcode < 0x40 && opcode & 7 < 6 && opcode & 0x30 != 0x10;
    Some((length, is_arithmetic || matches!(opcode, 0x84 | 0x85 | 0xa8 | 0xa9)))
}

/// What an instruction does to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Nothing,
    /// Or may read it.
    Reads,
    /// All of it, and does not read it.
    Writes,
}

/// What it does to the flags.
fn on_flags(instruction: &Instruction, step: &Step) -> Use {
    use Opcode::*;
    match instruction.opcode() {
        ADD | SUB | CMP | NEG | AND | OR | XOR | TEST | XADD | CMPXCHG => Use::Writes,
        MOV | MOVZX | MOVSX | MOVSXD | LEA | PUSH | POP | LEAVE | XCHG | BSWAP | NOT | NOP | ENDBR64 | CALL
        | RETURN | JMP | UD2 | CBW | CWDE | CDQE | CWD | CDQ | CQO | MOVS | STOS | LFENCE | MFENCE | SFENCE => {
            Use::Nothing
        }
        // They write some flags, or undefined ones, or none if they shift by nothing.
        INC | DEC | SHL | SHR | SAR | ROL | ROR | BT | BTS | BTR | BTC | BSF | BSR | MUL | IMUL | DIV | IDIV => {
            Use::Nothing
        }
        _ if step.state == State::Vectors => Use::Nothing,
        _ => Use::Reads,
    }
}

fn on_r11(instruction: &Instruction, step: &Step) -> Use {
    use Opcode::*;
    if step.flow == Flow::Syscall {
        return Use::Writes;
    }
    let (to, from) = (instruction.operand(0), instruction.operand(1));
    if [RegSpec::r11(), RegSpec::r11d()].map(|reg| Operand::Register { reg }).contains(&to) {
        match instruction.opcode() {
            MOV | MOVZX | MOVSX | MOVSXD | LEA if !mentions_r11(&from) => return Use::Writes,
            XOR | SUB if from == to => return Use::Writes,
            POP => return Use::Writes,
            _ => {}
        }
    }
    let mentions = (0..instruction.operand_count()).any(|at| mentions_r11(&instruction.operand(at)));
    if mentions { Use::Reads } else { Use::Nothing }
}

/// Whether an operand is r11 or a part of it, or in memory where r11 says.
fn mentions_r11(operand: &Operand) -> bool {
    use Operand::*;
    match *operand {
        Nothing | ImmediateI8 { .. } | ImmediateU8 { .. } | ImmediateI16 { .. } | ImmediateU16 { .. } => false,
        ImmediateI32 { .. } | ImmediateU32 { .. } | ImmediateI64 { .. } | ImmediateU64 { .. } => false,
        AbsoluteU32 { .. } | AbsoluteU64 { .. } => false,
        Register { reg: one } | MemDeref { base: one } | Disp { base: one, .. } => may_be_r11(one),
        MemIndexScale { index, .. } | MemIndexScaleDisp { index, .. } => may_be_r11(index),
        MemBaseIndexScale { base, index, .. } | MemBaseIndexScaleDisp { base, index, .. } => {
            may_be_r11(base) || may_be_r11(index)
        }
        // AVX-512.
        _ => true,
    }
}

fn may_be_r11(register: RegSpec) -> bool {
    use register_class::{D, Q, RB, W};
    register.num() == 11 && [Q, D, W, RB].contains(&register.class())
}

/// Whether an instruction may set the direction flag.
pub(super) fn sets_direction(instruction: &[u8]) -> bool {
    let decoded = InstDecoder::default().decode(&mut U8Reader::new(instruction));
    decoded.is_ok_and(|instruction| matches!(instruction.opcode(), Opcode::STD | Opcode::POPF))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init, reason = "a test; a list of one function")]

    use super::*;
    use std::ops::Range;

    /// Whether flags are dead at the first system call of a function.
    fn dead(function: &[&[u8]]) -> bool {
        let function = function.concat();
        let length = function.len() as u64;
        let code = [&function[..], &[0x90; 32]].concat();
        let run = Code { address: 0x1000, bytes: &code };
        let at = code.windows(2).position(|pair| pair == SYSCALL).unwrap() as u64;
        let site = site(0x1000..0x1000 + length, 0x1000 + at);
        are_dead(&run, &site, |target| target != 0x2000, &mut MOST_STEPS.clone())
    }

    fn site(function: Range<u64>, address: u64) -> Site {
        Site {
            address,
            length: 2,
            line: function.start,
            function,
            unwind_info: true,
            number: None,
            before: Vec::new(),
            after: Vec::new(),
            targets: Vec::new(),
            state_is_dead: false,
            x87_is_empty: false,
            detour: None,
        }
    }

    const SYSCALL: &[u8] = &[0x0f, 0x05];
    const RET: &[u8] = &[0xc3];
    /// `cmp $-4095,%rax`
    const COMPARE: &[u8] = &[0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];
    /// `mov %rax,%r11`
    const TO_R11: &[u8] = &[0x49, 0x89, 0xc3];
    /// `mov %r11,%rdx`
    const FROM_R11: &[u8] = &[0x4c, 0x89, 0xda];
    /// `call` of somewhere else
    const CALL: &[u8] = &[0xe8, 0, 0x10, 0, 0];

    /// `ja` over so many bytes
    const fn above(bytes: u8) -> [u8; 2] {
        [0x77, bytes]
    }

    #[test]
    fn what_compilers_write_reads_neither() {
        assert!(dead(&[SYSCALL, RET]));
        assert!(dead(&[SYSCALL, COMPARE, &above(0), RET]));
        assert!(dead(&[SYSCALL, CALL, FROM_R11, RET]));
        assert!(dead(&[SYSCALL, &[0xff, 0xd0], FROM_R11, RET]));
        // Moves first, and pushes; then `test %eax,%eax; je` back to the call.
        assert!(dead(&[SYSCALL, &[0x89, 0xc3], &[0x53], &[0x85, 0xc0], &[0x74, 0xf7], RET]));
        // Another function is jumped to, and not part of one.
        assert!(dead(&[SYSCALL, &[0xe9, 0, 0x10, 0, 0]]));
        assert!(!dead(&[SYSCALL, &[0xe9, 0xf9, 0x0f, 0, 0]]));
        // r11 is written before it is read.
        assert!(dead(&[SYSCALL, COMPARE, TO_R11, &above(0), FROM_R11, RET]));
    }

    #[test]
    fn who_reads_the_flags_is_seen() {
        // setc %al; jc; cmovc %ecx,%eax; adc $0,%eax; pushf; lahf; rcl %eax
        let readers: [&[u8]; 7] =
            [&[0x0f, 0x92, 0xc0], &[0x72, 0], &[0x0f, 0x42, 0xc1], &[0x83, 0xd0, 0], &[0x9c], &[0x9f], &[0xd1, 0xd0]];
        for reader in readers {
            assert!(!dead(&[SYSCALL, reader, RET]), "{reader:02x?}");
            assert!(!dead(&[SYSCALL, &[0x89, 0xc3], reader, RET]), "behind a mov: {reader:02x?}");
            // `inc` leaves CF alone, and a shift may shift by nothing.
            assert!(!dead(&[SYSCALL, &[0xff, 0xc3], &[0xd3, 0xe3], reader, RET]), "{reader:02x?}");
            assert!(!dead(&[SYSCALL, SYSCALL, reader, RET]), "behind another call: {reader:02x?}");
            assert!(dead(&[SYSCALL, COMPARE, reader, RET]), "behind cmp: {reader:02x?}");
        }
    }

    #[test]
    fn who_reads_r11_is_seen() {
        // mov %r11,%rdx; push %r11; mov (%r11),%rax; mov (%rax,%r11),%rax; add %r11,%rax; mov %r11b,%al; mov $1,%r11b
        let readers: [&[u8]; 7] = [
            FROM_R11,
            &[0x41, 0x53],
            &[0x49, 0x8b, 0x03],
            &[0x4a, 0x8b, 0x04, 0x18],
            &[0x4c, 0x01, 0xd8],
            &[0x44, 0x88, 0xd8],
            &[0x41, 0xb3, 1],
        ];
        for reader in readers {
            assert!(!dead(&[SYSCALL, reader, RET]), "{reader:02x?}");
            assert!(!dead(&[SYSCALL, COMPARE, &above(0), reader, RET]), "behind cmp: {reader:02x?}");
            assert!(!dead(&[SYSCALL, COMPARE, &above(3), TO_R11, reader, RET]), "past mov: {reader:02x?}");
            assert!(dead(&[SYSCALL, COMPARE, TO_R11, reader, RET]), "behind mov: {reader:02x?}");
        }
        // The kernel puts the flags there, and others where these have been written.
        assert!(!dead(&[SYSCALL, TO_R11, SYSCALL, FROM_R11, RET]));
        assert!(!dead(&[SYSCALL, SYSCALL, COMPARE, RET]));
        assert!(dead(&[SYSCALL, COMPARE, SYSCALL, FROM_R11, RET]));
    }

    #[test]
    fn what_cannot_be_followed_reads_both() {
        // jmp *%rax; the end of the function; bytes that are no instruction; fcmove
        for end in [&[0xff, 0xe0][..], &[], &[0x06], &[0xda, 0xc8, 0xc3]] {
            assert!(!dead(&[SYSCALL, end]), "{end:02x?}");
        }
        assert!(dead(&[SYSCALL, COMPARE, TO_R11, &[0xff, 0xe0]]), "where it leads both have been written");
    }

    #[test]
    fn an_instruction_that_ends_behind_the_function_is_none() {
        // The first eight bytes of `movl $1,16(%rsp,%riz)`, which has eleven: at the end of all addresses.
        let code = [SYSCALL, COMPARE, &[0xc7, 0x84, 0x24, 0x10, 0, 0, 0, 1]].concat();
        let address = u64::MAX - code.len() as u64;
        let site = site(address..u64::MAX, address);
        assert!(!are_dead(&Code { address, bytes: &code }, &site, |_| true, &mut MOST_STEPS.clone()));
    }

    #[test]
    fn no_more_is_looked_at_than_it_may_cost() {
        let code = [SYSCALL, COMPARE, &[0x90; 100], RET].concat();
        let site = site(0x1000..0x1000 + code.len() as u64, 0x1000);
        let run = Code { address: 0x1000, bytes: &code };
        let mut steps = 150;
        assert!(are_dead(&run, &site, |_| true, &mut steps));
        assert!(steps < 50 && !are_dead(&run, &site, |_| true, &mut steps) && steps == 0);
    }
}
