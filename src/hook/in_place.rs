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

/// Comes back from a stub that a crossing has gone to on its way to a call: see `observe` in asm/crossing.S.
pub(super) fn come_back(registers: &mut Registers) {
    let [counter, rcx] = [libc::REG_RIP, libc::REG_RCX].map(|index| register(registers, index));
    if matches!(part(rcx.cast_unsigned()), Some(Part::AboutToCall(_))) && stub_at(counter.cast_unsigned()).is_some() {
        set(registers, [libc::REG_RIP], [rcx]);
    }
}

/// Leaves a stub in which only jumps are left.
pub(super) fn finish_stub(registers: &mut Registers) {
    let counter = register(registers, libc::REG_RIP).cast_unsigned();
    let rcx = register(registers, libc::REG_RCX).cast_unsigned();
    if let Some(target) = stub_at(counter).and_then(|stub| stub.jumps_to(counter, rcx)) {
        set(registers, [libc::REG_RIP], [target.cast_signed()]);
    }
}

/// Leaves a crossing, to the stub, that has put back all that is not in its frame; and goes to the call of one that makes it.
///
/// For cancellations alone: if a signal is owed, the crossing may be about to send it, and must not be cut short.
pub(super) fn finish_crossing(registers: &mut Registers) {
    let counter = register(registers, libc::REG_RIP).cast_unsigned();
    let part = part(counter);
    let end = match part {
        // SAFETY: an instruction of the crossing.
        Some(Part::Forward | Part::Return) if is_ret(unsafe { *(counter as *const u8) }) => {
            // The return address is on top of the stack, and rbp is the program's already.
            register(registers, libc::REG_RSP) + size_of::<u64>() as i64
        }
        Some(Part::Forward | Part::Return | Part::AboutToCall(_)) => {
            register(registers, libc::REG_RBP) + (size_of::<Frame>() - offset_of!(Frame, rbp)) as i64
        }
        Some(Part::Step) => register(registers, libc::REG_RSP) + size_of::<u64>() as i64,
        // There is no frame any more, and nothing left to do.
        Some(Part::Jump) => {
            let target = register(registers, libc::REG_RCX);
            set(registers, [libc::REG_RIP], [target]);
            return;
        }
        Some(Part::AtCall(_) | Part::Other) | None => return,
    };
    // SAFETY: in these parts rbp, or the stack pointer, says where the frame ends (asm/crossing.S). It is still whole: the kernel
    // has put the context below the red zone of the interrupted code, which is below the frame.
    let frame = unsafe { &*((end - size_of::<Frame>() as i64) as *const Frame) };
    const ARGUMENTS: [i32; 6] =
        [libc::REG_RDI, libc::REG_RSI, libc::REG_RDX, libc::REG_R10, libc::REG_R8, libc::REG_R9];
    set(registers, ARGUMENTS, frame.args);
    let flags = frame.rflags.cast_signed();
    match part {
        Some(Part::AboutToCall(call)) => {
            set(registers, [libc::REG_RAX, libc::REG_RIP], [frame.number, call.cast_signed()]);
            return;
        }
        Some(Part::Return | Part::Step) => {
            // SAFETY: this part belongs to the first crossing.
            let after = unsafe { frame.site() }.after().cast_signed();
            set(registers, [libc::REG_RAX, libc::REG_RCX, libc::REG_R11], [frame.result, after, flags]);
        }
        _ => set(registers, [libc::REG_RAX, libc::REG_RCX], [frame.number, 0]),
    }
    set(
        registers,
        [libc::REG_RIP, libc::REG_RSP, libc::REG_RBP, libc::REG_EFL],
        [frame.stub_return.cast_signed(), end + RED_ZONE, frame.rbp.cast_signed(), flags],
    );
}

/// Whether an instruction that begins with this byte is the crossing's last, `ret 128`.
fn is_ret(byte: u8) -> bool {
    byte == 0xc2
}
