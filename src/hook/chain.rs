//! The order in which hooks are asked before a call, and shown its result after it.
//!
//! Before a call: first the hooks that were added, in their order, then the C program's `intercept_hook_point`. The first that
//! handles the call ends the round. Each sees the numbers it wants.
//!
//! After a call: the other way round, `intercept_hook_point_post_kernel` (if the kernel made the call), then the hooks that were
//! added and asked to see the result, the last one first: hooks are layers around the kernel. Where a hook has answered, those
//! added before it see the answer; those added after it were not asked and are not told.
#![allow(unsafe_code, reason = "calls hooks through pointers")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::errno::{Kept, Running};
use super::slots::{self, Added, HANDLED, Hook, OBSERVE, ShownCall};
use super::subscription::{self, Numbers};
use super::{shield, ways};
use crate::{capi, log, stat};

/// What `intercept_hook_point` wants.
static HOOK_POINT_NUMBERS: Numbers = Numbers::all();

/// What has been said of what hooks will want before they were added.
static DECLARED: Numbers = Numbers::all();

/// Whether hooks are switched off.
static SWITCHED_OFF: AtomicBool = AtomicBool::new(false);

/// How often there has been a change in what stubs are to be told.
static CHANGES: AtomicUsize = AtomicUsize::new(0);

/// Adds a hook behind those already there, for these numbers or for all, in the shield or not. Answers its ticket, if there was
/// room.
pub(crate) fn add(hook: Added, numbers: Option<&[i64]>, shielded: bool) -> Option<u64> {
    let ticket = slots::add(hook, numbers, shield::covers(shielded))?;
    super::dispatch::expect_hooks();
    CHANGES.fetch_add(1, Ordering::AcqRel);
    ways::choose();
    subscription::tell_stubs_also(&numbers.map_or_else(Numbers::allowed, Numbers::these));
    Some(ticket)
}

/// Takes away the hook with this ticket. Answers whether it was there.
pub(crate) fn remove(ticket: u64) -> bool {
    let removed = slots::remove(ticket);
    if removed {
        tell_stubs();
        ways::choose();
    }
    removed
}

/// Before anything is patched: hooks see these numbers at most, whatever they want.
pub(crate) fn allow(numbers: &[i64]) {
    subscription::allow(numbers);
    // What was written before is written again, with that bound: a plugin may have been faster.
    let sets = slots::all().map(|place| place.numbers()).chain([&HOOK_POINT_NUMBERS]);
    sets.for_each(|set| set.become_copy_of(set));
}

/// Before anything is patched: what hooks will want, all in all. They will see nothing else.
pub(crate) fn expect(numbers: &Numbers) {
    DECLARED.become_copy_of(numbers);
    subscription::tell_stubs(numbers);
}

/// Before anything is patched: what `intercept_hook_point` will want.
pub(crate) fn declare(numbers: &[i64]) {
    HOOK_POINT_NUMBERS.become_these(numbers);
}

/// From now on `intercept_hook_point` is asked about these numbers, or about all. Returns whether that is possible.
pub(crate) fn subscribe(numbers: Option<&[i64]>) -> bool {
    let wanted = numbers.map_or_else(Numbers::allowed, Numbers::these);
    if !DECLARED.contains_all_of(&wanted) {
        return false;
    }
    HOOK_POINT_NUMBERS.become_copy_of(&wanted);
    tell_stubs();
    ways::choose();
    true
}

/// The hook points are asked no more, whatever they subscribe to.
pub(super) fn retire_hook_points() {
    DECLARED.become_these(&[]);
    HOOK_POINT_NUMBERS.become_these(&[]);
    tell_stubs();
    ways::choose();
}

/// Switches all hooks off, or on again.
pub(super) fn switch(on: bool) {
    SWITCHED_OFF.store(!on, Ordering::Release);
    tell_stubs();
}

/// Whether hooks are switched off.
pub(super) fn is_switched_off() -> bool {
    SWITCHED_OFF.load(Ordering::Acquire)
}

/// Lets stubs pass what no hook wants.
fn tell_stubs() {
    let mut change = CHANGES.fetch_add(1, Ordering::AcqRel) + 1;
    // Nothing is passed by that the log wants to see, or may want, or that is counted.
    while !log::watches() && !stat::active() {
        let wanted = Numbers::these(&[]);
        if !is_switched_off() {
            wanted.add(&HOOK_POINT_NUMBERS);
            wanted.keep_only(&DECLARED);
            slots::all().for_each(|place| wanted.add(place.numbers()));
        }
        subscription::tell_stubs(&wanted);
        // Somebody has changed something meanwhile: what was just said may be what was right before.
        let now = CHANGES.load(Ordering::Acquire);
        if now == change {
            break;
        }
        change = now;
    }
}

/// Whether `intercept_hook_point` and its fellows want to hear of a number.
pub(super) fn hook_point_wants(number: i64) -> bool {
    HOOK_POINT_NUMBERS.contains(number)
}

