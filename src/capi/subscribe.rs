//! Which calls the hooks of this process want to see, said by plugins: in a symbol before anything is patched, or later by a call.

use std::arch::asm;
use std::ffi::{CStr, CString, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::ptr::NonNull;

use crate::hook::{self, Numbers};
use crate::object::loaded::Loaded;
use crate::sys::dynamic;

/// Tells that `intercept_hook_point` and its fellows want to see calls of these numbers alone; with a null pointer, of all.
///
/// Returns 0; or -1, and changes nothing, if a plugin has declared a smaller set (`INTERCEPT_SUBSCRIBE`) and not all of these are
/// in it: their sites were not patched. May be called at any time and from anywhere.
///
/// # Safety
///
/// There are `count` numbers at `numbers`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn intercept_subscribe(numbers: *const c_long, count: usize) -> c_int {
    // SAFETY: passed on.
    let numbers = (!numbers.is_null()).then(|| unsafe { std::slice::from_raw_parts(numbers, count) });
    if hook::subscribe(numbers) { 0 } else { -1 }
}

/// What a Rust plugin says of itself in the symbol `syscall_intercept_plugin`.
#[repr(C)]
#[derive(Debug)]
pub struct Declaration {
    /// The numbers it wants, ended by [`END`]; null if it wants all.
    pub wants: *const c_long,
}

// SAFETY: points to a constant.
unsafe impl Sync for Declaration {}

/// Ends a list of numbers.
pub const END: c_long = -1;

const PLUGIN: &CStr = c"syscall_intercept_plugin";
const SHARED_LIBRARY: &CStr = c"libsyscall_intercept.so.0";

/// What the hooks of this process will want, where all who have hooks have declared it: Rust plugins by the macro, and those in C,
/// if there can be any, by `INTERCEPT_SUBSCRIBE`.
pub(crate) fn declared(objects: &[Loaded]) -> Option<Numbers> {
    let in_c = subscription_in_c();
    if in_c.is_none() && may_have_hooks_in_c(objects) {
        return None;
    }
    let mut in_rust = plugins_in_rust(objects).peekable();
    if in_c.is_none() && in_rust.peek().is_none() {
        return None;
    }
    let wanted = Numbers::these(&[]);
    for declaration in in_rust {
        // SAFETY: a symbol of this name is a declaration.
        let list = unsafe { declaration.cast::<Declaration>().as_ref() }.wants;
        if list.is_null() {
            return None;
        }
        // SAFETY: ends with the mark.
        wanted.add(&Numbers::these(unsafe { until_end(list) }));
    }
    if let Some(list) = in_c {
        // SAFETY: a symbol of this name is a list that ends with the mark.
        let list = unsafe { until_end(list.as_ptr()) };
        hook::declare(list);
        wanted.add(&Numbers::these(list));
    }
    Some(wanted)
}

/// The declarations of the Rust plugins there are.
fn plugins_in_rust(objects: &[Loaded]) -> impl Iterator<Item = NonNull<c_void>> {
    objects.iter().filter(|object| !object.is_vdso()).filter_map(|object| match object.defined(PLUGIN) {
        Some(address) => NonNull::new(address? as *mut c_void),
        None => {
            let name = CString::new(object.path().as_os_str().as_bytes()).ok()?;
            dynamic::symbol_in(&name, PLUGIN)
        }
    })
}

/// The list that `INTERCEPT_SUBSCRIBE` defines. Referred to weakly, and not looked up by name: so linkers export it from programs,
/// and nobody has to look for what is not there.
fn subscription_in_c() -> Option<NonNull<c_long>> {
    let list: *mut c_long;
    // SAFETY: loads the address the dynamic loader has resolved the symbol to, or null.
    unsafe {
        asm!(
            ".weak intercept_subscription",
            "mov {}, qword ptr [rip + intercept_subscription@GOTPCREL]",
            out(reg) list,
            options(nostack, preserves_flags, pure, readonly),
        );
    }
    NonNull::new(list)
}

/// Whether there is anybody who may have hooks: who needs the library, or is linked with it.
pub(crate) fn may_have_hooks(objects: &[Loaded]) -> bool {
    objects.first().is_some_and(Loaded::is_self)
        || objects.iter().any(|object| object.needs(SHARED_LIBRARY))
        || subscription_in_c().is_some()
        || plugins_in_rust(objects).next().is_some()
}

/// Whether anybody can assign to `intercept_hook_point`: who is linked with the shared library, or with the static one.
fn may_have_hooks_in_c(objects: &[Loaded]) -> bool {
    objects.first().is_some_and(Loaded::is_self) || objects.iter().any(|object| object.is_called(SHARED_LIBRARY))
}

/// The numbers of a list.
///
/// # Safety
///
/// The list ends with [`END`] and lives as long as the process.
unsafe fn until_end(list: *const c_long) -> &'static [c_long] {
    let mut count = 0;
    // SAFETY: not behind the end.
    while unsafe { *list.add(count) } != END {
        count += 1;
    }
    // SAFETY: so many numbers.
    unsafe { std::slice::from_raw_parts(list, count) }
}
