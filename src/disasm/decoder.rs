//! Capstone: the authority on what is patched, asked about nothing else.
//!
//! The crate's `full` feature is off: without the text of instructions Capstone is smaller and faster, and the names, the
//! operands and the encoding are all there. What is missing is the list of registers an instruction writes; see `constant`.

use super::{
    Error,
    constant::effect_on_eax,
    instruction::{Branch, Instruction, Kind},
    known::Known,
    step::{Flow, State, Step, relative_target, rip_relative_lea},
};
use capstone::{
    Arch, Capstone, DisasmIter, Insn, Mode, NO_EXTRA_MODE,
    arch::{
        ArchDetail, DetailsArchInsn,
        x86::{X86Insn, X86InsnDetail, X86OperandType, X86Reg},
    },
};

/// A handle that gives operands.
pub(super) struct Engine(Capstone);

impl Engine {
    pub(super) fn new() -> Result<Self, Error> {
        let mut engine = Capstone::new_raw(Arch::X86, Mode::Mode64, NO_EXTRA_MODE, None).map_err(Error::Decoder)?;
        engine.set_detail(true).map_err(Error::Decoder)?;
        Ok(Engine(engine))
    }

    pub(super) fn decoder<'e, 'b>(&'e self) -> Result<Decoder<'e, 'b>, Error> {
        let instructions = self.0.disasm_iter(&[], 0).map_err(Error::Decoder)?;
        Ok(Decoder { instructions, engine: &self.0, known: Known::new() })
    }
}

/// Decodes one instruction at a time, and allocates nothing for it.
pub(super) struct Decoder<'e, 'b> {
    instructions: DisasmIter<'e, 'b>,
    engine: &'e Capstone,
    known: Known,
}

impl<'b> Decoder<'_, 'b> {
    /// The instruction at the start of these bytes, with everything the planner wants to know; nothing if they hold none.
    pub(super) fn instruction(&mut self, code: &'b [u8], address: u64) -> Option<Instruction> {
        if let Some(known) = self.known.recall(code, address) {
            return Some(known);
        }
        let instruction = self.decode(code, address)?;
        self.known.keep(&instruction);
        Some(instruction)
    }

    fn decode(&mut self, code: &'b [u8], address: u64) -> Option<Instruction> {
        self.instructions.reset(code, address);
        let instruction = self.instructions.next()?;
        let length = length(&instruction)?;
        let detail = self.engine.insn_detail(&instruction).ok()?;
        let ArchDetail::X86Detail(operands) = detail.arch_detail();
        let branch = |falls_through| {
            Kind::Branch(Branch { target: relative_target(instruction.bytes(), address), falls_through })
        };
        let kind = match name(&instruction) {
            Name::Plain | Name::Lea => plain_kind(&instruction, &operands),
            Name::Nop => Kind::Nop,
            Name::EndBranch => Kind::EndBranch,
            Name::Int3 | Name::Dead => Kind::Trap,
            Name::Syscall => Kind::Syscall,
            Name::Return => Kind::Return,
            Name::Jump => branch(false),
            Name::Interrupt | Name::Conditional | Name::Call => branch(true),
        };
        Instruction::new(
            address,
            code.get(..usize::from(length))?,
            kind,
            effect_on_eax(instruction.id().0, operands.operands()),
        )
    }

    /// The same as [`step`](super::step::step).
    pub(super) fn step(&mut self, code: &'b [u8], address: u64) -> Option<Step> {
        let instruction = self.instruction(code, address)?;
        let flow = match instruction.kind {
            Kind::Plain | Kind::RipRelative { .. } | Kind::EndBranch | Kind::Pinned => {
                rip_relative_lea(instruction.bytes(), address).map_or(Flow::Next, Flow::Address)
            }
            Kind::Nop => Flow::Nop,
            Kind::Trap if instruction.bytes() == [0xcc] => Flow::Filler,
            Kind::Trap | Kind::Return => Flow::End,
            Kind::Syscall => Flow::Syscall,
            Kind::Branch(Branch { target, falls_through: true }) => Flow::Conditional(target),
            Kind::Branch(Branch { target, falls_through: false }) => Flow::Jump(target),
        };
        // Asked about what the fast decoder does not know: the newest vector instructions, mostly.
        Some(Step { length: instruction.length(), flow, state: State::Any })
    }

    /// The table an indirect jump at the start of these bytes reads, where its address stands in the instruction:
    /// `jmp *table(,%rax,8)`, as compilers write it in programs that are not position-independent.
    pub(super) fn absolute_table(&mut self, code: &'b [u8], address: u64) -> Option<u64> {
        self.instructions.reset(code, address);
        let instruction = self.instructions.next()?;
        let detail = self.engine.insn_detail(&instruction).ok()?;
        let ArchDetail::X86Detail(operands) = detail.arch_detail();
        operands.operands().find_map(|operand| match operand.op_type {
            X86OperandType::Mem(memory) if memory.base().0 == 0 && memory.index().0 != 0 && memory.scale() == 8 => {
                Some(memory.disp().cast_unsigned())
            }
            _ => None,
        })
    }
}

