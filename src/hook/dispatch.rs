//! The three places where the crossing enters Rust.
#![allow(unsafe_code, reason = "called from assembly with a pointer to its frame, and calls the user's functions")]

use std::sync::atomic::{AtomicBool, Ordering};

use super::clone::{Return, creates, how_it_returns};
use super::guard::Held;
use super::subscription::is_for_the_library;
use super::{Frame, Verdict, cancel, chain, errno, guard, signal};
use crate::capi;
use crate::inject::{self, Due};
use crate::log::{self, Call};
use crate::stat;
use crate::trampoline::stub::{Descriptor, UNKNOWN_NUMBER};

/// Whether hooks are asked at all. The calls that finish patching, and those of the constructor after it, already run
/// through the stubs; they pass straight on until everything is in place.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// From now on hooks see system calls.
pub(crate) fn activate() {
    ACTIVE.store(true, Ordering::Release);
}

/// Before a system call: asks the hooks and decides how it is made.
///
/// # Safety
///
/// Called by the crossing alone, with its frame.
pub(crate) unsafe extern "C-unwind" fn before(frame: *mut Frame) -> Verdict {
    if !ACTIVE.load(Ordering::Acquire) {
        return Verdict::Forward;
    }
    // SAFETY: the frame is on this thread's stack and nobody else looks at it while this runs.
    let frame = unsafe { &mut *frame };
    if stat::active() {
        return counted(frame);
    }
    let Some(_held) = Held::take(frame) else { return Verdict::Forward };
    let number = number(frame.number);
    // What is common is short, and copies nothing: the arguments have just been pushed one by one, and a CPU stalls when two are
    // read together.
    if log::watches() {
        return logged(frame, number);
    }
    asked(frame, number)
}

/// Asks the hooks, without a log.
#[inline(always)]
fn asked(frame: &mut Frame, number: i64) -> Verdict {
    if let Some(result) = chain::ask(number, &frame.args) {
        frame.result = result;
        return Verdict::Return;
    }
    if capi::post_kernel().is_none() && !is_for_the_library(number) {
        return Verdict::Forward;
    }
    // SAFETY: this is the first call in a stub.
    made(&call(unsafe { frame.site() }, number, frame.args), frame)
}

/// The same, and the call is counted. Where nobody else wants to know of it, the guard need not be taken.
#[inline(never)]
fn counted(frame: &mut Frame) -> Verdict {
    if guard::hook_runs(std::ptr::from_ref(frame) as u64) {
        return Verdict::Forward;
    }
    let number = number(frame.number);
    stat::begins(number);
    let nobody_else = || !log::watches() && chain::is_empty() && capi::post_kernel().is_none();
    if stat::is_plain(number) && nobody_else() && !inject::concerns(number) {
        frame.begun(stat::now());
        return Verdict::Observe;
    }
    counted_and_asked(frame, number)
}

/// The same, for all to whom the call may matter.
#[inline(never)]
fn counted_and_asked(frame: &mut Frame, number: i64) -> Verdict {
    let Some(held) = Held::take(frame) else { return Verdict::Forward };
    stat::notice(number, &frame.args);
    let begun = stat::now();
    let verdict = if log::watches() { logged(frame, number) } else { asked(frame, number) };
    match verdict {
        Verdict::Return => stat::ends(number, begun, frame.result),
        Verdict::InStub => stat::clone_begins(number, begun),
        Verdict::Forward if how_it_returns(number) == Return::Elsewhere => {}
        Verdict::Forward | Verdict::Observe => {
            drop(held);
            frame.begun(begun);
            return Verdict::Observe;
        }
    }
    verdict
}

/// The same, with a log.
#[inline(never)]
fn logged(frame: &mut Frame, number: i64) -> Verdict {
    // SAFETY: this is the first call in a stub.
    let call = call(unsafe { frame.site() }, number, frame.args);
    if let Some(length) = log::magic(&call) {
        frame.result = length;
        return Verdict::Return;
    }
    log::before(&call, how_it_returns(call.number) == Return::Elsewhere);
    if let Some(result) = chain::ask(call.number, &call.args) {
        log::answered(&call, result, "");
        frame.result = result;
        return Verdict::Return;
    }
    made(&call, frame)
}

