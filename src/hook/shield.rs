//! The shield: a hook that faults in it is switched off, and the process goes on.
//!
//! A hook in the shield is called by way of asm/landing.S, which notes in the frame of the call where to land. The handler of a
//! fault (see [`super::fault`]) sends the thread there: that is as if the hook had returned. Hooks without it are called as if it
//! did not exist.
#![allow(unsafe_code, reason = "assembly, and hooks through pointers")]

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::chain::{self, Audience, ask_plain};
use super::registers::{Registers, register, set};
use super::slots::{Added, FORWARD, HANDLED, OBSERVE, Place, ShownCall};
use super::{Frame, guard, slots, ways};

std::arch::global_asm!(include_str!("../../asm/landing.S"), SIGRETURN = const libc::SYS_rt_sigreturn);

unsafe extern "C-unwind" {
    /// See asm/landing.S.
    fn syscall_intercept_shielded(
        run: unsafe extern "C-unwind" fn(*mut c_void),
        data: *mut c_void,
        landing: *mut u64,
    ) -> c_int;

    static syscall_intercept_landing: u8;
}

/// Which hooks have the shield: one of those below.
static COVERED: AtomicU8 = AtomicU8::new(THOSE_ADDED_SO);

/// Those that were added with it.
const THOSE_ADDED_SO: u8 = 0;
const ALL: u8 = 1;
const NONE: u8 = 2;

/// Whether the hook points have faulted.
static HOOK_POINTS_OFF: AtomicBool = AtomicBool::new(false);

/// With this in [`super::errno::Running`], a hook runs in the shield.
const IN_SHIELD: u32 = 1 << 31;

/// Before hooks are asked: all hooks have the shield, or none, whatever they were added with.
pub(crate) fn cover(all: bool) {
    COVERED.store(if all { ALL } else { NONE }, Ordering::Relaxed);
    slots::all().for_each(|place| place.put(covers(false)));
    ways::choose();
}

/// Whether a hook has the shield that was added with it, or without.
pub(super) fn covers(added_so: bool) -> bool {
    match COVERED.load(Ordering::Relaxed) {
        THOSE_ADDED_SO => added_so,
        covered => covered == ALL,
    }
}

/// Whether the hook points have the shield.
#[inline(always)]
pub(super) fn covers_hook_points() -> bool {
    COVERED.load(Ordering::Relaxed) == ALL
}

/// What is called instead of a hook, with the address of its slot, so that it runs in the shield.
pub(super) fn around(hook: Added, slot: *mut c_void) -> Added {
    match hook {
        Added::Plain(_) => Added::Pair(Some(before), None, slot),
        Added::Pair(first, last, _) => Added::Pair(first.map(|_| before as _), last.map(|_| after as _), slot),
    }
}

/// Before a call. A hook that faults has said nothing, and changed nothing.
unsafe extern "C-unwind" fn before(call: *mut ShownCall, slot: *mut c_void) -> c_int {
    // SAFETY: a call that is nobody else's.
    let call = unsafe { &mut *call };
    let (given, hook) = (*call, Place::of(slot).and_then(|place| place.hook_for(call)));
    let answer = run(|| match hook {
        Some(Added::Plain(hook)) => ask_plain(hook, call.number, &call.args).map_or(FORWARD, |result| {
            call.result = result;
            HANDLED
        }),
        // SAFETY: as the header says, and the data is what it was added with.
        Some(Added::Pair(before, _, data)) => before.map_or(OBSERVE, |hook| unsafe { hook(&raw mut *call, data) }),
        None => FORWARD,
    });
    answer.unwrap_or_else(|| {
        *call = given;
        FORWARD
    })
}

/// After a call.
unsafe extern "C-unwind" fn after(call: *mut ShownCall, slot: *mut c_void) {
    // SAFETY: as above.
    let call = unsafe { &mut *call };
    let (given, hook) = (*call, Place::of(slot).and_then(|place| place.hook_for(call)));
    let Some(Added::Pair(_, Some(hook), data)) = hook else { return };
    // SAFETY: as the header says, and the data is what it was added with.
    if run(|| unsafe { hook(&raw mut *call, data) }).is_none() {
        *call = given;
    }
}

/// Runs what a hook point holds. `None` if it faults, or has done so before.
pub(super) fn run_hook_point<T>(hook: impl FnOnce() -> T) -> Option<T> {
    if HOOK_POINTS_OFF.load(Ordering::Relaxed) { None } else { run(hook) }
}

/// Runs a hook of this thread's frame. `None` if it faults.
fn run<H: FnOnce() -> T, T>(hook: H) -> Option<T> {
    /// What to run, and then what it has answered.
    struct Run<H, T>(Option<H>, Option<T>);

    unsafe extern "C-unwind" fn begin<H: FnOnce() -> T, T>(run: *mut c_void) {
        // SAFETY: what is given below, to nobody else.
        let Run(hook, answer) = unsafe { &mut *run.cast::<Run<H, T>>() };
        *answer = hook.take().map(|hook| hook());
    }

    let frame = guard::held();
    let mut run = Run(Some(hook), None);
    // SAFETY: the frame is that of the call that the hook is asked about: the guard is held. The dispatcher, which has it, too, does
    // not look at these words meanwhile. The assembly keeps to the ABI, also where it comes back from a fault.
    unsafe {
        (*frame).running.hook |= IN_SHIELD;
        syscall_intercept_shielded(begin::<H, T>, (&raw mut run).cast(), &raw mut (*frame).audience);
        (*frame).running.hook &= !IN_SHIELD;
        (*frame).audience = Audience::NOBODY.bits();
    }
    run.1
}

/// A thread has faulted, with these registers, in the hook of a frame. Sends it to where it lands, if the hook has the shield. Answers
/// whether it has; and if so, whether this is its first fault.
pub(super) fn land(frame: &Frame, registers: &mut Registers) -> Option<bool> {
    // DF and AC.
    const FLAGS: i64 = 1 << 10 | 1 << 18;
    let (hook, landing) = (frame.running.hook, frame.audience);
    if hook & IN_SHIELD == 0 {
        return None;
    }
    let flags = register(registers, libc::REG_EFL) & !FLAGS;
    let counter = &raw const syscall_intercept_landing as i64;
    set(registers, [libc::REG_RIP, libc::REG_RSP, libc::REG_EFL], [counter, landing.cast_signed(), flags]);
    Some(switch_off(hook & !IN_SHIELD))
}

/// Switches a hook off. Answers whether it was on.
fn switch_off(hook: u32) -> bool {
    if hook == 0 {
        let first = !HOOK_POINTS_OFF.swap(true, Ordering::Relaxed);
        if first {
            chain::retire_hook_points();
        }
        return first;
    }
    slots::with(hook).is_some_and(|place| chain::remove(place.ticket))
}

/// The function of a hook that runs, by which to say whose it is.
pub(super) fn function_of(hook: u32) -> Option<u64> {
    let hook = hook & !IN_SHIELD;
    if hook == 0 {
        return crate::capi::any_hook_point();
    }
    slots::with(hook).and_then(|place| place.hook()).and_then(|hook| match hook {
        Added::Plain(hook) => Some(hook as *const () as u64),
        Added::Pair(before, after, _) => {
            before.map(|hook| hook as *const () as u64).or(after.map(|hook| hook as *const () as u64))
        }
    })
}
