//! Adding hooks beside those of other plugins, taking them away, and switching all of them off and on.

use std::ffi::{c_int, c_long, c_void};

use crate::hook::{self, Added, After, Before, Hook};

/// Adds a hook of the type of `intercept_hook_point`, which is asked after all hooks added.
///
/// Returns 0, or -1 if there is no room for more. May be called at any time, from a hook and a signal handler too.
///
/// # Safety
///
/// The function can be called from any thread for as long as the process lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_add_hook(hook: Hook) -> c_int {
    if hook::add(Added::Plain(hook), None, false).is_some() { 0 } else { -1 }
}

/// The same for a hook that wants to see calls of these numbers alone.
///
/// # Safety
///
/// As above, and there are `count` numbers at `numbers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_add_hook_for(hook: Hook, numbers: *const c_long, count: usize) -> c_int {
    // SAFETY: passed on.
    let numbers = unsafe { list(numbers, count) };
    if hook::add(Added::Plain(hook), numbers, false).is_some() { 0 } else { -1 }
}

/// Adds a hook before calls, one after them, or both, with data of their own, for these numbers or for all.
///
/// Returns a number by which they can be removed; or -1 if there is no room for more, or if both functions are null. May be
/// called at any time, from a hook and a signal handler too.
///
/// # Safety
///
/// The functions can be called from any thread with this data for as long as [`intercept_remove_hooks`] says, and there are
/// `count` numbers at `numbers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_add_hooks(
    before: Option<Before>,
    after: Option<After>,
    data: *mut c_void,
    numbers: *const c_long,
    count: usize,
) -> c_long {
    // SAFETY: passed on.
    unsafe { add(before, after, data, numbers, count, false) }
}

/// The same for hooks that are removed if an instruction of theirs raises SIGSEGV, SIGBUS, SIGILL or SIGFPE: the call goes on as if
/// they had not been asked, and so does the process.
///
/// # Safety
///
/// As above. And nobody relies on what the hooks leave undone where they stop.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_add_shielded_hooks(
    before: Option<Before>,
    after: Option<After>,
    data: *mut c_void,
    numbers: *const c_long,
    count: usize,
) -> c_long {
    // SAFETY: passed on.
    unsafe { add(before, after, data, numbers, count, true) }
}

/// What the two have in common.
///
/// # Safety
///
/// As above.
unsafe fn add(
    before: Option<Before>,
    after: Option<After>,
    data: *mut c_void,
    numbers: *const c_long,
    count: usize,
    shielded: bool,
) -> c_long {
    if before.is_none() && after.is_none() {
        return -1;
    }
    // SAFETY: passed on.
    let numbers = unsafe { list(numbers, count) };
    hook::add(Added::Pair(before, after, data), numbers, shielded).map_or(-1, u64::cast_signed)
}

/// Takes away what [`intercept_add_hooks`] has added under this number: no call that begins later comes to it.
///
/// Returns 0, or -1 if there is nothing under this number. May be called at any time and from anywhere, also in the hook itself.
/// It does not wait: on other threads the hook may run on, or be about to begin. So the functions and the data have to stay.
#[unsafe(no_mangle)]
pub extern "C" fn intercept_remove_hooks(id: c_long) -> c_int {
    if u64::try_from(id).is_ok_and(hook::remove) { 0 } else { -1 }
}

/// Switches all hooks of the process off: no call that begins later comes to any, until [`intercept_enable`]. The log goes on.
///
/// Twice is as once. May be called at any time and from anywhere.
#[unsafe(no_mangle)]
pub extern "C" fn intercept_disable() {
    hook::switch(false);
}

/// Switches the hooks on again.
#[unsafe(no_mangle)]
pub extern "C" fn intercept_enable() {
    hook::switch(true);
}

/// The numbers a caller gives; none for a null pointer.
///
/// # Safety
///
/// There are so many.
unsafe fn list<'a>(numbers: *const c_long, count: usize) -> Option<&'a [c_long]> {
    // SAFETY: passed on.
    (!numbers.is_null()).then(|| unsafe { std::slice::from_raw_parts(numbers, count) })
}
