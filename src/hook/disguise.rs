//! What a signal handler is shown when it interrupts a call that is made in the crossing.
//!
//! Such calls are made while somebody observes results. The handler finds the machine as it would be, had the call been made
//! in place: the program counter in libc, the program's stack pointer. libcs decide by them: glibc from 2.41 on cancels a
//! thread only if the counter is at the system call (nptl/pthread_cancel.c, `cancellation_pc_check`), musl always has done
//! so; and unwinding from the handler then goes through libc. The registers that are left alone are the program's already.
#![allow(unsafe_code, reason = "reads the frame of the call that was interrupted")]

use std::ffi::c_int;
use std::mem::offset_of;

use super::Frame;
use crate::trampoline::offset_in_observed_call;

pub(super) type Registers = [libc::greg_t; 23];

/// The registers that differ between a call made in the crossing and one made in place.
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

/// A call in the crossing shown as one in place.
#[derive(Debug)]
pub(super) struct Disguise {
    real: [i64; CHANGED.len()],
    shown: [i64; CHANGED.len()],
}

impl Disguise {
    /// If a call in the crossing was interrupted, shows the program's registers instead of ours.
    pub(super) fn put_on(registers: &mut Registers) -> Option<Disguise> {
        let from_call = offset_in_observed_call(register(registers, libc::REG_RIP).cast_unsigned())?;
        let frame = register(registers, libc::REG_RBP) - offset_of!(Frame, rbp) as i64;
        // SAFETY: at this instruction rbp points to the end of the frame (asm/crossing.S), which is alive: it was interrupted.
        let frame = unsafe { &*(frame as *const Frame) };
        // SAFETY: a frame of the first crossing.
        let after = unsafe { frame.site() }.after.cast_signed();
        let stack = register(registers, libc::REG_RBP) + STACK_ABOVE_RBP;
        let flags = frame.rflags.cast_signed();
        // Interrupted before its end the call is started again: the kernel has set the counter back to the instruction.
        let shown = [after + from_call - SYSCALL_LENGTH, stack, frame.rbp.cast_signed(), flags, after, flags];
        let real = CHANGED.map(|index| register(registers, index));
        set(registers, shown);
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
            set(registers, self.real);
        }
    }
}

/// From where rbp points in the crossing to rsp at the site: rbp itself, the return address into the stub, the red zone.
const STACK_ABOVE_RBP: i64 = 8 + 8 + 128;
/// Length of the `syscall` instruction.
const SYSCALL_LENGTH: i64 = 2;

fn register(registers: &Registers, index: c_int) -> i64 {
    usize::try_from(index).ok().and_then(|index| registers.get(index)).copied().unwrap_or(0)
}

fn set(registers: &mut Registers, values: [i64; CHANGED.len()]) {
    for (index, value) in CHANGED.into_iter().zip(values) {
        if let Some(register) = usize::try_from(index).ok().and_then(|index| registers.get_mut(index)) {
            *register = value;
        }
    }
}
