//! What the crossing hands to Rust, and what it wants back.
#![allow(unsafe_code, reason = "reads the descriptor of a stub")]

use super::errno::Running;
use crate::trampoline::stub::{BASE_OF_CLONE_TO_DESCRIPTOR, BASE_TO_DESCRIPTOR, Descriptor};

/// The part of the stack that asm/crossing.S shares with Rust; the layout is drawn there.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Frame {
    /// While a hook runs: which one, and the program's `errno`.
    pub(crate) running: Running,
    /// While a call is made with [`Verdict::Observe`]: which hooks want to see the result. While a hook runs that may fault: where
    /// it lands (see [`super::shield`]).
    pub(super) audience: u64,
    /// Where `fxsave64` has put the x87 registers; zero if none was in use.
    pub(crate) x87_saved: u64,
    pub(crate) mxcsr: u32,
    pub(crate) x87_control: u16,
    pub(crate) x87_status: u16,
    /// The crossing's scratch space; while a hook runs it belongs to the guard. While a call is made that is counted: when it
    /// was begun.
    pub(crate) mark: u64,
    /// What the program gets in rax if the verdict is [`Verdict::Return`]; after [`Verdict::Observe`] the kernel's answer.
    pub(crate) result: i64,
    /// rax at the site: the number of the call. In [`super::after_clone`]: the kernel's answer.
    pub(crate) number: i64,
    /// rdi, rsi, rdx, r10, r8, r9 at the site.
    pub(crate) args: [i64; 6],
    /// Zero where the crossing does not keep them, because nobody reads them later.
    pub(crate) rflags: u64,
    pub(crate) rbp: u64,
    /// The base of the stub. On the way to a call, [`Part::Forward`](crate::trampoline::Part): where that is made.
    pub(crate) base: u64,
    /// Behind the system call.
    pub(crate) after: u64,
}

impl Frame {
    /// Remembers when a call was begun, after the hooks and until the call has returned.
    pub(super) fn begun(&mut self, ticks: u64) {
        self.mark = ticks;
    }

    pub(super) fn when_begun(&self) -> u64 {
        self.mark
    }

    /// The program's flags, if the current ones are these.
    pub(super) fn flags(&self, current: i64) -> i64 {
        if self.rflags == 0 { current } else { self.rflags.cast_signed() }
    }

    /// The site this frame came from.
    ///
    /// # Safety
    ///
    /// The frame was made by the crossing, entered from the first call in a stub.
    pub(super) unsafe fn site(&self) -> &'static Descriptor {
        // SAFETY: stubs are never unmapped, and each has its descriptor at this distance from its base.
        unsafe { &*((self.base + BASE_TO_DESCRIPTOR) as *const Descriptor) }
    }

    /// The site this frame came from, after a `clone` made in its stub.
    ///
    /// # Safety
    ///
    /// The frame was made by the crossing, entered from the second call in a stub.
    pub(super) unsafe fn site_of_clone(&self) -> &'static Descriptor {
        // SAFETY: as above.
        unsafe { &*((self.base + BASE_OF_CLONE_TO_DESCRIPTOR) as *const Descriptor) }
    }
}

/// What is to become of the system call.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go to the original `syscall` instruction with every register as it was that the crossing saves, but for rcx and r11, which it
    /// overwrites.
    Forward = 0,
    /// Make no system call; the program sees [`Frame::result`].
    Return = 1,
    /// Make it in the stub, with the stack as it was, and come back through [`super::after_clone`].
    InStub = 2,
    /// Make it in the crossing, and come back through [`super::after`].
    Observe = 3,
}
