//! Which slot a thread counts in.
#![allow(unsafe_code, reason = "thread-local words that assembly defines, and calls that fill buffers")]

use std::arch::{asm, global_asm};
use std::cell::Cell;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::layout::{Keep, SHARED, Slot};
use super::segment::Segment;
use crate::sys::raw::syscall;

// Initial-exec and statically initialised, as the guard: `thread_local!` would call `__tls_get_addr`, which may allocate.
global_asm!(
    ".section .tdata.syscall_intercept_stat, \"awT\", @progbits",
    ".p2align 3",
    ".globl syscall_intercept_stat",
    ".hidden syscall_intercept_stat",
    ".type syscall_intercept_stat, @object",
    ".size syscall_intercept_stat, {size}",
    "syscall_intercept_stat:",
    ".quad 0",
    ".long {none}",
    ".zero {size} - 12",
    ".text",
    size = const size_of::<Thread>(),
    none = const NONE,
);

/// What a thread remembers.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Thread {
    slot: Cell<Option<&'static Slot>>,
    /// The process it counts in this slot for: the child of a `fork` finds here that of its parent.
    process: Cell<u32>,
    /// The `clone` it is about to make: of this number, and when. One of these calls at a time: nothing can be kept on the stack
    /// while it is made.
    pub(super) clone: Cell<(i64, u64)>,
}

/// No process.
const NONE: u32 = u32::MAX - 1;

/// This thread's.
#[inline(always)]
pub(super) fn this() -> &'static Thread {
    let thread: *const Thread;
    // SAFETY: computes an address from the thread pointer, whose first word is its own address (psABI, thread-local storage).
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_stat@GOTTPOFF]",
            "add {0}, fs:[0]",
            out(reg) thread,
            options(nostack, readonly),
        );
    }
    // SAFETY: of the thread alone, for as long as it runs; no reference is kept longer or given to another.
    unsafe { &*thread }
}

/// The slot this thread counts in, if it has one.
#[inline(always)]
pub(super) fn own_slot(segment: &'static Segment) -> Option<&'static Slot> {
    let thread = this();
    thread.slot.get().filter(|_| thread.process.get() == segment.process().load(Relaxed))
}

/// The slot this thread counts in.
pub(super) fn slot(segment: &'static Segment) -> &'static Slot {
    own_slot(segment).unwrap_or_else(|| take(segment, this()))
}

/// Takes one.
fn take(segment: &'static Segment, thread: &Thread) -> &'static Slot {
    let process = number_process(segment);
    let slot = if process == u32::MAX { None } else { free(segment, process) };
    // Who does not know whether it was forked cannot have a slot of its own.
    let slot = slot.unwrap_or(&segment.slots()[SHARED]);
    thread.slot.set(Some(slot));
    thread.process.set(process);
    slot
}

/// The number of this process, which a fresh one gets here.
fn number_process(segment: &Segment) -> u32 {
    let process = segment.process();
    match process.load(Relaxed) {
        0 => {
            let next = segment.header().processes.fetch_add(1, Relaxed) + 1;
            process.compare_exchange(0, next, Relaxed, Relaxed).map_or_else(|other| other, |_| next)
        }
        process => process,
    }
}

/// A slot that nobody has, or `None` if there is none.
fn free(segment: &'static Segment, process: u32) -> Option<&'static Slot> {
    let (header, slots) = (segment.header(), segment.slots());
    let keep = header.keep.load(Relaxed);
    let take =
        |slot: &Slot| slot.taken.load(Relaxed) == 0 && slot.taken.compare_exchange(0, 1, Acquire, Relaxed).is_ok();
    let known = slots.len().min(header.slots_taken.load(Relaxed) as usize);
    let known = slots.get(SHARED + 1..known).unwrap_or_default();
    let again = match keep {
        _ if keep == Keep::Nothing as u32 => known.iter().find(|slot| take(slot)),
        _ if keep == Keep::Processes as u32 => {
            known.iter().find(|slot| slot.process.load(Relaxed) == process && take(slot))
        }
        _ => None,
    };
    if again.is_some() {
        return again;
    }
    loop {
        let slot = slots.get(header.slots_taken.fetch_add(1, Relaxed) as usize)?;
        // Somebody else may have found it among those that are known by now.
        if take(slot) {
            if keep != Keep::Nothing as u32 {
                identify(slot);
            }
            slot.process.store(process, Relaxed);
            return Some(slot);
        }
    }
}

/// Writes down who counts in a slot.
fn identify(slot: &Slot) {
    let mut name = [0_u8; 16];
    let ask = |number, first, second| {
        // SAFETY: two of the calls take nothing, and the third gets room for the longest name a thread can have.
        unsafe { syscall(number, [first, second, 0, 0, 0, 0]) }
    };
    ask(libc::SYS_prctl, libc::PR_GET_NAME.into(), name.as_mut_ptr() as i64);
    slot.process_id.store(ask(libc::SYS_getpid, 0, 0) as u32, Relaxed);
    slot.thread_id.store(ask(libc::SYS_gettid, 0, 0) as u32, Relaxed);
    slot.name.iter().zip(name).for_each(|(place, byte)| place.store(byte, Relaxed));
}

/// This thread is about to end, or to become another program. If it does not, it takes a slot again.
pub(super) fn leaves(segment: &Segment) {
    let thread = this();
    // Who wants to know threads apart has slots that are used once.
    if segment.header().keep.load(Relaxed) == Keep::Threads as u32 {
        return;
    }
    let slot = thread.slot.take().filter(|_| thread.process.replace(NONE) == segment.process().load(Relaxed));
    if let Some(slot) = slot.filter(|slot| !std::ptr::eq(*slot, &raw const segment.slots()[SHARED])) {
        slot.taken.store(0, Release);
    }
}