/// What an instruction is, as far as it matters here. Capstone says it by its number.
enum Name {
    Plain,
    Lea,
    Nop,
    EndBranch,
    Int3,
    Syscall,
    Return,
    Dead,
    Interrupt,
    Conditional,
    Call,
    Jump,
}

fn name(instruction: &Insn<'_>) -> Name {
    macro_rules! table {
        ($($name:ident: $($id:ident)|+;)+) => {{
            // Constants, because patterns cannot hold casts.
            $($(const $id: u32 = X86Insn::$id as u32;)+)+
            match instruction.id().0 {
                $($($id)|+ => Name::$name,)+
                _ => Name::Plain,
            }
        }};
    }
    table! {
        Lea: X86_INS_LEA;
        Nop: X86_INS_NOP;
        EndBranch: X86_INS_ENDBR64 | X86_INS_ENDBR32;
        Int3: X86_INS_INT3;
        Syscall: X86_INS_SYSCALL;
        Return: X86_INS_RET;
        Jump: X86_INS_JMP | X86_INS_LJMP;
        Call: X86_INS_CALL | X86_INS_LCALL;
        Conditional: X86_INS_JAE | X86_INS_JA | X86_INS_JBE | X86_INS_JB | X86_INS_JCXZ | X86_INS_JECXZ | X86_INS_JE
            | X86_INS_JGE | X86_INS_JG | X86_INS_JLE | X86_INS_JL | X86_INS_JNE | X86_INS_JNO | X86_INS_JNP | X86_INS_JNS
            | X86_INS_JO | X86_INS_JP | X86_INS_JRCXZ | X86_INS_JS | X86_INS_LOOP | X86_INS_LOOPE | X86_INS_LOOPNE
            | X86_INS_XBEGIN;
        Interrupt: X86_INS_INT | X86_INS_INT1 | X86_INS_INTO | X86_INS_SYSENTER | X86_INS_XABORT | X86_INS_ENCLU
            | X86_INS_VMCALL | X86_INS_VMMCALL;
        Dead: X86_INS_UD0 | X86_INS_UD1 | X86_INS_UD2 | X86_INS_HLT | X86_INS_RETF | X86_INS_RETFQ | X86_INS_IRET
            | X86_INS_IRETD | X86_INS_IRETQ | X86_INS_SYSRET | X86_INS_SYSRETQ | X86_INS_SYSEXIT | X86_INS_SYSEXITQ
            | X86_INS_RSM;
    }
}

fn length(instruction: &Insn<'_>) -> Option<u8> {
    u8::try_from(instruction.len()).ok().filter(|&length| length > 0 && usize::from(length) <= Instruction::LONGEST)
}

/// The kind of an instruction that is no branch: does its operand depend on where it stands?
fn plain_kind(instruction: &Insn<'_>, operands: &X86InsnDetail<'_>) -> Kind {
    let mut relative = operands.operands().filter_map(|operand| match operand.op_type {
        X86OperandType::Mem(memory) if is_instruction_pointer(memory.base().0) => Some(memory),
        _ => None,
    });
    let Some(memory) = relative.next() else { return Kind::Plain };
    let displacement = operands.encoding().disp.filter(|field| field.size == 4).map(|field| field.offset);
    let Some(displacement) = displacement.filter(|_| u32::from(memory.base().0) == X86Reg::X86_REG_RIP) else {
        return Kind::Pinned;
    };
    // Moving the instruction means writing these bytes, so what Capstone says of them must be what they say.
    let at = usize::from(displacement);
    match instruction.bytes().get(at..at + 4).and_then(|field| field.first_chunk()) {
        Some(&field) if i64::from(i32::from_le_bytes(field)) == memory.disp() => {
            let end = instruction.address().wrapping_add(instruction.len() as u64);
            Kind::RipRelative { displacement, target: end.wrapping_add_signed(memory.disp()) }
        }
        _ => Kind::Pinned,
    }
}

fn is_instruction_pointer(register: u16) -> bool {
    [X86Reg::X86_REG_RIP, X86Reg::X86_REG_EIP, X86Reg::X86_REG_IP].contains(&u32::from(register))
}
