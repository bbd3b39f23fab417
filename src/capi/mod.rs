//! The C interface: the headers in `include/` say what each symbol does.
//!
//! The hook points are data symbols that programs define again: an executable that assigns to `intercept_hook_point` takes a
//! copy relocation of it, and a plugin may have been linked with another copy of this library. So the library reads them
//! the way everybody else does, through the global offset table, every time.
#![allow(unsafe_code, reason = "exported symbols, and reading those somebody else may define")]

mod add;
mod elsewhere;
mod hook_points;
mod no_intercept;
mod sites;
mod subscribe;

pub use add::{
    intercept_add_hook, intercept_add_hook_for, intercept_add_hooks, intercept_add_shielded_hooks, intercept_disable,
    intercept_enable, intercept_remove_hooks,
};
pub use elsewhere::intercept_version;
pub(crate) use elsewhere::{add_to_engine, engine_is_elsewhere, remove_from_engine};
#[cfg(test)]
pub(crate) use hook_points::intercept_hook_point_post_kernel;
pub(crate) use hook_points::{PostKernel, any_hook_point, clone_child, clone_parent, hook_point, post_kernel};
pub(crate) use no_intercept::before_call_in_no_intercept;
pub use no_intercept::syscall_no_intercept;
pub(crate) use sites::tell_of;
pub use sites::{Object, intercept_sites};
pub use subscribe::{Declaration, END, intercept_subscribe};
pub(crate) use subscribe::{declared, may_have_hooks};

use std::ffi::c_int;

/// Whether the hooks of this process see its system calls: 0 if `INTERCEPT_HOOK_CMDLINE_FILTER` names another program, else 1.
///
/// May be called from a hook, not from a signal handler that runs before the library's constructor.
#[unsafe(no_mangle)]
pub extern "C" fn syscall_hook_in_process_allowed() -> c_int {
    crate::start::allowed().into()
}
