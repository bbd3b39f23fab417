//! The stub of one site.
//!
//! ```text
//! entry:     the instructions moved out of the window before the syscall
//!            mov   rcx, [unwanted]
//!            movzx ecx, byte [rcx + number] does any hook want this number? rcx and r11 are free, flags are not
//!            jrcxz cross
//!            jmp   syscall                  no: the original instruction, or `execute`
//! cross:     lea   rsp, [rsp - 128]         skip the red zone
//!            call  [crossing]               every register but rsp is as at the syscall
//!            jrcxz forward                  rcx = 0: FORWARD. `jrcxz` reads no flags and writes none
//!            jmp   rcx                      RETURN: to `after`, or to `executed`; OBSERVE: back, see asm/crossing.S
//! forward:   jmp   syscall                  the original instruction, or `execute`
//! in_stub:   syscall                        IN_STUB: a `clone` whose child has another stack
//!            lea   rsp, [rsp - 128]
//!            call  [after_clone]
//!            jmp   behind
//!            (descriptor)
//!            (where the program goes on with a result: `after` in the object, or `executed`)
//!
//! and only where the window spans the syscall itself:
//!
//! execute:   syscall
//! executed:  lea   rcx, [after]             where the kernel would have said it was
//! behind:    the instructions moved out of the window after the syscall
//!            jmp   end of the window
//! ```
//!
//! In place, `syscall` and `behind` are addresses in the object.

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};

use crate::disasm::Instruction;
use crate::patch::Patch;

/// From the return address of the call of the crossing to the descriptor.
pub(crate) const CROSSING_TO_DESCRIPTOR: u64 = 32;
/// From the return address of the call of `after_clone` to the descriptor.
pub(crate) const AFTER_CLONE_TO_DESCRIPTOR: u64 = 7;
/// From the return address of the call of the crossing to `in_stub`.
pub(crate) const CROSSING_TO_IN_STUB: u64 = 12;

/// From there to where it says where the program goes on with a result.
pub(crate) const CROSSING_TO_RESULT: u64 = CROSSING_TO_DESCRIPTOR + size_of::<Descriptor>() as u64;
/// From there to `execute`, to `executed` and to `behind`.
pub(super) const CROSSING_TO_EXECUTE: u64 = CROSSING_TO_RESULT + size_of::<u64>() as u64;
pub(super) const CROSSING_TO_EXECUTED: u64 = CROSSING_TO_EXECUTE + 2;
pub(super) const CROSSING_TO_BEHIND: u64 = CROSSING_TO_EXECUTED + 7;

/// Length of the question whether the number is wanted, of `lea rsp, [rsp - 128]`, of `call [crossing]`, and of all.
const TEST: u64 = 23;
pub(super) const SKIP: u64 = 5;
pub(super) const CALL: u64 = 6;
pub(super) const TO_RETURN: u64 = TEST + SKIP + CALL;

/// Length of a `jmp` to anywhere near.
const JUMP: u8 = 5;

/// Between stubs.
const INT3: u8 = 0xcc;

/// No stub is longer: the fixed part is some 100 bytes, and a window holds few instructions of 15 bytes at most.
pub(crate) const LONGEST: usize = 512;

/// What the dispatcher knows about a site.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Descriptor {
    /// Address behind the syscall instruction.
    pub(crate) after: u64,
    /// Offset of the syscall instruction in the object's file.
    pub(crate) offset: u64,
    /// The number of the call, where it is a constant, or [`UNKNOWN_NUMBER`].
    pub(crate) number: i64,
    /// The path of the object.
    pub(crate) object: &'static &'static [u8],
}

/// The number of a site that serves several calls.
pub(crate) const UNKNOWN_NUMBER: i64 = i64::MIN;

/// Where stubs find the addresses of a crossing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entries {
    pub(super) crossing: u64,
    pub(super) after_clone: u64,
}

/// Where stubs find addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slots {
    pub(super) full: Entries,
    pub(super) vectors: Entries,
    pub(super) general: Entries,
    /// That of the table of numbers that no hook wants.
    pub(super) unwanted: u64,
}

/// A stub, and where its parts are: all that depends on its site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stub {
    /// Behind the call of the crossing.
    pub(super) returned: u64,
    /// Lengths of the instructions moved out of the window, which are the same in the stub.
    pub(super) moved_before: u8,
    pub(super) moved_after: u8,
    /// Length of the original `syscall`, with the prefixes it carries.
    pub(super) syscall_length: u8,
    pub(super) in_place: bool,
}

impl Stub {
    /// Its first instruction.
    pub(crate) fn entry(&self) -> u64 {
        self.returned - TO_RETURN - u64::from(self.moved_before)
    }
}

