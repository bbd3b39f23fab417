//! From a frame to that of its caller, by what `.eh_frame` says of the code (DWARF 5, 6.4; System V ABI for x86-64, 3.7).

use gimli::{
    CfaRule, Encoding, EvaluationResult, Format, Register, RegisterRule, UnwindContext, UnwindExpression,
    UnwindTableRow, Value, X86_64,
};

use super::file::Tables;
use super::maps::Place;

/// Registers by their DWARF numbers, up to the last general one and the return address.
const REGISTERS: usize = 17;
const BP: Register = X86_64::RBP;
const SP: Register = X86_64::RSP;
const IP: Register = X86_64::RA;

/// The registers in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Registers {
    values: [u64; REGISTERS],
    /// Bit by bit, whether it is known what is in a register.
    known: u32,
    /// The instruction is not the one behind a call but the one that a signal has interrupted.
    is_interrupted: bool,
}

impl Registers {
    pub(super) fn new(ip: u64, sp: u64, bp: u64) -> Registers {
        let mut registers = Registers::default();
        [(IP, ip), (SP, sp), (BP, bp)].into_iter().for_each(|(register, value)| registers.set(register, Some(value)));
        registers
    }

    fn get(&self, register: Register) -> Option<u64> {
        let value = self.values.get(usize::from(register.0))?;
        (self.known >> register.0 & 1 != 0).then_some(*value)
    }

    fn set(&mut self, register: Register, value: Option<u64>) {
        if let (Some(place), Some(value)) = (self.values.get_mut(usize::from(register.0)), value) {
            *place = value;
            self.known |= 1 << register.0;
        }
    }

    /// Where the program goes on.
    pub(super) fn ip(&self) -> u64 {
        self.get(IP).unwrap_or(0)
    }

    /// An address in the instruction that was executed last: a return address may belong to another function already.
    pub(super) fn place(&self) -> u64 {
        self.ip().wrapping_sub(u64::from(!self.is_interrupted))
    }
}

/// The part of the stack that was copied.
#[derive(Debug)]
pub(super) struct Copied<'a> {
    /// The address of the first byte.
    pub(super) start: u64,
    pub(super) bytes: &'a [u8],
}

impl Copied<'_> {
    fn word(&self, address: u64) -> Option<u64> {
        let start = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let word = self.bytes.get(start..start.checked_add(8)?)?;
        Some(u64::from_le_bytes(word.try_into().ok()?))
    }

    fn is_before_end(&self, address: u64) -> bool {
        address.wrapping_sub(self.start).saturating_add(8) <= self.bytes.len() as u64
    }
}

/// What comes of looking for a caller.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unwound {
    To(Registers),
    /// There is one, but its part of the stack was not copied.
    Cut,
    /// There is none, or nobody knows.
    End,
}

/// How to find the caller of what is at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// CFA = rsp or rbp + an offset; the return address is at CFA - 8, the caller's rbp at CFA + an offset or still in rbp. Nearly all are
    /// of this kind, and there is no need to read the tables each time.
    Usual { by_bp: bool, offset: i64, bp: Option<i64> },
    /// Any other: it has to be looked up.
    Other,
    /// The first function of a thread.
    First,
    /// Nothing is said of this code.
    Unknown,
}

impl Rule {
    /// The one for an address, from the tables of its file.
    pub(super) fn find(tables: &Tables, address: u64) -> Option<Rule> {
        let entry = tables.entry(address)?;
        let mut context = UnwindContext::new();
        let row = entry.unwind_info_for_address(&tables.frames, &tables.bases, &mut context, address).ok()?;
        Some(match row.register(IP) {
            Some(RegisterRule::Undefined) => Rule::First,
            Some(RegisterRule::Offset(-8)) if !entry.is_signal_trampoline() => usual(row).unwrap_or(Rule::Other),
            _ => Rule::Other,
        })
    }
}

fn usual(row: &UnwindTableRow<usize>) -> Option<Rule> {
    let &CfaRule::RegisterAndOffset { register, offset } = row.cfa() else { return None };
    let bp = match row.register(BP) {
        None | Some(RegisterRule::SameValue) => None,
        Some(RegisterRule::Offset(offset)) => Some(offset),
        Some(_) => return None,
    };
    [SP, BP].contains(&register).then_some(Rule::Usual { by_bp: register == BP, offset, bp })
}

/// The registers in the caller of a frame. Where there are no tables, as for code that was made at run time, rbp may show the way: then
/// what it leads to must be code.
pub(super) fn caller(
    registers: &Registers,
    place: Option<&Place<'_>>,
    stack: &Copied<'_>,
    is_code: impl Fn(u64) -> bool,
) -> Unwound {
    let in_file = place.and_then(|place| place.in_file(registers.place()));
    let found = match in_file.map_or(Rule::Unknown, |(file, offset)| file.rule(offset)) {
        Rule::First => return Unwound::End,
        Rule::Usual { by_bp, offset, bp } => by_usual_rule(registers, stack, by_bp, offset, bp),
        Rule::Other => match in_file.and_then(|(file, offset)| file.tables(offset)) {
            Some((tables, address)) => by_tables(registers, stack, tables, address),
            None => return Unwound::End,
        },
        Rule::Unknown => match by_frame_pointer(registers, stack) {
            Unwound::To(caller) if is_code(caller.place()) => return Unwound::To(caller),
            _ => return Unwound::End,
        },
    };
    match found {
        Unwound::To(caller) if caller.ip() == 0 || caller == *registers => Unwound::End,
        found => found,
    }
}

