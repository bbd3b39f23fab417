//! The signals of faults where the program has left them at their default: that they end the process.
//!
//! Somebody has to report that a hook has faulted. So as soon as there can be a hook, the kernel gets the address of
//! [`super::signal::deliver`] for these signals, too. The program gets to see what it has set itself, or what was there from the
//! beginning. When such a signal arrives the default is put back, and the signal comes again: the process ends with the status, the
//! core dump and the line in the kernel's log that it would have had.
#![allow(unsafe_code, reason = "signal handlers, and a signal that is sent")]

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::action::{self, Sigaction};
use super::cancel::mask_mut;
use super::fault::{SI_KERNEL, SIGNALS};
use super::owner;
use super::signal::deliver;
use crate::sys::raw::syscall;

unsafe extern "C" {
    /// See asm/landing.S.
    fn syscall_intercept_restorer();
}

/// Whether there can be hooks that fault.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What the program has set beside the default, for each of [`SIGNALS`]: flags, restorer, mask. It can ask for that.
static SET: [[AtomicU64; 3]; SIGNALS.len()] = [const { [const { AtomicU64::new(0) }; 3] }; SIGNALS.len()];

fn place(signal: c_int) -> Option<&'static [AtomicU64; 3]> {
    SET.iter().zip(SIGNALS).find(|&(_, this)| this == signal).map(|(place, _)| place)
}

/// Whether this is the default of a signal, and not left to the kernel.
pub(super) fn is_taken(signal: c_int, action: &Sigaction) -> bool {
    action.handler == libc::SIG_DFL as u64 && TAKEN.load(Ordering::Relaxed) && place(signal).is_some()
}

/// What the program has set.
pub(super) fn get(signal: c_int) -> Sigaction {
    let [flags, restorer, mask] = match place(signal) {
        Some(place) => [0, 1, 2].map(|word| place.get(word).map_or(0, |word: &AtomicU64| word.load(Ordering::Relaxed))),
        None => [0; 3],
    };
    Sigaction { handler: libc::SIG_DFL as u64, flags, restorer, mask }
}

/// Remembers what the program sets. Answers what the kernel gets instead.
pub(super) fn put(signal: c_int, action: &Sigaction) -> Sigaction {
    let words = [action.flags, action.restorer, action.mask];
    place(signal).into_iter().flatten().zip(words).for_each(|(place, word)| place.store(word, Ordering::Relaxed));
    /// `SA_RESTORER`, which libcs keep to themselves (arch/x86/include/uapi/asm/signal.h).
    const SA_RESTORER: u64 = 0x0400_0000;
    Sigaction {
        handler: deliver as *const () as u64,
        // A stack that a hook has used up is no place for a handler, if there is another one.
        flags: (libc::SA_SIGINFO | libc::SA_ONSTACK) as u64 | SA_RESTORER,
        restorer: syscall_intercept_restorer as *const () as u64,
        mask: 0,
    }
}

/// There can be hooks from now on. May be called from anywhere.
pub(super) fn take() {
    if !owner::is_this_process() || TAKEN.swap(true, Ordering::Relaxed) {
        return;
    }
    for signal in SIGNALS {
        let Some(before) = action::of(signal).filter(|action| action.handler == libc::SIG_DFL as u64) else { continue };
        let ours = put(signal, &before);
        // SAFETY: a handler, and what returns from it.
        let replaced = unsafe { action::replace(signal, &ours) };
        // Another thread has set a handler just now: its own, or ours in front of its own. It has that again.
        if let Some(meanwhile) = replaced.filter(|replaced| replaced.handler != libc::SIG_DFL as u64) {
            // SAFETY: what the kernel had before.
            unsafe { action::replace(signal, &meanwhile) };
        }
    }
}

/// A signal has arrived, and the program has left it at its default: when this handler returns the process ends.
pub(super) fn come_true(signal: c_int, info: &mut libc::siginfo_t, context: &mut libc::ucontext_t) {
    // SAFETY: no handler.
    let is_default = unsafe { action::replace(signal, &Sigaction::default()) }.is_some();
    if info.si_code > 0 && info.si_code != SI_KERNEL {
        // The instruction is executed again. Should a seccomp filter have refused: where a signal is blocked that an
        // instruction raises, the kernel puts back the default itself (`force_sig_info_to_task` in kernel/signal.c).
        if !is_default {
            *mask_mut(context) |= 1 << (signal - 1);
        }
        return;
    }
    // SAFETY: sends this thread what it has got. It is blocked until the handler returns.
    unsafe {
        let [process, thread] = [libc::SYS_getpid, libc::SYS_gettid].map(|number| syscall(number, [0; 6]));
        let args = [process, thread, signal.into(), &raw const *info as i64, 0, 0];
        syscall(libc::SYS_rt_tgsigqueueinfo, args);
    }
}
