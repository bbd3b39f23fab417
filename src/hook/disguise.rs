//! What a signal handler is shown when it interrupts a stub, or a call that is made in the crossing.
//!
//! The handler finds the machine as it would be without the library: the program counter in libc, the program's stack pointer.
//! libcs decide by them: glibc from 2.41 on cancels a thread only if the counter is at the system call
//! (nptl/pthread_cancel.c, `cancellation_pc_check`), musl always has done so. And unwinding from the handler goes through
//! libc, which describes itself to unwinders; stubs do not. The registers that are left alone are the program's already.
//!
//! Of the instructions moved out of a window only the first can be executed where it stood. So a handler that notes where it
//! has interrupted the program, sends it elsewhere, and has it come back there by a jump of its own, must not do so from inside
//! of a window. Those who do (the runtimes of Java and Go) only do so in code that they have compiled themselves.
#![allow(unsafe_code, reason = "reads the frame of the call that was interrupted")]

use std::ffi::c_int;
use std::mem::{offset_of, size_of};

use super::Frame;
use super::in_place::RED_ZONE;
use super::registers::{Registers, register, set};
use crate::trampoline::{Part, SYSCALL_LENGTH, part, stub_at};

/// The registers that may differ between what is and what is shown.
const CHANGED: [c_int; 6] = [libc::REG_RIP, libc::REG_RSP, libc::REG_RBP, libc::REG_EFL, libc::REG_RCX, libc::REG_R11];

/// `siginfo_t` of a SIGSYS, as far as it says where the call was made (include/uapi/asm-generic/siginfo.h).
#[repr(C)]
#[derive(Debug)]
pub(super) struct Trap {
    /// `si_signo`, `si_errno`, `si_code` and padding.
    common: [i32; 4],
    /// `si_call_addr`.
    call_address: i64,
}

/// A program in our code shown as one in its own.
#[derive(Debug)]
pub(super) struct Disguise {
    real: [i64; CHANGED.len()],
    shown: [i64; CHANGED.len()],
}

impl Disguise {
    /// If a stub or a call in the crossing was interrupted, shows the program's registers instead of ours.
    pub(super) fn put_on(registers: &mut Registers) -> Option<Disguise> {
        let real = CHANGED.map(|index| register(registers, index));
        let [counter, stack, rbp, flags, rcx, r11] = real;
        let shown = if let Some(Part::AtCall(from_call)) = part(counter.cast_unsigned()) {
            let frame = rbp - offset_of!(Frame, rbp) as i64;
            // SAFETY: at this instruction rbp points to the end of the frame (asm/crossing.S), which is alive: it was interrupted.
            let frame = unsafe { &*(frame as *const Frame) };
            let after = frame.after.cast_signed();
            let stack = rbp + (size_of::<Frame>() - offset_of!(Frame, rbp)) as i64 + RED_ZONE;
            let flags = frame.flags(flags);
            // Interrupted before its end the call is started again: the kernel has set the counter back to the instruction.
            [after + from_call - SYSCALL_LENGTH.cast_signed(), stack, frame.rbp.cast_signed(), flags, after, flags]
        } else {
            let stub = stub_at(counter.cast_unsigned())?;
            let shown = stub.stands_for(counter.cast_unsigned())?;
            // The kernel leaves there where it has returned to.
            let rcx = if stub.contains(rcx.cast_unsigned()) { stub.after().cast_signed() } else { rcx };
            let skipped = if shown.below_red_zone { RED_ZONE } else { 0 };
            [shown.counter.cast_signed(), stack + skipped, rbp, flags, rcx, r11]
        };
        set(registers, CHANGED, shown);
        Some(Disguise { real, shown })
    }

    /// Shows the program's address in what a seccomp filter's trap says of itself.
    pub(super) fn put_on_trap(&self, trap: &mut Trap) {
        let ([real, ..], [shown, ..]) = (self.real, self.shown);
        if trap.call_address == real {
            trap.call_address = shown;
        }
    }

    /// Goes back to our registers, unless the handler has sent the program elsewhere.
    pub(super) fn take_off(&self, registers: &mut Registers) {
        if CHANGED.map(|index| register(registers, index)) == self.shown {
            set(registers, CHANGED, self.real);
        }
    }
}
