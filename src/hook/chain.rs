//! The hooks and the order in which they are asked.
//!
//! First the ones added with [`add`], in their order, then the C program's `intercept_hook_point`. The first that handles
//! the call ends the round. Each sees the numbers it wants.
#![allow(unsafe_code, reason = "calls hooks through pointers")]

use std::ffi::{c_int, c_long};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::errno;
use super::subscription::{self, Numbers};
use crate::{capi, log, stat};

/// A hook: the number, six arguments, and where to put the result. Zero means handled: the result is the program's. Anything
/// else asks for the call to be made. A hook may be left by an exception: `pthread_cancel` and `pthread_exit` are ones.
pub(crate) type Hook =
    unsafe extern "C-unwind" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long, *mut c_long) -> c_int;

/// As many hooks as can be added. Each is a plugin, so there are one or two.
const CAPACITY: usize = 32;

/// A hook that was added, and what it wants.
struct Slot {
    hook: AtomicPtr<()>,
    numbers: Numbers,
}

static SLOTS: [Slot; CAPACITY] =
    [const { Slot { hook: AtomicPtr::new(std::ptr::null_mut()), numbers: Numbers::all() } }; CAPACITY];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// What `intercept_hook_point` wants.
static HOOK_POINT_NUMBERS: Numbers = Numbers::all();

/// What has been said of what hooks will want before they were added.
static DECLARED: Numbers = Numbers::all();

/// Adds a hook behind those already there, for these numbers or for all. Returns whether there was room.
pub(crate) fn add(hook: Hook, numbers: Option<&[i64]>) -> bool {
    let place = COUNT.fetch_add(1, Ordering::Relaxed);
    let Some(slot) = SLOTS.get(place) else {
        COUNT.store(CAPACITY, Ordering::Relaxed);
        return false;
    };
    if let Some(numbers) = numbers {
        slot.numbers.become_these(numbers);
    }
    slot.hook.store(hook as *mut (), Ordering::Release);
    subscription::tell_stubs_also(&slot.numbers);
    true
}

/// Before anything is patched: hooks see these numbers at most, whatever they want.
pub(crate) fn allow(numbers: &[i64]) {
    subscription::allow(numbers);
    // What was written before is written again, with that bound: a plugin may have been faster.
    let sets = SLOTS.iter().map(|slot| &slot.numbers).chain([&HOOK_POINT_NUMBERS]);
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
    added().for_each(|(_, numbers)| wanted.add(numbers));
    // Nothing is passed by that the log wants to see, or may want, or that is counted.
    if !log::watches() && !stat::active() {
        subscription::tell_stubs(&wanted);
    }
    true
}

/// Whether `intercept_hook_point` and its fellows want to hear of a number.
pub(super) fn hook_point_wants(number: i64) -> bool {
    HOOK_POINT_NUMBERS.contains(number)
}

fn added() -> impl Iterator<Item = (Hook, &'static Numbers)> {
    SLOTS.iter().take(COUNT.load(Ordering::Relaxed)).filter_map(|slot| {
        let hook = slot.hook.load(Ordering::Acquire);
        // SAFETY: only `add` writes to the slots, and only hooks; an empty one is null, which is `None`.
        let hook = unsafe { std::mem::transmute::<*mut (), Option<Hook>>(hook) }?;
        Some((hook, &slot.numbers))
    })
}

/// Whether there is no hook.
#[inline(always)]
pub(super) fn is_empty() -> bool {
    COUNT.load(Ordering::Relaxed) == 0 && capi::hook_point().is_none()
}

/// Asks the hooks. `Some` is what the program gets instead of a system call.
#[inline(always)]
pub(super) fn ask(number: i64, args: &[i64; 6]) -> Option<i64> {
    if COUNT.load(Ordering::Relaxed) > 0
        && let Some(result) = ask_added(number, args)
    {
        return Some(result);
    }
    let hook = capi::hook_point().filter(|_| HOOK_POINT_NUMBERS.contains(number))?;
    ask_one(hook, number, args)
}

// Apart, so that who has one hook, in C, does not pay for the registers that a loop takes.
#[inline(never)]
fn ask_added(number: i64, args: &[i64; 6]) -> Option<i64> {
    let mut wanting = added().filter(|(_, numbers)| numbers.contains(number));
    wanting.find_map(|(hook, _)| ask_one(hook, number, args))
}

#[inline(always)]
fn ask_one(hook: Hook, number: i64, args: &[i64; 6]) -> Option<i64> {
    let mut result = 0;
    let [a, b, c, d, e, f] = *args;
    let _errno = errno::Kept::new();
    // SAFETY: the user's function has this type by the contract of the header.
    let forward = unsafe { hook(number, a, b, c, d, e, f, &raw mut result) };
    (forward == 0).then_some(result)
}
