//! The three places where the crossing enters Rust.
#![allow(unsafe_code, reason = "called from assembly with a pointer to its frame, and calls the user's functions")]

use std::sync::atomic::{AtomicU8, Ordering};

use super::chain::{self, Audience};
use super::clone::{Return, creates, how_it_returns};
use super::errno::{Kept, Running};
use super::guard::{Held, HeldAlone};
use super::slots::{self, ShownCall};
use super::subscription::is_for_the_library;
use super::{Frame, Verdict, cancel, default, guard, shield, signal, ways};
use crate::capi::{self, PostKernel};
use crate::inject::{self, Due};
use crate::log::{self, Call};
use crate::trampoline::stub::{Descriptor, UNKNOWN_NUMBER};
use crate::{keep, stat};

/// What becomes of calls: one of those below.
static STATE: AtomicU8 = AtomicU8::new(STARTING);

/// The calls that finish patching, and those of the constructor after it, already run through the stubs; they pass straight on
/// until everything is in place.
const STARTING: u8 = 0;
/// Hooks are asked.
const AWAKE: u8 = 1;
/// Hooks are switched off. The log, and what the library answers itself, go on.
const ASLEEP: u8 = 2;
/// Calls are counted, and hooks are asked.
const COUNTING: u8 = 3;

/// From now on hooks see system calls.
pub(crate) fn activate() {
    let awake = if stat::active() { COUNTING } else { AWAKE };
    loop {
        let off = chain::is_switched_off();
        STATE.swap(if off { ASLEEP } else { awake }, Ordering::AcqRel);
        // Another thread may have switched meanwhile, and what it has stored may just have been overwritten.
        if chain::is_switched_off() == off {
            break;
        }
    }
    ways::choose();
}

/// There can be hooks from now on. (Before calls are intercepted the program would find our handlers.)
pub(crate) fn expect_hooks() {
    if STATE.load(Ordering::Acquire) != STARTING {
        default::take();
    }
}

/// Switches all hooks off, or on again.
pub(crate) fn switch(on: bool) {
    chain::switch(on);
    if STATE.load(Ordering::Acquire) != STARTING {
        activate();
    }
}

fn is_awake() -> bool {
    matches!(STATE.load(Ordering::Relaxed), AWAKE | COUNTING)
}

/// Whether the hook points are all there is to be asked and told.
pub(super) fn asks_hook_points_alone() -> bool {
    STATE.load(Ordering::Acquire) == AWAKE && !slots::any() && !log::watches() && !shield::covers_hook_points()
}

/// Before a system call that does not take the [short way](ways): asks the hooks and decides how it is made.
///
/// # Safety
///
/// Called by the crossing alone, with its frame.
pub(crate) unsafe extern "C-unwind" fn before(frame: *mut Frame) -> Verdict {
    // SAFETY: the frame is on this thread's stack and nobody else looks at it while this runs.
    let frame = unsafe { &mut *frame };
    let state = STATE.load(Ordering::Acquire);
    if state != AWAKE {
        return match state {
            COUNTING => counted(frame),
            ASLEEP => asleep(frame),
            _ => Verdict::Forward,
        };
    }
    let Some(_held) = Held::take(frame) else { return Verdict::Forward };
    let number = number(frame.number);
    if log::watches() || slots::any() {
        return at_length(frame, number);
    }
    asked(frame, number)
}

/// Asks the hook of `intercept_hook_point`: there are no others, and no log.
#[inline(always)]
fn asked(frame: &mut Frame, number: i64) -> Verdict {
    if let Some(result) = chain::ask_hook_point(number, &frame.args, &mut frame.running) {
        frame.result = result;
        return Verdict::Return;
    }
    if !is_for_the_library(number) {
        let wanted = capi::post_kernel().is_some() && chain::hook_point_wants(number);
        return if wanted { observed_by(Audience::NOBODY, frame, number, None) } else { Verdict::Forward };
    }
    // SAFETY: this is the first call in a stub.
    let call = call(unsafe { frame.site() }, number, frame.args);
    made(frame, &call, Audience::NOBODY, false)
}

