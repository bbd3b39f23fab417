//! What the library knows of a thread of the program, so that it need not ask the kernel at each call.
#![allow(unsafe_code, reason = "thread-local words, and calls that ask who one is")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::arch::{asm, global_asm};

use crate::sys::raw::syscall;

// As the guard's in asm/crossing.S, and for the same reason: `thread_local!` calls `__tls_get_addr`, which may allocate.
global_asm!(
    ".pushsection .tbss.syscall_intercept_thread, \"awT\", @nobits",
    ".balign 8",
    ".globl syscall_intercept_thread",
    ".hidden syscall_intercept_thread",
    ".type syscall_intercept_thread, @object",
    ".size syscall_intercept_thread, {size}",
    "syscall_intercept_thread:",
    ".zero {size}",
    ".popsection",
    size = const size_of::<Thread>(),
);

/// One thread. Signal handlers find it in any state between two stores.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Thread {
    /// Zero: not known yet.
    id: AtomicU32,
    process: AtomicU32,
    /// Not to be relied on: another thread has the same thread-local words.
    is_shared: AtomicU32,
    /// When the call that is being made began.
    began: AtomicU64,
    /// The stack pointer of the call whose beginning was told last with its stack, or zero.
    told_of: AtomicU64,
    /// Whether a trace shows it.
    is_chosen: AtomicU32,
}

impl Thread {
    /// The calling one.
    pub(crate) fn current() -> &'static Thread {
        let address: *const Thread;
        // SAFETY: computes the address of this thread's words, which every thread has that libc has made.
        unsafe {
            asm!(
                "mov {0}, qword ptr [rip + syscall_intercept_thread@GOTTPOFF]",
                "add {0}, qword ptr fs:[0]",
                out(reg) address,
                options(nostack, readonly),
            );
        }
        // SAFETY: they are there as long as the thread is, which is longer than anything that is done here; zeroes at first, and
        // atomics from then on.
        unsafe { &*address }
    }

    /// The ids of process and thread.
    pub(crate) fn ids(&self) -> (u32, u32) {
        let (known, is_shared) = (self.id.load(Relaxed), self.is_shared.load(Relaxed) != 0);
        if known != 0 && !is_shared {
            return (self.process.load(Relaxed), known);
        }
        let (process, thread) = (ask(libc::SYS_getpid), ask(libc::SYS_gettid));
        if !is_shared {
            self.process.store(process, Relaxed);
            self.id.store(thread, Relaxed);
        }
        (process, thread)
    }

    /// In the child of a `fork`, which has got a copy of its parent's words.
    pub(crate) fn forget(&self) {
        self.id.store(0, Relaxed);
        self.is_shared.store(0, Relaxed);
    }

    /// Says whether somebody else has the same words, too.
    pub(crate) fn share(&self, shared: bool) {
        self.is_shared.store(shared.into(), Relaxed);
    }

    /// When the call began that is about to end.
    pub(crate) fn began(&self) -> u64 {
        self.began.load(Relaxed)
    }

    /// The stack of a call has been told, where this is its stack pointer; zero if that of the latest call was not.
    pub(crate) fn tells_stack(&self, sp: u64) {
        self.told_of.store(sp, Relaxed);
    }

    /// Whether that was the stack of the call that ends.
    pub(crate) fn has_told_stack(&self, sp: u64) -> bool {
        self.told_of.load(Relaxed) == sp
    }

    /// Whether the call that is about to end is to be shown.
    pub(crate) fn is_chosen(&self) -> bool {
        self.is_chosen.load(Relaxed) != 0
    }

    /// Says whether the call that is being made is to be shown.
    pub(crate) fn choose(&self, chosen: bool) {
        self.is_chosen.store(chosen.into(), Relaxed);
    }

    /// A call begins.
    pub(crate) fn begin(&self, moment: u64) {
        self.began.store(moment, Relaxed);
    }
}

fn ask(number: i64) -> u32 {
    // SAFETY: the calls above answer a number and do nothing else.
    unsafe { syscall(number, [0; 6]) as u32 }
}
