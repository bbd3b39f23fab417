//! The stub of one site.
//!
//! ```text
//! entry:     the instructions moved out of the window before the syscall
//!            mov   rcx, [unwanted]
//!            movzx ecx, byte [rcx + number] does any hook want this number? rcx and r11 are free, flags are not
//!            lea   ecx, [rcx - 1]
//!            jrcxz unwanted
//!            lea   rsp, [rsp - 128]         skip the red zone
//!            lea   rcx, [rip + after]
//!            lea   r11, [rip + base]
//!            jmp   [crossing]               every register but rsp is as at the syscall; rcx and r11 are free
//! base:      syscall                        IN_STUB: a `clone` whose child has another stack
//!            lea   rsp, [rsp - 128]
//!            lea   rcx, [rip + after]
//!            lea   r11, [rip + base of the clone]
//!            jmp   [after_clone]
//! unwanted:  jmp   syscall                  the original instruction, or `execute`
//!            (padding)
//!            (descriptor, which says also where the crossings go on: with a call at the original instruction, or at `execute`;
//!            with a result at `after` in the object, or at `executed`)
//!
//! and only where the window spans the syscall itself:
//!
//! execute:   syscall
//! executed:  lea   rcx, [after]             where the kernel would have said it was
//! behind:    the instructions moved out of the window after the syscall
//!            jmp   end of the window
//! ```
//!
//! In place, `syscall` and `behind` are addresses in the object. What stands between the moved instructions is the same in all
//! stubs of a shape, but for addresses and numbers: see `template`. All addresses are relative: a stub is right wherever it is, if
//! object and header are where they are from there.
#![allow(unsafe_code, reason = "reads what a descriptor refers to")]

use std::mem::offset_of;

use super::header::Path;
use super::template::{Templates, To};
use crate::disasm::Instruction;
use crate::patch::Patch;

/// Length of the question whether the number is wanted, of `syscall`, of `lea rsp, [rsp - 128]`, of `lea rcx, [rip + after]`, of
/// `jmp [crossing]`, and of `jmp syscall`.
pub(super) const TEST: u64 = 22;
pub(super) const SYSCALL: u64 = 2;
pub(super) const SKIP: u64 = 5;
pub(super) const NAME: u64 = 7;
pub(super) const JUMP: u64 = 6;
const DIRECT_JUMP: u64 = 5;

/// From behind the instructions moved from before the system call to the base.
pub(super) const TO_BASE: u64 = TEST + SKIP + 2 * NAME + JUMP;
/// From there to the base of the clone.
const BASE_TO_BASE_OF_CLONE: u64 = SYSCALL + SKIP + 2 * NAME + JUMP;
/// To where an unwanted call is made.
pub(super) const BASE_TO_UNWANTED: u64 = BASE_TO_BASE_OF_CLONE;
/// From both to the descriptor.
pub(crate) const BASE_TO_DESCRIPTOR: u64 =
    (BASE_TO_UNWANTED + DIRECT_JUMP).next_multiple_of(align_of::<Descriptor>() as u64);
pub(crate) const BASE_OF_CLONE_TO_DESCRIPTOR: u64 = BASE_TO_DESCRIPTOR - BASE_TO_BASE_OF_CLONE;
/// From there to what says where the crossings go on.
pub(crate) const DESCRIPTOR_TO_CALL: u64 = offset_of!(Descriptor, call) as u64;
pub(crate) const DESCRIPTOR_TO_RESULT: u64 = offset_of!(Descriptor, result) as u64;
/// From the base to `execute`, to `executed` and to `behind`.
pub(super) const BASE_TO_EXECUTE: u64 = BASE_TO_DESCRIPTOR + size_of::<Descriptor>() as u64;
pub(super) const BASE_TO_EXECUTED: u64 = BASE_TO_EXECUTE + SYSCALL;
pub(super) const BASE_TO_BEHIND: u64 = BASE_TO_EXECUTED + NAME;

/// Between stubs.
const INT3: u8 = 0xcc;

/// No stub is longer: the fixed part is some 100 bytes, and a window holds few instructions of 15 bytes at most.
pub(crate) const LONGEST: usize = 512;

/// What the dispatcher knows about a site. Nothing in it depends on where stub and object are, as long as they keep their distance.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Descriptor {
    /// From here to behind the syscall instruction.
    pub(super) after: i64,
    /// Offset of the syscall instruction in the object's file.
    pub(crate) offset: u64,
    /// The number of the call, where it is a constant, or [`UNKNOWN_NUMBER`].
    pub(crate) number: i64,
    /// From here to where the path of the object is.
    pub(super) object: i64,
    /// From here to where the program goes on with its call, and with a result: see the drawing.
    pub(super) call: i64,
    pub(super) result: i64,
}

impl Descriptor {
    /// Address behind the syscall instruction.
    pub(crate) fn after(&self) -> u64 {
        self.at(self.after)
    }

    /// Where the program goes on with a result.
    pub(crate) fn goes_on_with_result(&self) -> u64 {
        self.at(self.result)
    }

