//! What an instruction leaves in eax.
//!
//! Capstone's table of written registers is compiled out, so this goes by a list of instructions that write their first
//! operand and nothing else but flags and the stack pointer. An instruction that is not on it may write anything.

use super::{code::Code, incoming::is_near_target, instruction::Eax};
use capstone::{
    RegId,
    arch::x86::{X86Insn, X86Operand, X86OperandType, X86Reg},
};

/// The effect of an instruction, of which Capstone gave number and operands.
pub(super) fn effect_on_eax(id: u32, mut operands: impl Iterator<Item = X86Operand>) -> Eax {
    let is = |names: &[X86Insn]| names.iter().any(|&name| name as u32 == id);
    if is(WRITES_NOTHING) {
        return Eax::Kept;
    }
    let (first, second) = (operands.next(), operands.next());
    let Some(X86OperandType::Reg(register)) = first.map(|operand| operand.op_type) else {
        return if is(WRITES_FIRST) { Eax::Kept } else { Eax::Lost };
    };
    match second.map(|operand| operand.op_type) {
        Some(X86OperandType::Imm(value)) if is(MOVE) && is_whole(register) => Eax::Constant(value as u32),
        Some(X86OperandType::Reg(other)) if is(CLEAR) && other == register && is_whole(register) => Eax::Constant(0),
        _ if is(WRITES_FIRST) && !is_part(register) => Eax::Kept,
        _ => Eax::Lost,
    }
}

/// Whether the bytes before a hit read `mov $number,%eax`, with a number of which something holds, and nothing near seems to
/// lead to the hit itself. That is no proof, the bytes may be the tail of something else: good enough to leave a site as it is.
pub(super) fn is_number_at_sight(code: &Code<'_>, hit: usize, holds: impl Fn(u32) -> bool) -> bool {
    /// No number of Linux, and hardly any other four bytes, are below it by chance.
    const NUMBERS: u32 = 1024;
    let before = hit.checked_sub(5).and_then(|start| code.bytes.get(start..hit));
    let Some(&[0xb8, a, b, c, d]) = before.and_then(<[u8]>::first_chunk) else { return false };
    let number = u32::from_le_bytes([a, b, c, d]);
    let address = code.address + hit as u64;
    number < NUMBERS && holds(number) && !is_near_target(code, &(address..address))
}

const MOVE: &[X86Insn] = &[X86Insn::X86_INS_MOV, X86Insn::X86_INS_MOVABS];

/// With the same register twice they leave zero, whatever was there.
const CLEAR: &[X86Insn] = &[X86Insn::X86_INS_XOR, X86Insn::X86_INS_SUB];

const WRITES_NOTHING: &[X86Insn] = &[
    X86Insn::X86_INS_CMP,
    X86Insn::X86_INS_TEST,
    X86Insn::X86_INS_PUSH,
    X86Insn::X86_INS_NOP,
    X86Insn::X86_INS_ENDBR64,
    X86Insn::X86_INS_BT,
];

const WRITES_FIRST: &[X86Insn] = &[
    X86Insn::X86_INS_MOV,
    X86Insn::X86_INS_MOVABS,
    X86Insn::X86_INS_MOVZX,
    X86Insn::X86_INS_MOVSX,
    X86Insn::X86_INS_MOVSXD,
    X86Insn::X86_INS_LEA,
    X86Insn::X86_INS_POP,
    X86Insn::X86_INS_XOR,
    X86Insn::X86_INS_OR,
    X86Insn::X86_INS_AND,
    X86Insn::X86_INS_ADD,
    X86Insn::X86_INS_SUB,
    X86Insn::X86_INS_NOT,
    X86Insn::X86_INS_NEG,
    X86Insn::X86_INS_SHL,
    X86Insn::X86_INS_SHR,
    X86Insn::X86_INS_SAR,
    X86Insn::X86_INS_CMOVE,
    X86Insn::X86_INS_CMOVNE,
    X86Insn::X86_INS_SETE,
    X86Insn::X86_INS_SETNE,
    X86Insn::X86_INS_MOVAPS,
    X86Insn::X86_INS_MOVUPS,
    X86Insn::X86_INS_MOVDQA,
    X86Insn::X86_INS_MOVDQU,
    X86Insn::X86_INS_MOVQ,
    X86Insn::X86_INS_MOVHPS,
    X86Insn::X86_INS_MOVSS,
    X86Insn::X86_INS_PUNPCKLQDQ,
    X86Insn::X86_INS_PXOR,
];

/// Whether a write to this register says all of eax: one to 32 bits clears the rest.
fn is_whole(register: RegId) -> bool {
    [X86Reg::X86_REG_EAX, X86Reg::X86_REG_RAX].contains(&u32::from(register.0))
}

fn is_part(register: RegId) -> bool {
    is_whole(register) || [X86Reg::X86_REG_AX, X86Reg::X86_REG_AL, X86Reg::X86_REG_AH].contains(&u32::from(register.0))
}
