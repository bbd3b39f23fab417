//! The program's signal handlers.
//!
//! Each handler is entered through [`deliver`], so that two things hold:
//!
//! - A handler that interrupts a hook is not a part of that hook: its system calls are intercepted.
//! - A handler that interrupts a call made in the crossing (somebody observes results) finds the machine as it would be, had the
//!   call been made in place: the program counter in libc, the program's stack pointer. libcs decide by them: glibc from 2.41 on
//!   cancels a thread only if the counter is at the system call (nptl/pthread_cancel.c, `cancellation_pc_check`), musl always
//!   has done so; and unwinding from the handler then goes through libc.
//!
//! For this, `rt_sigaction` is answered here: the kernel gets the address of `deliver`, the program gets to see its own. Only the
//! address is changed; flags, mask and restorer are the program's. Handlers that were there before are adopted at start.
#![allow(unsafe_code, reason = "memory of the program, and its signal handlers")]

use std::ffi::c_int;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Frame;
use super::guard::Suspended;
use crate::sys::raw::syscall;
use crate::trampoline::is_observed_call;

/// The kernel's `struct sigaction` on x86_64 (arch/x86/include/uapi/asm/signal.h).
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Sigaction {
    handler: u64,
    flags: u64,
    restorer: u64,
    mask: u64,
}

/// The kernel's `sizeof(sigset_t)`, in bytes.
const SIGSET_SIZE: i64 = 8;
/// Signals are numbered from 1 to this.
const SIGNALS: usize = 64;

/// The program's handler of each signal that has one.
static HANDLERS: [AtomicU64; SIGNALS + 1] = [const { AtomicU64::new(0) }; SIGNALS + 1];

type Handler = unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::ucontext_t);

/// Answers `rt_sigaction`; `None` if the kernel can do that better: what it refuses, and what is no matter of handlers.
pub(super) fn sigaction(args: &[i64; 6]) -> Option<i64> {
    let [signal, new, old, size, ..] = *args;
    let slot = HANDLERS.get(usize::try_from(signal).ok()?).filter(|_| size == SIGSET_SIZE && signal != 0)?;
    // SAFETY: readable, says the kernel. Another thread may unmap it now: as with any call that is given such memory.
    let program = (new != 0).then(|| readable(new).then(|| unsafe { (new as *const Sigaction).read_unaligned() }));
    let program = match program {
        Some(None) => return None,
        Some(Some(action)) => Some(action).filter(|action| is_function(action.handler)),
        None => None,
    };
    let before = slot.load(Ordering::Relaxed);
    let result = match program {
        // The handler first: it may be entered as soon as the kernel knows of it.
        Some(action) => {
            slot.store(action.handler, Ordering::Relaxed);
            let ours = Sigaction { handler: deliver as *const () as u64, ..action };
            // SAFETY: the program's call, with a handler that calls the program's.
            unsafe { syscall(libc::SYS_rt_sigaction, [signal, &raw const ours as i64, old, size, 0, 0]) }
        }
        // SAFETY: the program's call.
        None => unsafe { syscall(libc::SYS_rt_sigaction, *args) },
    };
    // EFAULT speaks of `old`: the kernel has changed the action before it writes there (kernel/signal.c).
    if result < 0 && result != -i64::from(libc::EFAULT) {
        slot.store(before, Ordering::Relaxed);
    }
    if result == 0 && old != 0 {
        // SAFETY: the kernel has just written to it.
        unsafe { show_own(old as *mut Sigaction, before) };
    }
    Some(result)
}

/// Takes over the handlers that were set before the library was loaded.
pub(crate) fn adopt_handlers() {
    for signal in 1..=SIGNALS as i64 {
        let mut action = Sigaction::default();
        // SAFETY: asks for an action, with room for it.
        let asked = unsafe { syscall(libc::SYS_rt_sigaction, [signal, 0, &raw mut action as i64, SIGSET_SIZE, 0, 0]) };
        if asked == 0 && is_function(action.handler) {
            sigaction(&[signal, &raw const action as i64, 0, SIGSET_SIZE, 0, 0]);
        }
    }
}

/// Replaces our handler by the program's in an action the kernel has written for the program.
///
/// # Safety
///
/// The action can be read and written.
unsafe fn show_own(action: *mut Sigaction, handler: u64) {
    // SAFETY: passed on.
    unsafe {
        let place = &raw mut (*action).handler;
        if place.read_unaligned() == deliver as *const () as u64 {
            place.write_unaligned(handler);
        }
    }
}

/// Whether this is the address of a handler and not `SIG_DFL` or `SIG_IGN`.
fn is_function(handler: u64) -> bool {
    handler > libc::SIG_IGN as u64
}

/// Whether a `Sigaction` at this address can be read, without touching it.
///
/// `rt_sigprocmask` reads a set of eight bytes before it looks at what to do with it, and there is nothing to do with -1: EFAULT
/// or EINVAL. It is asked because programs that have forbidden themselves nearly everything (seccomp) still allow it.
fn readable(address: i64) -> bool {
    let last = size_of::<Sigaction>() as i64 - SIGSET_SIZE;
    [address, address.wrapping_add(last)].into_iter().all(|word| {
        // SAFETY: changes nothing: there is no such operation.
        let answer = unsafe { syscall(libc::SYS_rt_sigprocmask, [-1, word, 0, SIGSET_SIZE, 0, 0]) };
        answer != -i64::from(libc::EFAULT)
    })
}

/// What the kernel calls in place of the program's handler.
unsafe extern "C" fn deliver(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    let slot = usize::try_from(signal).ok().and_then(|signal| HANDLERS.get(signal));
    let handler = slot.map_or(0, |slot| slot.load(Ordering::Relaxed));
    if !is_function(handler) {
        return;
    }
    // SAFETY: the program gave this address to the kernel for this purpose. A handler without SA_SIGINFO ignores what it gets
    // too much, as it does when the kernel calls it.
    let handler = unsafe { std::mem::transmute::<u64, Handler>(handler) };
    let _suspended = Suspended::new();
    // SAFETY: the kernel's context of the interrupted code, on our stack; NULL is not passed on x86_64.
    let registers = unsafe { &mut (*context).uc_mcontext.gregs };
    let disguise = Disguise::put_on(registers);
    // SAFETY: as the kernel would call it. If it does not return, neither guard nor disguise are needed any more.
    unsafe { handler(signal, info, context) };
    if let Some(disguise) = disguise {
        disguise.take_off(registers);
    }
}

type Registers = [libc::greg_t; 23];

/// The registers that differ between a call made in the crossing and one made in place.
const CHANGED: [c_int; 6] = [libc::REG_RIP, libc::REG_RSP, libc::REG_RBP, libc::REG_EFL, libc::REG_RCX, libc::REG_R11];

/// A call in the crossing shown as one in place.
#[derive(Debug)]
struct Disguise {
    real: [i64; CHANGED.len()],
    shown: [i64; CHANGED.len()],
}

impl Disguise {
    /// If a call in the crossing was interrupted, shows the program's registers instead of ours.
    fn put_on(registers: &mut Registers) -> Option<Disguise> {
        let from_call = is_observed_call(register(registers, libc::REG_RIP).cast_unsigned())?;
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

    /// Goes back to our registers, unless the handler has sent the program elsewhere.
    fn take_off(&self, registers: &mut Registers) {
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
