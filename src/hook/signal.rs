//! The program's signal handlers.
//!
//! Each handler is entered through [`deliver`], so that a handler that interrupts a hook is not a part of that hook: its system
//! calls are intercepted; and so that the context it is given can be put right (see [`Disguise`]).
//!
//! For this, `rt_sigaction` is answered here: the kernel gets the address of `deliver`, the program gets to see its own. Only the
//! address is changed; flags, mask and restorer are the program's. Handlers that were there before are adopted at start. (Of some
//! signals the default is adopted as well: see [`default`].)
//!
//! Where signals are traced or injected, and for those of faults, there is one flag more: the kernel describes a signal only to
//! handlers that have asked for it by `SA_SIGINFO` (`setup_rt_frame` in arch/x86/kernel/signal_64.c). Nothing else depends on it, and
//! the program does not get to see it.
#![allow(unsafe_code, reason = "memory of the program, and its signal handlers")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicU64, Ordering};

use super::action::{self, Sigaction};
use super::cancel::{Cancellation, SetAside, is_cancellation};
use super::disguise::Disguise;
use super::fault::{Fault, Outcome};
use super::guard::Suspended;
use super::registers::{Registers, register};
use super::{default, fault, in_place, owner};
use crate::inject::{self, Tick};
use crate::log;
use crate::ring::Thread;
use crate::sys::probe::{SIGSET_SIZE, is_readable};
use crate::sys::raw::syscall;
use crate::trampoline::{Part, part};

/// Signals are numbered from 1 to this.
const SIGNALS: usize = 64;

/// The program's handler of each signal that has one, and with [`ADDED`] whether it has not asked for descriptions.
static HANDLERS: [AtomicU64; SIGNALS + 1] = [const { AtomicU64::new(0) }; SIGNALS + 1];

/// `SA_SIGINFO` was added to the flags of this handler. No address of a program has this bit.
const ADDED: u64 = 1 << 63;
const SA_SIGINFO: u64 = libc::SA_SIGINFO as u64;
const SA_RESETHAND: u64 = libc::SA_RESETHAND as u64;

type Handler = unsafe extern "C-unwind" fn(c_int, *mut libc::siginfo_t, *mut libc::ucontext_t);

/// Answers `rt_sigaction`; `None` if the kernel can do that better: what it refuses, and what is no matter of handlers.
///
/// Two threads that set handlers of one signal at the same moment may get the handler of one and the flags of the other; in
/// which order they come is open without us, too.
pub(super) fn sigaction(args: &[i64; 6]) -> Option<i64> {
    let [signal, new, old, size, ..] = *args;
    let slot = HANDLERS.get(usize::try_from(signal).ok()?).filter(|_| size == SIGSET_SIZE && signal != 0)?;
    let number = c_int::try_from(signal).ok()?;
    // SAFETY: readable, says the kernel. Another thread may unmap it now: as with any call that is given such memory.
    let program = (new != 0).then(|| readable(new).then(|| unsafe { (new as *const Sigaction).read_unaligned() }));
    let program = match program {
        Some(None) => return None,
        // Who shares our memory but not our handlers, as the child of a `vfork`, sets his own past us.
        Some(Some(action)) => Some(action).filter(|action| {
            (is_function(action.handler) || default::is_taken(number, action)) && owner::is_this_process()
        }),
        None => None,
    };
    let (before, default_before) = (slot.load(Ordering::Relaxed), default::get(number));
    let result = match program {
        // The handler first: it may be entered as soon as the kernel knows of it.
        Some(action) => {
            let is_looked_at = log::tells_of_signals() || inject::brings_signals() || fault::SIGNALS.contains(&number);
            let added = if is_looked_at { SA_SIGINFO & !action.flags } else { 0 };
            let ours = if is_function(action.handler) {
                slot.store(if added == 0 { action.handler } else { action.handler | ADDED }, Ordering::Relaxed);
                Sigaction { handler: deliver as *const () as u64, flags: action.flags | added, ..action }
            } else {
                slot.store(action.handler, Ordering::Relaxed);
                default::put(number, &action)
            };
            // SAFETY: the program's call, with a handler that calls the program's.
            unsafe { syscall(libc::SYS_rt_sigaction, [signal, &raw const ours as i64, old, size, 0, 0]) }
        }
        // SAFETY: the program's call.
        None => unsafe { syscall(libc::SYS_rt_sigaction, *args) },
    };
    // EFAULT speaks of `old`: the kernel has changed the action before it writes there (kernel/signal.c).
    if result < 0 && result != -i64::from(libc::EFAULT) {
        slot.store(before, Ordering::Relaxed);
        default::put(number, &default_before);
    }
    if result == 0 && old != 0 {
        // SAFETY: the kernel has just written to it.
        unsafe { show_own(old as *mut Sigaction, before, default_before) };
    }
    Some(result)
}

/// Takes over the handlers that were set before the library was loaded.
pub(crate) fn adopt_handlers() {
    owner::set_up();
    for signal in 1..=SIGNALS as c_int {
        if let Some(action) = action::of(signal).filter(|action| is_function(action.handler)) {
            sigaction(&[signal.into(), &raw const action as i64, 0, SIGSET_SIZE, 0, 0]);
        }
    }
}

