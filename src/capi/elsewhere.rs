//! Other copies of this library in the same process.
//!
//! Each Rust plugin contains a copy, and the shared library is one more. Symbols of one name resolve to those of the copy that
//! was loaded first, so asking through the global offset table finds it: it does the work, and the others hand it their hooks.
//! (A copy in another linker namespace is not found this way; the locator recognises the sites it has patched.)

use std::arch::asm;
use std::ffi::{c_char, c_int, c_long, c_void};

use crate::hook::{After, Before};

/// The address a symbol of the C interface has for this process.
macro_rules! resolved {
    ($symbol:literal) => {{
        let address: *const ();
        // SAFETY: loads the address the dynamic loader has resolved the symbol to.
        unsafe {
            asm!(
                concat!("mov {}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                out(reg) address,
                options(nostack, preserves_flags, pure, readonly),
            );
        }
        address
    }};
}

const VERSION: &std::ffi::CStr =
    match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL in it"),
    };

/// The version of the library that does the work in this process, as `MAJOR.MINOR.PATCH`. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn intercept_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Whether another copy does the work.
pub(crate) fn engine_is_elsewhere() -> bool {
    let function = resolved!("intercept_version");
    // SAFETY: the function above, or that of another copy.
    let version = unsafe { std::mem::transmute::<*const (), extern "C" fn() -> *const c_char>(function)() };
    !std::ptr::eq(version, VERSION.as_ptr())
}

/// Adds hooks to the copy that does the work. Answers by what number to remove them, if there was room.
pub(crate) fn add_to_engine(
    before: Before,
    after: After,
    data: *mut c_void,
    numbers: Option<&[c_long]>,
    shielded: bool,
) -> Option<c_long> {
    type AddHooks = unsafe extern "C" fn(Option<Before>, Option<After>, *mut c_void, *const c_long, usize) -> c_long;
    let function = if shielded { resolved!("intercept_add_shielded_hooks") } else { resolved!("intercept_add_hooks") };
    // SAFETY: one of these two, ours or that of another copy.
    let function = unsafe { std::mem::transmute::<*const (), AddHooks>(function) };
    let (list, count) = numbers.map_or((std::ptr::null(), 0), |numbers| (numbers.as_ptr(), numbers.len()));
    // SAFETY: hooks that take this data, and as many numbers.
    let id = unsafe { function(Some(before), Some(after), data, list, count) };
    (id > 0).then_some(id)
}

/// Removes them again.
pub(crate) fn remove_from_engine(id: c_long) {
    let function = resolved!("intercept_remove_hooks");
    // SAFETY: `intercept_remove_hooks`, ours or that of another copy.
    unsafe { std::mem::transmute::<*const (), extern "C" fn(c_long) -> c_int>(function)(id) };
}
