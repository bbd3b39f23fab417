//! What the dynamic loader knows. It keeps the last error for the program to ask about, so each of ours is taken back.
#![allow(unsafe_code, reason = "functions of the dynamic loader")]

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

/// The address of a symbol: that of the first object that has it.
pub(crate) fn symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: looks at the tables of the loaded objects.
    forgetting_errors(|| unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

/// The address of a symbol as an object sees it that is loaded under this name: its own, or that of an object it needs.
pub(crate) fn symbol_in(object: &CStr, name: &CStr) -> Option<NonNull<c_void>> {
    with(object, |handle| {
        // SAFETY: the handle is open.
        forgetting_errors(|| unsafe { libc::dlsym(handle.as_ptr(), name.as_ptr()) })
    })?
}

/// The file of the object that an address lies in, as the loader knows it.
pub(crate) fn object_of(address: *const c_void) -> Option<&'static CStr> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: asks which object this is, with room for the answer.
    if unsafe { libc::dladdr(address, info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: the answer was yes.
    let name = unsafe { info.assume_init() }.dli_fname;
    // SAFETY: a string of the loader, which lives as long as the object.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) })
}

/// Opens an object that is loaded already, and closes it again.
fn with<T>(object: &CStr, ask: impl FnOnce(NonNull<c_void>) -> T) -> Option<T> {
    let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD;
    // SAFETY: with this flag nothing is loaded and nothing runs.
    let handle = forgetting_errors(|| unsafe { libc::dlopen(object.as_ptr(), flags) })?;
    let answer = ask(handle);
    // SAFETY: opened above; it was loaded before and stays so.
    unsafe { libc::dlclose(handle.as_ptr()) };
    Some(answer)
}

fn forgetting_errors(ask: impl FnOnce() -> *mut c_void) -> Option<NonNull<c_void>> {
    let answer = NonNull::new(ask());
    if answer.is_none() {
        // SAFETY: gives back a string that nobody wants.
        unsafe { libc::dlerror() };
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_no_error_of_the_program() {
        assert!(symbol(c"malloc").is_some());
        assert_eq!(symbol(c"no such symbol"), None);
        assert_eq!(symbol_in(c"libc.so.6", c"no such symbol"), None);
        assert_eq!(symbol_in(c"libc.so.6", c"malloc"), symbol(c"malloc"));
        assert_eq!(symbol_in(c"no such object", c"malloc"), None);
        // SAFETY: asks for the last error of this thread.
        assert!(unsafe { libc::dlerror() }.is_null());
    }
}
