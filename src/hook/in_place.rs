//! Takes a program that a signal has interrupted on its way back from a hook to where it was going.
//!
//! The last steps only put registers back and jump. To do them in the context of the signal, before the handler looks at it, is
//! the same to the program; and the handler finds it at its own instruction, as it would without the library.
#![allow(unsafe_code, reason = "reads the frame of a crossing that was interrupted")]

use std::mem::{offset_of, size_of};

use super::Frame;
use super::registers::{Registers, register, set};
use crate::trampoline::{Part, part, stub_at};

/// From the end of a frame to rsp at the site: the red zone.
pub(super) const RED_ZONE: i64 = 128;

/// From behind the frame's rbp to the program's stack.
const END_AND_RED_ZONE: i64 = (size_of::<Frame>() - offset_of!(Frame, base)) as i64 + RED_ZONE;

/// Leaves a stub in which only a jump is left.
pub(super) fn finish_stub(registers: &mut Registers) {
    let counter = register(registers, libc::REG_RIP).cast_unsigned();
    if let Some(target) = stub_at(counter).and_then(|stub| stub.jumps_to(counter)) {
        set(registers, [libc::REG_RIP], [target.cast_signed()]);
    }
}

/// Leaves a crossing in which the step over the red zone and the jump are left: where that leads to a stub, no unwinder would find the
/// way.
pub(super) fn finish_last_step(registers: &mut Registers) {
    let [counter, target, stack] =
        [libc::REG_RIP, libc::REG_RCX, libc::REG_RSP].map(|index| register(registers, index));
    match part(counter.cast_unsigned()) {
        Some(Part::Step) => set(registers, [libc::REG_RIP, libc::REG_RSP], [target, stack + END_AND_RED_ZONE]),
        Some(Part::Jump) => set(registers, [libc::REG_RIP], [target]),
        _ => {}
    }
}

/// Leaves a crossing that has put back all that is not in its frame; and goes to the call of one that makes it.
///
/// For cancellations alone: if a signal is owed, the crossing may be about to send it, and must not be cut short.
pub(super) fn finish_crossing(registers: &mut Registers) {
    let part = part(register(registers, libc::REG_RIP).cast_unsigned());
    if !matches!(part, Some(Part::Forward | Part::Return | Part::AboutToCall(_))) {
        return;
    }
    let end = register(registers, libc::REG_RBP) + (size_of::<Frame>() - offset_of!(Frame, rbp)) as i64;
    // SAFETY: in these parts rbp says where the frame ends (asm/crossing.S). It is still whole: the kernel has put the context
    // below the red zone of the interrupted code, which is below the frame.
    let frame = unsafe { &*((end - size_of::<Frame>() as i64) as *const Frame) };
    const ARGUMENTS: [i32; 6] =
        [libc::REG_RDI, libc::REG_RSI, libc::REG_RDX, libc::REG_R10, libc::REG_R8, libc::REG_R9];
    set(registers, ARGUMENTS, frame.args);
    let flags = frame.flags(register(registers, libc::REG_EFL));
    let goes_to = match part {
        Some(Part::AboutToCall(call)) => {
            return set(registers, [libc::REG_RAX, libc::REG_RIP], [frame.number, call.cast_signed()]);
        }
        Some(Part::Return) => {
            let after = frame.after.cast_signed();
            set(registers, [libc::REG_RAX, libc::REG_RCX, libc::REG_R11], [frame.result, after, flags]);
            // SAFETY: this part belongs to the first crossing.
            unsafe { frame.site() }.goes_on_with_result()
        }
        _ => {
            set(registers, [libc::REG_RAX], [frame.number]);
            frame.base
        }
    };
    set(
        registers,
        [libc::REG_RIP, libc::REG_RSP, libc::REG_RBP, libc::REG_EFL],
        [goes_to.cast_signed(), end + RED_ZONE, frame.rbp.cast_signed(), flags],
    );
}
