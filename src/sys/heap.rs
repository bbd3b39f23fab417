//! The heap of malloc, which the library uses while it prepares, and the program afterwards.
#![allow(unsafe_code, reason = "calls a function that is known by its name alone")]

use std::ffi::c_int;

use crate::object::loaded::Loaded;

/// Gives memory that is free in the heap back to the kernel. glibc would keep it for the program, as long as anything behind it is in use;
/// musl has no such function and keeps none.
pub(crate) fn give_back(objects: &[Loaded]) {
    let trim = objects.iter().filter(|object| object.is_libc()).find_map(|libc| libc.defined(c"malloc_trim")?);
    if let Some(address) = trim {
        // SAFETY: glibc's function of this name, which has this type and may be called at any time (malloc.h).
        let trim = unsafe { std::mem::transmute::<u64, extern "C" fn(usize) -> c_int>(address) };
        trim(0);
    }
}