/// Whether a signal has interrupted a call that is made in a crossing. Where a call would be started again, it may also be that it has
/// not begun: that is the same.
fn is_in_call(signal: c_int, registers: &Registers) -> bool {
    match part(register(registers, libc::REG_RIP).cast_unsigned()) {
        Some(Part::AtCall(0)) => action::of(signal).is_some_and(|action| action.flags & libc::SA_RESTART as u64 != 0),
        Some(Part::AtCall(_)) => true,
        _ => false,
    }
}

/// What the program has not heard of does not use up a handler of its own that is for one time (`SA_RESETHAND`).
fn keep_for_next(signal: c_int) {
    let is_used_up = |action: &Sigaction| action.handler == libc::SIG_DFL as u64 && action.flags & SA_RESETHAND != 0;
    if let Some(action) = action::of(signal).filter(is_used_up) {
        // SAFETY: what there was before the kernel called it.
        unsafe { action::replace(signal, &Sigaction { handler: deliver as *const () as u64, ..action }) };
    }
}

/// Puts the program's handler and flags, or its default, back into an action that the kernel has written for the program.
///
/// # Safety
///
/// The action can be read and written.
unsafe fn show_own(action: *mut Sigaction, handler: u64, default: Sigaction) {
    // SAFETY: passed on.
    unsafe {
        let Sigaction { handler: now, flags, .. } = action.read_unaligned();
        let is_ours = now == deliver as *const () as u64;
        if is_ours && !is_function(handler & !ADDED) {
            action.write_unaligned(default);
            return;
        }
        if is_ours {
            (&raw mut (*action).handler).write_unaligned(handler & !ADDED);
        }
        // A handler that was to be called once leaves its flags behind.
        let was_ours = now == libc::SIG_DFL as u64 && flags & SA_RESETHAND != 0;
        if handler & ADDED != 0 && (is_ours || was_ours) {
            (&raw mut (*action).flags).write_unaligned(flags & !SA_SIGINFO);
        }
    }
}

/// Whether this is the address of a handler and not `SIG_DFL` or `SIG_IGN`.
fn is_function(handler: u64) -> bool {
    handler > libc::SIG_IGN as u64
}

/// Whether a `Sigaction` at this address can be read.
fn readable(address: i64) -> bool {
    let last = size_of::<Sigaction>() as i64 - SIGSET_SIZE;
    [address, address.wrapping_add(last)].into_iter().all(|word| is_readable(word.cast_unsigned()))
}

/// What the kernel calls in place of the program's handler.
pub(super) unsafe extern "C-unwind" fn deliver(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::ucontext_t,
) {
    let slot = usize::try_from(signal).ok().and_then(|signal| HANDLERS.get(signal));
    let handler = slot.map_or(0, |slot| slot.load(Ordering::Relaxed) & !ADDED);
    // SAFETY: the kernel's context of the interrupted code and description of the signal, on our stack; they are passed on x86_64
    // whatever the flags.
    let (interrupted, described) = unsafe { (&mut *context, &mut *info) };
    let registers = &mut interrupted.uc_mcontext.gregs;
    let fault = Fault::of_hook(signal, described, registers);
    if fault.as_ref().is_some_and(|fault| fault.is_caught(registers)) {
        return keep_for_next(signal);
    }
    let outcome = if is_function(handler) { Outcome::CallsHandler } else { Outcome::Dies };
    fault.inspect(|fault| fault.report(outcome));
    if outcome == Outcome::Dies {
        return default::come_true(signal, described, interrupted);
    }
    // SAFETY: the program gave this address to the kernel for this purpose. A handler without SA_SIGINFO ignores what it gets
    // too much, as it does when the kernel calls it.
    let handler = unsafe { std::mem::transmute::<u64, Handler>(handler) };
    if let Some(tick) = Tick::of(described) {
        // Otherwise there will be another one.
        if !is_in_call(signal, registers) {
            return;
        }
        tick.found_the_call();
    }
    let cancels = is_cancellation(signal, described);
    if cancels {
        in_place::finish_crossing(registers);
    }
    in_place::finish_last_step(registers);
    in_place::finish_stub(registers);
    let cancellation = if cancels {
        let Some(cancellation) = Cancellation::arrives(signal, interrupted) else { return };
        Some(cancellation)
    } else {
        None
    };
    let _suspended = Suspended::new();
    let is_chosen = Thread::current().is_chosen();
    let _set_aside = SetAside::new();
    let registers = &mut interrupted.uc_mcontext.gregs;
    let disguise = Disguise::put_on(registers);
    let counter = register(registers, libc::REG_RIP);
    if let Some(disguise) = disguise.as_ref().filter(|_| signal == libc::SIGSYS) {
        // SAFETY: the signal is the one that `Trap` describes.
        disguise.put_on_trap(unsafe { &mut *(&raw mut *described).cast() });
    }
    // SAFETY: the kernel's description, which is longer than what is looked at. There is one: see `tells_of_signals`.
    log::signal(signal, unsafe { &*(&raw const *described).cast() });
    // SAFETY: as the kernel would call it. If it does not return, neither guard nor disguise are needed any more.
    unsafe { handler(signal, info, context) };
    // SAFETY: the same as before; the handler is done with it.
    let interrupted = unsafe { &mut *context };
    // The handler's own calls were others.
    Thread::current().choose(is_chosen);
    let goes_on = register(&interrupted.uc_mcontext.gregs, libc::REG_RIP) == counter;
    if let Some(disguise) = disguise {
        disguise.take_off(&mut interrupted.uc_mcontext.gregs);
    }
    if let Some(cancellation) = cancellation.filter(|_| goes_on) {
        cancellation.is_refused(interrupted);
    }
}