/// How a call is made that no hook has answered.
#[inline(never)]
fn made(call: &Call<'_>, frame: &mut Frame) -> Verdict {
    let due = inject::due(call.number);
    if let Some(due) = due {
        due.enter();
        if let Some(answer) = due.answer() {
            frame.result = answer;
            log::answered(call, answer, due.remark());
            due.leave();
            return Verdict::Return;
        }
    }
    if call.number == libc::SYS_rt_sigaction
        && let Some(answer) = signal::sigaction(&call.args)
    {
        frame.result = answer;
        finish(call, answer, due);
        return Verdict::Return;
    }
    if !observed(call.number) && !due.is_some_and(Due::acts_after) {
        return Verdict::Forward;
    }
    match how_it_returns(call.number) {
        Return::ToCaller => {
            frame.number = inject::sent_off(call.number, due, cancel::may_wait(call.number));
            Verdict::Observe
        }
        Return::InSharedMemory => {
            due.inspect(|due| due.is_left_behind());
            Verdict::InStub
        }
        Return::Elsewhere => {
            due.filter(|_| call.number == libc::SYS_rt_sigreturn).inspect(|due| due.leave());
            Verdict::Forward
        }
    }
}

/// After a system call that was made in the crossing.
///
/// # Safety
///
/// Called by the crossing alone, with its frame.
pub(crate) unsafe extern "C-unwind" fn after(frame: *mut Frame) {
    // SAFETY: as in `before`.
    let frame = unsafe { &mut *frame };
    if stat::active() {
        let number = number(frame.number);
        // The child of a `fork` has not called it.
        if !creates(number) || frame.result != 0 {
            stat::ends(number, frame.when_begun(), frame.result);
        }
        if !is_shown(number) && !inject::concerns(number) {
            return;
        }
    }
    shown(frame);
}

/// Shows the result of a call that was made in the crossing.
#[inline(never)]
fn shown(frame: &mut Frame) {
    let Some(_held) = Held::take(frame) else { return };
    let due = inject::landed(frame.number);
    // SAFETY: the same frame as in `before`.
    let call = call(unsafe { frame.site() }, number(frame.number), frame.args);
    finish(&call, frame.result, due);
}

/// After a call that makes a thread or a process, made in the stub: on the stack of the parent, and on that of the child.
///
/// # Safety
///
/// Called by the crossing alone, with its frame.
pub(crate) unsafe extern "C-unwind" fn after_clone(frame: *mut Frame) {
    // SAFETY: as in `before`.
    let frame = unsafe { &mut *frame };
    if stat::active() && frame.number != 0 {
        stat::clone_ends(frame.number);
    }
    let Some(_held) = Held::take(frame) else { return };
    // SAFETY: this is the second call in a stub.
    let site = unsafe { frame.site_of_clone() };
    // rax holds the result and nothing could be kept on the stack. A site whose number is no constant is libc's `syscall()`;
    // who calls that for a thread of his own mostly means `clone`.
    let number = if site.number == UNKNOWN_NUMBER { libc::SYS_clone } else { site.number };
    // The child has made no call.
    let due = if frame.number == 0 { None } else { inject::found_again() };
    finish(&call(site, number, frame.args), frame.number, due);
}

/// Whether somebody wants to know the result of a call.
fn observed(number: i64) -> bool {
    stat::active() || is_shown(number)
}

/// Whether it is for others than who counts.
fn is_shown(number: i64) -> bool {
    let wants_clones = || capi::clone_child().is_some() || capi::clone_parent().is_some();
    log::active()
        || (capi::post_kernel().is_some() && chain::hook_point_wants(number))
        || (creates(number) && wants_clones())
}

/// Shows a result to everybody who wants to know it, and does what is to be done after the call.
fn finish(call: &Call<'_>, result: i64, due: Option<Due>) {
    log::after(call, result, due.map_or("", Due::remark));
    if creates(call.number) {
        tell_of_clone(result);
    }
    if let Some(hook) = capi::post_kernel().filter(|_| chain::hook_point_wants(call.number)) {
        let [a, b, c, d, e, f] = call.args;
        let _errno = errno::Kept::new();
        // SAFETY: the user's function has this type by the contract of the header.
        unsafe { hook(call.number, a, b, c, d, e, f, result) };
    }
    due.inspect(|due| due.leave());
}

/// Calls the hook for the side of a `clone` this is: zero in the child, the child's id in the parent.
fn tell_of_clone(result: i64) {
    if result == 0
        && let Some(hook) = capi::clone_child()
    {
        let _errno = errno::Kept::new();
        // SAFETY: the user's function has this type by the contract of the header.
        unsafe { hook() };
    }
    if result > 0
        && let Some(hook) = capi::clone_parent()
    {
        let _errno = errno::Kept::new();
        // SAFETY: as above.
        unsafe { hook(result) };
    }
}

/// The number of a call. The kernel looks at the lower half of rax alone (arch/x86/entry/syscall_64.c), and so do we: a hook
/// that forbids a call must not be passed by with garbage in the upper half.
fn number(rax: i64) -> i64 {
    i64::from(rax as i32)
}

/// What a frame is about.
fn call(site: &Descriptor, number: i64, args: [i64; 6]) -> Call<'_> {
    Call { number, args, object: site.object, offset: site.offset }
}
