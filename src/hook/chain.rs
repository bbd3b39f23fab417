//! The hooks and the order in which they are asked.
//!
//! First the ones added with [`add`], in their order, then the C program's `intercept_hook_point`. The first that handles
//! the call ends the round.
#![allow(unsafe_code, reason = "calls hooks through pointers")]

use std::ffi::{c_int, c_long};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::errno;
use crate::capi;

/// A hook: the number, six arguments, and where to put the result. Zero means handled: the result is the program's. Anything
/// else asks for the call to be made. A hook may be left by an exception: `pthread_cancel` and `pthread_exit` are ones.
pub(crate) type Hook =
    unsafe extern "C-unwind" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long, *mut c_long) -> c_int;

/// As many hooks as can be added. Each is a plugin, so there are one or two.
const CAPACITY: usize = 32;

static HOOKS: [AtomicPtr<()>; CAPACITY] = [const { AtomicPtr::new(std::ptr::null_mut()) }; CAPACITY];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Adds a hook behind those already there. Returns whether there was room.
pub(crate) fn add(hook: Hook) -> bool {
    let place = COUNT.fetch_add(1, Ordering::Relaxed);
    let Some(slot) = HOOKS.get(place) else {
        COUNT.store(CAPACITY, Ordering::Relaxed);
        return false;
    };
    slot.store(hook as *mut (), Ordering::Release);
    true
}

/// Asks the hooks. `Some` is what the program gets instead of a system call.
pub(super) fn ask(number: i64, args: &[i64; 6]) -> Option<i64> {
    let added = HOOKS.iter().take(COUNT.load(Ordering::Relaxed)).filter_map(|slot| {
        let hook = slot.load(Ordering::Acquire);
        // SAFETY: only `add` writes to the slots, and only hooks; an empty one is null, which is `None`.
        unsafe { std::mem::transmute::<*mut (), Option<Hook>>(hook) }
    });
    added.chain(capi::hook_point()).find_map(|hook| {
        let mut result = 0;
        let [a, b, c, d, e, f] = *args;
        let _errno = errno::Kept::new();
        // SAFETY: the user's function has this type by the contract of the header.
        let forward = unsafe { hook(number, a, b, c, d, e, f, &raw mut result) };
        (forward == 0).then_some(result)
    })
}