    /// The path of the object.
    pub(crate) fn object(&self) -> Path {
        // SAFETY: descriptors are in stubs, which keep their distance from their header and stay as long as it.
        unsafe { *(self.at(self.object) as *const Path) }
    }

    fn at(&self, distance: i64) -> u64 {
        (std::ptr::from_ref(self) as u64).wrapping_add_signed(distance)
    }
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
    /// The path of the object.
    pub(super) path: u64,
}

/// A stub, and where its parts are: all that depends on its site.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stub {
    /// Behind the jump to the crossing.
    pub(super) base: u64,
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
        self.base.wrapping_sub(TO_BASE + u64::from(self.moved_before))
    }
}

/// Writes the stub of a patch, whose system call is at an offset of the object's file, to the beginning of some memory that is at
/// `address`, or will be; behind what is needed to align it. Answers also how much of the memory is in use then; `None` if something in
/// the stub would be out of reach, or if there is no room for it.
pub(super) fn stamp(
    memory: &mut [u8],
    address: u64,
    slots: &Slots,
    templates: &mut Templates,
    patch: &Patch,
    offset: u64,
) -> Option<(Stub, usize)> {
    let length = |moved: &[Instruction]| moved.iter().map(Instruction::length).sum::<u8>();
    let (moved_before, moved_after) = (length(patch.moved_before()), length(patch.moved_after()));
    let mut code = Code { start: address, memory, length: 0 };
    // The stub begins where its descriptor comes to be aligned.
    let descriptor_if_here = code.here().wrapping_add(u64::from(moved_before) + TO_BASE + BASE_TO_DESCRIPTOR);
    let gap = descriptor_if_here.wrapping_neg() as usize % align_of::<Descriptor>();
    code.put([INT3; align_of::<Descriptor>()].get(..gap)?)?;
    code.put_moved(patch.moved_before())?;

    let base = code.here().wrapping_add(TO_BASE);
    let entries = match (patch.state_is_dead, patch.x87_is_empty) {
        (true, _) => &slots.general,
        (false, true) => &slots.vectors,
        (false, false) => &slots.full,
    };
    let template = templates.of(patch)?;
    let begin = code.length;
    code.put(&template.code)?;
    for &(end, to) in &template.fields {
        let target = match to {
            To::Unwanted => slots.unwanted,
            To::Crossing => entries.crossing,
            To::AfterClone => entries.after_clone,
            To::Syscall => patch.address,
            To::After => patch.end(),
        };
        code.relate(begin + end, target)?;
    }
    if let Some((end, number)) = template.number.zip(patch.number) {
        // The table has an entry for everything that 16 bits can say; what more bits say is no system call.
        code.overwrite(begin + end - size_of::<u32>(), u32::from(number as u16).to_le_bytes())?;
    }
    let descriptor = base.wrapping_add(BASE_TO_DESCRIPTOR);
    let to = |target: u64| target.wrapping_sub(descriptor);
    let (call, result) = if patch.in_place() {
        (patch.address, patch.end())
    } else {
        (base.wrapping_add(BASE_TO_EXECUTE), base.wrapping_add(BASE_TO_EXECUTED))
    };
    let number = patch.number.map_or(UNKNOWN_NUMBER, i64::from);
    // In the order of the type.
    let fields = [to(patch.end()), offset, number.cast_unsigned(), to(slots.path), to(call), to(result)];
    let place = begin + (TO_BASE + BASE_TO_DESCRIPTOR) as usize;
    let bytes = fields.map(u64::to_le_bytes);
    code.overwrite(place, *bytes.as_flattened().first_chunk::<{ size_of::<Descriptor>() }>()?)?;

    if !patch.in_place() {
        code.put_moved(patch.moved_after())?;
        code.put(&[0xe9, 0, 0, 0, 0])?;
        code.relate(code.length, patch.window.end)?;
    }
    let stub = Stub { base, moved_before, moved_after, syscall_length: patch.length, in_place: patch.in_place() };
    Some((stub, code.length))
}

/// Code that is being written to where it will be executed.
struct Code<'a> {
    memory: &'a mut [u8],
    start: u64,
    length: usize,
}

impl Code<'_> {
    fn here(&self) -> u64 {
        self.start.wrapping_add(self.length as u64)
    }

    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        self.memory.get_mut(self.length..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
        self.length += bytes.len();
        Some(())
    }

    fn overwrite<const N: usize>(&mut self, at: usize, bytes: [u8; N]) -> Option<()> {
        *self.memory.get_mut(at..)?.first_chunk_mut()? = bytes;
        Some(())
    }

    /// Writes an address relative to the end of an instruction, which it is at.
    fn relate(&mut self, end: usize, target: u64) -> Option<()> {
        let distance = target.wrapping_sub(self.start.wrapping_add(end as u64)).cast_signed();
        self.overwrite(end.checked_sub(size_of::<i32>())?, i32::try_from(distance).ok()?.to_le_bytes())
    }

    fn put_moved(&mut self, instructions: &[Instruction]) -> Option<()> {
        instructions.iter().try_for_each(|instruction| {
            let (bytes, length) = instruction.relocated(self.here())?;
            self.put(bytes.get(..length)?)
        })
    }
}