/// The same while hooks are switched off.
#[cold]
#[inline(never)]
fn asleep(frame: &mut Frame) -> Verdict {
    if stat::active() {
        return counted(frame);
    }
    let Some(_held) = Held::take(frame) else { return Verdict::Forward };
    let number = number(frame.number);
    at_length(frame, number)
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
        frame.audience = Audience::NOBODY.bits();
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
    frame.audience = Audience::NOBODY.bits();
    let is_simple = is_awake() && !log::watches() && !slots::any();
    let verdict = if is_simple { asked(frame, number) } else { at_length(frame, number) };
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

/// The same with a log, or with hooks that were added.
#[inline(never)]
fn at_length(frame: &mut Frame, number: i64) -> Verdict {
    // SAFETY: this is the first call in a stub.
    let mut call = call(unsafe { frame.site() }, number, frame.args);
    if log::watches()
        && let Some(result) = log::before(&call, how_it_returns(number) == Return::Elsewhere)
    {
        frame.result = result;
        return Verdict::Return;
    }
    let mut audience = Audience::NOBODY;
    if !is_awake() {
        return made(frame, &call, audience, false);
    }
    if !slots::any() {
        let answer = chain::ask_hook_point(number, &call.args, &mut frame.running);
        let Some(result) = answer else { return made(frame, &call, audience, false) };
        frame.result = answered(&call, result, audience, "", &mut frame.running);
        return Verdict::Return;
    }
    let mut shown = ShownCall { number, args: call.args, result: 0, made: 0 };
    let answer = chain::ask(&mut shown, &mut audience, &mut frame.running);
    // What is made in the stub is made with what is in the program's registers, and leaves nothing to put them right with.
    if how_it_returns(number) != Return::InSharedMemory {
        call.args = shown.args;
    }
    if let Some(result) = answer {
        frame.result = answered(&call, result, audience, "", &mut frame.running);
        return Verdict::Return;
    }
    let changed = call.args != frame.args;
    made(frame, &call, audience, changed)
}

/// Somebody has answered a call in the kernel's place. Answers what the program gets.
fn answered(call: &Call<'_>, result: i64, audience: Audience, remark: &str, running: &mut Running) -> i64 {
    let mut shown = ShownCall { number: call.number, args: call.args, result, made: 0 };
    let result = if audience.is_nobody() { result } else { chain::show(&mut shown, audience, running) };
    log::answered(call, result, remark);
    result
}

/// How a call is made that no hook has answered; whose arguments, perhaps, one has changed.
#[inline(never)]
fn made(frame: &mut Frame, call: &Call<'_>, audience: Audience, changed: bool) -> Verdict {
    let due = inject::due(call.number);
    if let Some(due) = due {
        due.enter();
        if let Some(answer) = due.answer() {
            frame.result = answered(call, answer, audience, due.remark(), &mut frame.running);
            due.leave();
            return Verdict::Return;
        }
    }
    if call.number == libc::SYS_rt_sigaction
        && let Some(answer) = signal::sigaction(&call.args)
    {
        frame.result = finish_here(call, answer, audience, due, &mut frame.running);
        return Verdict::Return;
    }
    if keep::concerns(call.number)
        && let Some(answer) = started(call)
    {
        // The kernel has refused: the program gets its own registers back.
        frame.result = finish_here(call, answer, audience, due, &mut frame.running);
        return Verdict::Return;
    }
    if changed {
        if how_it_returns(call.number) == Return::ToCaller {
            // Not in the crossing: the kernel keeps the registers with the arguments, and so the program would get the changed ones.
            let answer = made_here(call);
            frame.result = finish_here(call, answer, audience, due, &mut frame.running);
            return Verdict::Return;
        }
        // Nobody comes back to miss what was there.
        frame.args = call.args;
    }
    if !is_observed(call.number) && audience.is_nobody() && !due.is_some_and(Due::acts_after) {
        return Verdict::Forward;
    }
    observed_by(audience, frame, call.number, due)
}

/// How a call is made whose result somebody wants to know: those who have asked, and those who always do; or after which something
/// is to be done.
#[inline(always)]
fn observed_by(audience: Audience, frame: &mut Frame, number: i64, due: Option<Due>) -> Verdict {
    match how_it_returns(number) {
        Return::ToCaller => {
            frame.audience = audience.bits();
            frame.number = inject::sent_off(number, due, cancel::may_wait);
            Verdict::Observe
        }
        Return::InSharedMemory => {
            due.inspect(|due| due.is_left_behind());
            Verdict::InStub
        }
        Return::Elsewhere => {
            due.filter(|_| number == libc::SYS_rt_sigreturn).inspect(|due| due.leave());
            Verdict::Forward
        }
    }
}

/// How a call on the [short way](ways) is made that `intercept_hook_point`, if there is one, has let pass, where there is an
/// `intercept_hook_point_post_kernel`.
///
/// # Safety
///
/// Called by the crossing alone, with its frame.
pub(crate) unsafe extern "C-unwind" fn observed(frame: *mut Frame) -> Verdict {
    // SAFETY: as in `before`.
    let frame = unsafe { &mut *frame };
    // Nobody has looked if there is no hook before the call.
    if guard::hook_runs(std::ptr::from_ref(frame) as u64) {
        return Verdict::Forward;
    }
    frame.audience = Audience::NOBODY.bits();
    frame.number = inject::sent_off(frame.number, None, |_| false);
    Verdict::Observe
}

/// Starts a program that would not be intercepted otherwise. Answers the error if the kernel refuses; `None` if that is not needed.
#[cold]
#[inline(never)]
fn started(call: &Call<'_>) -> Option<i64> {
    // Whoever becomes another program does not come back to give up the guard; and for the child of a `vfork` it is its parent's.
    let _suspended = guard::Suspended::new();
    keep::start(call.number, &call.args)
}

/// Makes a call here and now.
fn made_here(call: &Call<'_>) -> i64 {
    let [a, b, c, d, e, f] = call.args;
    // SAFETY: the program's call, as its hooks want it. Those that do not return here are made elsewhere.
    unsafe { capi::syscall_no_intercept(call.number, a, b, c, d, e, f) }
}

/// After a system call that was made in the crossing.
///
/// # Safety
///
/// Called by the crossing alone, with its frame.
pub(crate) unsafe extern "C-unwind" fn after(frame: *mut Frame) {
    // SAFETY: as in `before`.
    let frame = unsafe { &mut *frame };
    // What was sent off with something to be injected has a larger number.
    if ways::is_short(frame.number) {
        return shown_the_short_way(frame);
    }
    shown_the_long_way(frame);
}

/// Shows a result to `intercept_hook_point_post_kernel`: nobody else wants to know it.
#[inline(never)]
fn shown_the_short_way(frame: &mut Frame) {
    let Some(hook) = capi::post_kernel() else { return };
    let Some(_held) = HeldAlone::take(frame) else { return shown_the_long_way(frame) };
    let _errno = Kept::keep_in(&mut frame.running);
    tell_of_result(hook, frame.number, &frame.args, frame.result);
}

/// Shows a result to all who may want to know it.
#[inline(always)]
fn shown_the_long_way(frame: &mut Frame) {
    if stat::active() { count_result(frame) } else { show_result(frame) }
}

/// Counts a call that was made in the crossing, and shows its result if somebody else wants to know it.
#[inline(never)]
fn count_result(frame: &mut Frame) {
    let number = number(frame.number);
    // The child of a `fork` has not called it.
    if !creates(number) || frame.result != 0 {
        stat::ends(number, frame.when_begun(), frame.result);
    }
    if !Audience::from_bits(frame.audience).is_nobody() || is_shown(number) || inject::concerns(number) {
        show_result(frame);
    }
}

/// Shows the result of a call that was made in the crossing.
#[inline(never)]
fn show_result(frame: &mut Frame) {
    let audience = Audience::from_bits(frame.audience);
    let Some(_held) = Held::take(frame) else { return };
    let due = inject::landed(frame.number);
    // SAFETY: the same frame as in `before`.
    let call = call(unsafe { frame.site() }, number(frame.number), frame.args);
    frame.result = match due {
        None => finish(&call, frame.result, audience, None, &mut frame.running),
        due => finish_here(&call, frame.result, audience, due, &mut frame.running),
    };
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
    // Nor could it be kept who wants to see it.
    let audience = if slots::any() { Audience::everybody() } else { Audience::NOBODY };
    // The child has made no call.
    let due = if frame.number == 0 { None } else { inject::found_again() };
    frame.number = finish(&call(site, number, frame.args), frame.number, audience, due, &mut frame.running);
}

/// Whether somebody wants to know the result of a call, but for hooks that were added.
fn is_observed(number: i64) -> bool {
    stat::active() || is_shown(number)
}

/// Whether it is for others than who counts.
fn is_shown(number: i64) -> bool {
    let wants_clones = || capi::clone_child().is_some() || capi::clone_parent().is_some();
    let hooks_want =
        || (capi::post_kernel().is_some() && chain::hook_point_wants(number)) || (creates(number) && wants_clones());
    log::active() || (is_awake() && hooks_want())
}

/// Shows a result to everybody who wants to know it, and does what is to be done after the call. Answers what the program gets.
#[inline(always)]
fn finish(call: &Call<'_>, result: i64, audience: Audience, due: Option<Due>, running: &mut Running) -> i64 {
    log::after(call, result, due.map_or("", Due::remark));
    let result = if is_awake() { told(call, result, audience, running) } else { result };
    due.inspect(|due| due.leave());
    result
}

/// The same for a call that was made before the crossing has decided about it.
#[inline(never)]
fn finish_here(call: &Call<'_>, result: i64, audience: Audience, due: Option<Due>, running: &mut Running) -> i64 {
    finish(call, result, audience, due, running)
}

/// Tells hooks of a result. Answers what the program gets.
#[inline(always)]
fn told(call: &Call<'_>, result: i64, audience: Audience, running: &mut Running) -> i64 {
    if creates(call.number) {
        tell_of_clone(result, running);
    }
    if let Some(hook) = capi::post_kernel().filter(|_| chain::hook_point_wants(call.number)) {
        let _errno = Kept::keep_in(running);
        in_shield(|| tell_of_result(hook, call.number, &call.args, result));
    }
    if audience.is_nobody() {
        return result;
    }
    chain::show(&mut ShownCall { number: call.number, args: call.args, result, made: 1 }, audience, running)
}

/// Calls `intercept_hook_point_post_kernel`.
#[inline(always)]
fn tell_of_result(hook: PostKernel, number: i64, args: &[i64; 6], result: i64) {
    let [a, b, c, d, e, f] = *args;
    // SAFETY: the user's function has this type by the contract of the header.
    unsafe { hook(number, a, b, c, d, e, f, result) };
}

/// Calls the hook for the side of a `clone` this is: zero in the child, the child's id in the parent.
fn tell_of_clone(result: i64, running: &mut Running) {
    if result == 0
        && let Some(hook) = capi::clone_child()
    {
        let _errno = Kept::keep_in(running);
        // SAFETY: the user's function has this type by the contract of the header.
        in_shield(|| unsafe { hook() });
    }
    if result > 0
        && let Some(hook) = capi::clone_parent()
    {
        let _errno = Kept::keep_in(running);
        // SAFETY: as above.
        in_shield(|| unsafe { hook(result) });
    }
}

/// Tells a hook point something, in the shield if it has one.
#[inline(always)]
fn in_shield(tell: impl FnOnce()) {
    if shield::covers_hook_points() {
        shield::run_hook_point(tell);
    } else {
        tell();
    }
}

/// The number of a call. The kernel looks at the lower half of rax alone (arch/x86/entry/syscall_64.c), and so do we: a hook
/// that forbids a call must not be passed by with garbage in the upper half.
fn number(rax: i64) -> i64 {
    i64::from(rax as i32)
}

/// What a frame is about.
fn call(site: &Descriptor, number: i64, args: [i64; 6]) -> Call<'_> {
    Call { number, args, object: site.object(), offset: site.offset }
}