/// Assembles the stub of a patch. `None` if something in it would be out of reach.
pub(super) fn emit(
    ops: &mut VecAssembler<X64Relocation>,
    base: u64,
    slots: Slots,
    patch: &Patch,
    descriptor: &Descriptor,
) -> Option<Stub> {
    let (syscall, after) = (patch.address, descriptor.after);
    let here = |ops: &VecAssembler<X64Relocation>| base + ops.offset().0 as u64;
    let length = |moved: &[Instruction]| moved.iter().map(Instruction::length).sum::<u8>();
    let (moved_before, moved_after) = (length(patch.moved_before()), length(patch.moved_after()));
    let to_return = u64::from(moved_before) + TO_RETURN;
    let entries = match (patch.vector_state_is_dead, patch.x87_is_empty) {
        (true, _) => slots.general,
        (false, true) => slots.vectors,
        (false, false) => slots.full,
    };
    // The stub begins where its descriptor comes to be aligned.
    while !(here(ops) + to_return + CROSSING_TO_DESCRIPTOR).is_multiple_of(align_of::<Descriptor>() as u64) {
        ops.push(INT3);
    }
    let entry = here(ops);
    // What can be encoded at both ends of the longest stub can be encoded anywhere in this one.
    let mut moved = patch.moved_before().iter().chain(patch.moved_after());
    if !moved.all(|instruction| [entry, entry + LONGEST as u64].iter().all(|&at| instruction.relocated(at).is_some())) {
        return None;
    }
    move_to(ops, base, patch.moved_before());
    // Where the system call and what is behind it are in the stub, if they are.
    let here_instead = (!patch.in_place()).then(|| (ops.new_dynamic_label(), ops.new_dynamic_label()));
    let execute = here_instead.map(|(execute, _)| execute);
    ask_whether_wanted(ops, slots.unwanted, patch.number, execute, syscall);
    dynasm!(ops
        ; .arch x64
        ; lea rsp, [rsp - 128]
        ; call QWORD [extern entries.crossing as usize]
    );
    let returned = here(ops);
    debug_assert_eq!(returned, entry + to_return);
    skip_if_zero(ops, JUMP);
    dynasm!(ops; .arch x64; jmp rcx; nop; nop; nop);
    match here_instead {
        None => dynasm!(ops; .arch x64; jmp extern syscall as usize),
        Some((execute, _)) => dynasm!(ops; .arch x64; jmp =>execute),
    }
    debug_assert_eq!(here(ops), returned + CROSSING_TO_IN_STUB);
    dynasm!(ops
        ; .arch x64
        ; syscall
        ; lea rsp, [rsp - 128]
        ; call QWORD [extern entries.after_clone as usize]
    );
    debug_assert_eq!(here(ops), returned + CROSSING_TO_DESCRIPTOR - AFTER_CLONE_TO_DESCRIPTOR);
    match here_instead {
        None => dynasm!(ops; .arch x64; jmp extern after as usize),
        Some((_, behind)) => dynasm!(ops; .arch x64; jmp =>behind),
    }
    dynasm!(ops; .arch x64; nop; nop);
    debug_assert_eq!(here(ops), returned + CROSSING_TO_DESCRIPTOR);
    push_descriptor(ops, descriptor);
    debug_assert_eq!(here(ops), returned + CROSSING_TO_RESULT);
    ops.push_u64(if patch.in_place() { after } else { returned + CROSSING_TO_EXECUTED });
    debug_assert_eq!(here(ops), returned + CROSSING_TO_EXECUTE);

    if let Some((execute, behind)) = here_instead {
        dynasm!(ops
            ; .arch x64
            ; =>execute
            ; syscall
            ; lea rcx, [extern after as usize]
            ; =>behind
        );
        debug_assert_eq!(here(ops), returned + CROSSING_TO_BEHIND);
        move_to(ops, base, patch.moved_after());
        dynasm!(ops; .arch x64; jmp extern patch.window.end as usize);
    }
    Some(Stub { returned, moved_before, moved_after, syscall_length: patch.length, in_place: patch.in_place() })
}

/// Goes to the system call, in the stub or in place, if no hook wants its number. Changes rcx and r11 alone.
fn ask_whether_wanted(
    ops: &mut VecAssembler<X64Relocation>,
    unwanted: u64,
    number: Option<u32>,
    execute: Option<DynamicLabel>,
    syscall: u64,
) {
    let start = ops.offset().0 as u64;
    dynasm!(ops; .arch x64; mov rcx, QWORD [extern unwanted as usize]);
    // The table has an entry for everything that 16 bits can say; what more bits say is no system call.
    match number {
        Some(number) => dynasm!(ops; .arch x64; movzx ecx, BYTE [rcx + i32::from(number as u16)]),
        None => dynasm!(ops; .arch x64; movzx r11d, ax; movzx ecx, BYTE [rcx + r11]),
    }
    let asked = ops.offset().0 as u64 - start + 2;
    skip_if_zero(ops, (TEST - asked) as u8);
    match execute {
        Some(execute) => dynasm!(ops; .arch x64; jmp =>execute),
        None => dynasm!(ops; .arch x64; jmp extern syscall as usize),
    }
    while ops.offset().0 as u64 - start < TEST {
        ops.push(INT3);
    }
    debug_assert_eq!(ops.offset().0 as u64 - start, TEST);
}

/// `jrcxz` over so many bytes. Not to a label: the assembler keeps a record of each, and there are many stubs.
fn skip_if_zero(ops: &mut VecAssembler<X64Relocation>, bytes: u8) {
    ops.extend([0xe3, bytes]);
}

/// Places moved instructions where the assembler is.
fn move_to(ops: &mut VecAssembler<X64Relocation>, base: u64, instructions: &[Instruction]) {
    for instruction in instructions {
        let address = base + ops.offset().0 as u64;
        if let Some((bytes, length)) = instruction.relocated(address) {
            ops.extend(bytes.iter().take(length));
        }
    }
}

/// Places a descriptor: the fields in the order of the type.
fn push_descriptor(ops: &mut VecAssembler<X64Relocation>, descriptor: &Descriptor) {
    let Descriptor { after, offset, number, object } = *descriptor;
    for field in [after, offset, number.cast_unsigned(), std::ptr::from_ref(object) as u64] {
        ops.push_u64(field);
    }
}