/// Whether there is no hook.
#[inline(always)]
pub(super) fn is_empty() -> bool {
    !slots::any() && capi::hook_point().is_none()
}

/// Asks `intercept_hook_point`. `Some` is what the program gets instead of a system call.
#[inline(always)]
pub(super) fn ask_hook_point(number: i64, args: &[i64; 6], running: &mut Running) -> Option<i64> {
    let hook = capi::hook_point().filter(|_| HOOK_POINT_NUMBERS.contains(number))?;
    let _errno = Kept::keep_in(running);
    if shield::covers_hook_points() {
        return shield::run_hook_point(|| ask_plain(hook, number, args)).flatten();
    }
    ask_plain(hook, number, args)
}

/// Asks a hook of the type of `intercept_hook_point`.
#[inline(always)]
pub(super) fn ask_plain(hook: Hook, number: i64, args: &[i64; 6]) -> Option<i64> {
    let mut result = 0;
    let [a, b, c, d, e, f] = *args;
    // SAFETY: the user's function has this type by the contract of the header.
    let forward = unsafe { hook(number, a, b, c, d, e, f, &raw mut result) };
    (forward == 0).then_some(result)
}

/// Which of the hooks that were added are to be shown the result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Audience {
    /// A bit for each of their slots.
    slots: u32,
    /// They had tickets below this. Who has got such a slot later has not asked. (The lower half of the ticket: it is compared with
    /// others that are near.)
    horizon: u32,
}

const _: () = assert!(slots::CAPACITY <= u32::BITS as usize);

impl Audience {
    pub(super) const NOBODY: Audience = Audience { slots: 0, horizon: 0 };

    /// As a word that can be put somewhere while the call is made.
    pub(super) fn bits(self) -> u64 {
        u64::from(self.horizon) << 32 | u64::from(self.slots)
    }

    pub(super) fn from_bits(bits: u64) -> Audience {
        Audience { slots: bits as u32, horizon: (bits >> 32) as u32 }
    }

    pub(super) fn is_nobody(self) -> bool {
        self.slots == 0
    }

    /// Everybody who may have asked to see the result of a call: where it could not be kept who has.
    pub(super) fn everybody() -> Audience {
        Audience { slots: u32::MAX, horizon: slots::next_ticket() as u32 }
    }

    fn has(self, place: &slots::Place) -> bool {
        let is_older = self.horizon.wrapping_sub(place.ticket as u32).cast_signed() > 0;
        self.slots >> place.index & 1 != 0 && is_older
    }
}

/// Asks all hooks where some were added. `Some` is what the program gets instead of a system call; otherwise the arguments are
/// those the call is to be made with. Says who wants to see the result.
pub(super) fn ask(call: &mut ShownCall, audience: &mut Audience, running: &mut Running) -> Option<i64> {
    let mut ticket = 0;
    audience.horizon = slots::next_ticket() as u32;
    while let Some(place) = slots::after(ticket) {
        ticket = place.ticket;
        if !place.numbers().contains(call.number) {
            continue;
        }
        match place.read() {
            None => {}
            Some(Added::Plain(hook)) => {
                let _errno = Kept::keep_for(ticket, running);
                if let Some(result) = ask_plain(hook, call.number, &call.args) {
                    return Some(result);
                }
            }
            Some(Added::Pair(before, after, data)) => {
                let _errno = Kept::keep_for(ticket, running);
                // SAFETY: as the header says, and the data is what it was added with.
                let answer = before.map_or(OBSERVE, |hook| ask_one(call, |call| unsafe { hook(call, data) }));
                if answer == HANDLED {
                    return Some(call.result);
                }
                if answer == OBSERVE && after.is_some() {
                    audience.slots |= 1 << place.index;
                }
            }
        }
    }
    ask_hook_point(call.number, &call.args, running)
}

/// Asks a hook, which may change the arguments but not what call it is.
fn ask_one<T>(call: &mut ShownCall, ask: impl FnOnce(*mut ShownCall) -> T) -> T {
    let number = call.number;
    let answer = ask(&raw mut *call);
    call.number = number;
    answer
}

/// Shows a result to those who want to see it. Answers what the program gets.
#[inline(never)]
pub(super) fn show(call: &mut ShownCall, audience: Audience, running: &mut Running) -> i64 {
    let (shown, mut ticket) = (*call, u64::MAX);
    while let Some(place) = slots::before(ticket) {
        ticket = place.ticket;
        if !audience.has(&place) || !place.numbers().contains(call.number) {
            continue;
        }
        if let Some(Added::Pair(_, Some(hook), data)) = place.read() {
            let _errno = Kept::keep_for(ticket, running);
            // SAFETY: as the header says, and the data is what it was added with.
            ask_one(call, |call| unsafe { hook(call, data) });
            // The result alone can be changed.
            *call = ShownCall { result: call.result, ..shown };
        }
    }
    call.result
}
