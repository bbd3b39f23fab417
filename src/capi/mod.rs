//! The C interface: the headers in `include/` say what each symbol does.
//!
//! The hook points are data symbols that programs define again: an executable that assigns to `intercept_hook_point` takes a
//! copy relocation of it, and a plugin may have been linked with another copy of this library. So the library reads them
//! the way everybody else does, through the global offset table, every time.
#![allow(unsafe_code, reason = "exported symbols, and reading those somebody else may define")]

mod elsewhere;
mod hook_points;
mod no_intercept;
mod subscribe;

pub use elsewhere::intercept_version;
pub(crate) use elsewhere::{add_hook_to_engine, engine_is_elsewhere};
#[cfg(test)]
pub(crate) use hook_points::intercept_hook_point_post_kernel;
pub(crate) use hook_points::{clone_child, clone_parent, hook_point, post_kernel};
pub(crate) use no_intercept::before_call_in_no_intercept;
pub use no_intercept::syscall_no_intercept;
pub use subscribe::{Declaration, END, intercept_subscribe};
pub(crate) use subscribe::{declared, may_have_hooks};

use std::ffi::{c_int, c_long};

use crate::hook::{self, Hook};

/// Whether the hooks of this process see its system calls: 0 if `INTERCEPT_HOOK_CMDLINE_FILTER` names another program, else 1.
///
/// May be called from a hook, not from a signal handler that runs before the library's constructor.
#[unsafe(no_mangle)]
pub extern "C" fn syscall_hook_in_process_allowed() -> c_int {
    crate::start::allowed().into()
}

/// Adds a hook of the type of `intercept_hook_point`, which is asked after all hooks added.
///
/// Returns 0, or -1 if there is no room for more. May be called at any time, from a hook and a signal handler too.
///
/// # Safety
///
/// The function can be called from any thread for as long as the process lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_add_hook(hook: Hook) -> c_int {
    if hook::add(hook, None) { 0 } else { -1 }
}

/// The same for a hook that wants to see calls of these numbers alone.
///
/// # Safety
///
/// As above, and there are `count` numbers at `numbers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_add_hook_for(hook: Hook, numbers: *const c_long, count: usize) -> c_int {
    // SAFETY: passed on.
    let numbers = (!numbers.is_null()).then(|| unsafe { std::slice::from_raw_parts(numbers, count) });
    if hook::add(hook, numbers) { 0 } else { -1 }
}