fn by_usual_rule(registers: &Registers, stack: &Copied<'_>, by_bp: bool, offset: i64, bp: Option<i64>) -> Unwound {
    let Some(base) = registers.get(if by_bp { BP } else { SP }) else { return Unwound::End };
    let cfa = base.wrapping_add_signed(offset);
    let Some(ip) = stack.word(cfa.wrapping_sub(8)) else { return beyond(stack, cfa) };
    let bp = match bp {
        None => registers.get(BP),
        Some(offset) => stack.word(cfa.wrapping_add_signed(offset)),
    };
    let mut caller = Registers::default();
    [(IP, Some(ip)), (SP, Some(cfa)), (BP, bp)].into_iter().for_each(|(register, value)| caller.set(register, value));
    Unwound::To(caller)
}

/// Where nothing was copied: behind the end there is more; before the beginning, and on another stack, there is nothing to be known.
fn beyond(stack: &Copied<'_>, address: u64) -> Unwound {
    if address >= stack.start && !stack.is_before_end(address.wrapping_sub(8)) { Unwound::Cut } else { Unwound::End }
}

fn by_frame_pointer(registers: &Registers, stack: &Copied<'_>) -> Unwound {
    let Some(base) = registers.get(BP).filter(|base| base % 8 == 0 && Some(*base) >= registers.get(SP)) else {
        return Unwound::End;
    };
    match (stack.word(base), stack.word(base.wrapping_add(8))) {
        (Some(bp), Some(ip)) => Unwound::To(Registers::new(ip, base + 16, bp)),
        _ => Unwound::End,
    }
}

fn by_tables(registers: &Registers, stack: &Copied<'_>, tables: &Tables, address: u64) -> Unwound {
    let mut context = UnwindContext::new();
    let Some(entry) = tables.entry(address) else { return Unwound::End };
    let row = entry.unwind_info_for_address(&tables.frames, &tables.bases, &mut context, address);
    let Ok(row) = row else { return Unwound::End };
    let evaluate = |expression: UnwindExpression<usize>, initial: Option<u64>| {
        evaluate(tables, expression, initial, entry.cie().encoding(), registers, stack)
    };
    let cfa = match *row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => {
            registers.get(register).map(|base| base.wrapping_add_signed(offset))
        }
        CfaRule::Expression(expression) => evaluate(expression, None),
    };
    let Some(cfa) = cfa else { return Unwound::End };
    let mut caller = Registers { is_interrupted: entry.is_signal_trampoline(), ..Registers::default() };
    for register in (0..REGISTERS as u16).map(Register) {
        let value = match row.register(register) {
            Some(RegisterRule::Offset(offset)) => stack.word(cfa.wrapping_add_signed(offset)),
            Some(RegisterRule::ValOffset(offset)) => Some(cfa.wrapping_add_signed(offset)),
            Some(RegisterRule::Register(other)) => registers.get(other),
            Some(RegisterRule::Expression(expression)) => {
                evaluate(expression, Some(cfa)).and_then(|address| stack.word(address))
            }
            Some(RegisterRule::ValExpression(expression)) => evaluate(expression, Some(cfa)),
            Some(RegisterRule::SameValue) => registers.get(register),
            // The CFA is, by definition, the caller's stack pointer; other registers are as they were, where they must be kept.
            None if register == SP => Some(cfa),
            None if register != IP => registers.get(register),
            _ => None,
        };
        caller.set(register, value);
    }
    if caller.get(IP).is_none() {
        return beyond(stack, cfa);
    }
    Unwound::To(caller)
}

/// Expressions of compilers take a dozen steps.
const MOST_STEPS: u32 = 1000;

/// The value of an expression (DWARF 5, 2.5).
fn evaluate(
    tables: &Tables,
    expression: UnwindExpression<usize>,
    initial: Option<u64>,
    Encoding { version, .. }: Encoding,
    registers: &Registers,
    stack: &Copied<'_>,
) -> Option<u64> {
    let encoding = Encoding { address_size: 8, format: Format::Dwarf32, version };
    let mut evaluation = expression.get(&tables.frames).ok()?.evaluation(encoding);
    evaluation.set_max_iterations(MOST_STEPS);
    if let Some(value) = initial {
        evaluation.set_initial_value(value);
    }
    let mut result = evaluation.evaluate().ok()?;
    loop {
        result = match result {
            EvaluationResult::Complete => return evaluation.value_result().and_then(address),
            EvaluationResult::RequiresRegister { register, .. } => {
                evaluation.resume_with_register(Value::Generic(registers.get(register)?)).ok()?
            }
            EvaluationResult::RequiresMemory { address, size: 8, .. } => {
                evaluation.resume_with_memory(Value::Generic(stack.word(address)?)).ok()?
            }
            _ => return None,
        };
    }
}

fn address(value: Value) -> Option<u64> {
    match value {
        Value::Generic(value) => Some(value),
        _ => None,
    }
}
