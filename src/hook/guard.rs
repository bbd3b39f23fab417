//! The per-thread guard: calls that a hook makes pass straight through.
//!
//! The guard is one word of initial-exec TLS (asm/crossing.S; `thread_local!` would call `__tls_get_addr`, which may
//! allocate): the address of the frame whose hook is running on this thread, or zero. A crossing from deeper down the stack
//! is a call of that hook, unless the hook was left by `longjmp` or an exception. Then the guard is stale: a crossing from
//! *above* the frame shows it, and so does one from below, because the frame is no longer what it was. A frame carries a mark
//! while its hook runs; returning from the hook overwrites it, and so does the program, going down the stack again.
//! (What leaves a hole of uninitialised memory just there goes unnoticed until the next call from above.)
#![allow(unsafe_code, reason = "a thread-local word that assembly defines")]

use std::arch::asm;
use std::marker::PhantomData;
use std::mem::offset_of;

use super::Frame;
use crate::sys::probe::is_readable;

/// The guard while nothing is to be intercepted on this thread.
const BYPASS: u64 = u64::MAX;
/// With its address, what a frame is marked with. Any number that is unlikely to lie on a stack.
pub(crate) const MARK: u64 = 0x9d3f_5be1_77c2_a604;
/// Two frames closer to each other than this are on one stack, with nothing unmapped between them: it is half of what
/// `PTHREAD_STACK_MIN` asks for.
const ONE_STACK: u64 = 0x2000;

/// The guard of one thread, held while a hook runs. Given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    /// What the guard was: zero, stale, or the frame of a hook that a signal handler on a stack further up has interrupted and
    /// is about to return to (`rt_sigreturn` is a system call, too).
    before: u64,
    /// Belongs to the thread that took it.
    not_send: PhantomData<*mut ()>,
}

impl Held {
    /// Takes the guard for the hook of a frame; `None` if the crossing comes from a hook.
    pub(super) fn take(frame: &mut Frame) -> Option<Held> {
        let guard = get();
        if is_held(guard, std::ptr::from_ref(frame) as u64) {
            return None;
        }
        mark(frame);
        Some(Held { before: guard, not_send: PhantomData })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        set(self.before);
    }
}

/// The same where there is nothing to be remembered: the guard was zero, as it is nearly always.
#[derive(Debug)]
pub(super) struct HeldAlone {
    not_send: PhantomData<*mut ()>,
}

impl HeldAlone {
    /// Takes the guard for the hook of a frame; `None` if [`Held::take`] has to look closer.
    #[inline(always)]
    pub(super) fn take(frame: &mut Frame) -> Option<HeldAlone> {
        if get() != 0 {
            return None;
        }
        mark(frame);
        Some(HeldAlone { not_send: PhantomData })
    }
}

impl Drop for HeldAlone {
    #[inline(always)]
    fn drop(&mut self) {
        set(0);
    }
}

/// Says in the guard and in a frame that its hook runs.
#[inline(always)]
fn mark(frame: &mut Frame) {
    let address = std::ptr::from_ref(frame) as u64;
    frame.mark = guard_mark(address);
    set(address);
}

fn guard_mark(address: u64) -> u64 {
    address ^ MARK
}

/// Whether a guard counts, seen from an address on the stack.
fn is_held(guard: u64, stack: u64) -> bool {
    // The stack grows down: what a hook calls has its frame at a lower address.
    guard == BYPASS || (guard > stack && is_marked(guard, stack))
}

/// Whether the frame that the guard names is still there, seen from a frame below it.
fn is_marked(guard: u64, below: u64) -> bool {
    let mark = guard + offset_of!(Frame, mark) as u64;
    // A hook that needs much stack is asked about it each time; or this is another stack, and the first is gone.
    if guard - below > ONE_STACK && !is_readable(mark) {
        return false;
    }
    // SAFETY: near enough to be on the stack this runs on, or readable.
    unsafe { (mark as *const u64).read_volatile() == guard_mark(guard) }
}

/// Whether a hook runs on this thread, or what it has called, as seen from a stack pointer of the thread.
pub(super) fn hook_runs(stack: u64) -> bool {
    is_held(get(), stack)
}

/// The frame whose hook this thread is about to run: the guard is held.
pub(super) fn held() -> *mut Frame {
    get() as *mut Frame
}

/// The frame of that hook, if it is that of a hook.
pub(super) fn hooked(stack: u64) -> Option<&'static Frame> {
    let guard = get();
    // SAFETY: it is marked, so its hook runs. For as long as the caller looks: it is what the hook has called.
    (guard != BYPASS && hook_runs(stack)).then(|| unsafe { &*(guard as *const Frame) })
}

/// Runs something on this thread with all system calls passing straight through.
pub(crate) fn bypass<T>(run: impl FnOnce() -> T) -> T {
    let _set_aside = SetAside::for_guard(BYPASS);
    run()
}

/// A handler of the program runs: whatever hook it has interrupted does not count. Ends when dropped; if the handler leaves by
/// `longjmp` it goes on, which is right, since the hook has been left too.
#[derive(Debug)]
pub(super) struct Suspended {
    _guard: SetAside,
}

impl Suspended {
    pub(super) fn new() -> Suspended {
        Suspended { _guard: SetAside::for_guard(0) }
    }
}

/// The guard's value while another one counts. Put back when dropped.
#[derive(Debug)]
struct SetAside {
    guard: u64,
}

impl SetAside {
    fn for_guard(guard: u64) -> SetAside {
        let before = get();
        set(guard);
        SetAside { guard: before }
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        set(self.guard);
    }
}

fn get() -> u64 {
    let guard: u64;
    // SAFETY: reads this thread's word. Every thread that libc has made has it; those that a program makes by `clone` with a
    // thread pointer of its own are named in docs/limits.md.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_guard@GOTTPOFF]",
            "mov {0}, fs:[{0}]",
            out(reg) guard,
            options(nostack, preserves_flags, readonly),
        );
    }
    guard
}

fn set(guard: u64) {
    // SAFETY: writes this thread's word, which nothing else reads.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_guard@GOTTPOFF]",
            "mov fs:[{0}], {1}",
            out(reg) _,
            in(reg) guard,
            options(nostack, preserves_flags),
        );
    }
}
