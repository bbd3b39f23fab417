//! Taking out of the environment what was added to it, so that the program finds it as it was meant.
#![allow(unsafe_code, reason = "changes the environment in place, as `unsetenv` does")]

use std::ffi::{CStr, c_char};

use super::MARK;
use super::kept::{PRELOAD, is_ours};

unsafe extern "C" {
    /// Of libc: the environment, up to a null pointer.
    static mut environ: *mut *mut c_char;
}

/// How much of `LD_PRELOAD` is ours; `None` if it is all of it.
pub(super) fn length_of_ours() -> Option<usize> {
    let environment = environment();
    let mark = *environment.get(mark(environment)?)?;
    std::str::from_utf8(text(mark).get(MARK.len()..)?).ok()?.parse().ok()
}

/// Takes it out. The variables behind it move up, and where they were there are null pointers: who looks for the auxiliary vector
/// behind the environment finds an empty one there.
pub(super) fn take_out() {
    let length = length_of_ours();
    let environment = environment();
    let Some(mark) = mark(environment) else { return };
    let (theirs, added) = environment.split_at_mut(mark);
    let count = 1 + added.iter().skip(1).take_while(|&&variable| is_ours(text(variable))).count();
    added.rotate_left(count);
    let end = added.len() - count;
    added[end..].fill(std::ptr::null_mut());
    if let Some(length) = length
        && let Some(preload) = theirs.iter_mut().find(|variable| text(**variable).starts_with(PRELOAD.as_bytes()))
        && text(*preload).get(PRELOAD.len() + length) == Some(&b':')
    {
        // What is theirs stands behind the colon, and the name is put in front of it.
        // SAFETY: in the same string, as was just seen.
        unsafe {
            *preload = preload.add(length + 1);
            std::ptr::copy_nonoverlapping(PRELOAD.as_ptr(), preload.cast(), PRELOAD.len());
        }
    }
}

/// Where the mark is. A program may have one that it was started with when it was not intercepted: ours comes behind that.
fn mark(environment: &[*mut c_char]) -> Option<usize> {
    environment.iter().rposition(|&variable| text(variable).starts_with(MARK.as_bytes()))
}

fn environment() -> &'static mut [*mut c_char] {
    // SAFETY: in the constructor there is one thread, and between its calls of this function nobody changes the array.
    unsafe {
        if environ.is_null() {
            return &mut [];
        }
        let count = (0..).take_while(|&index| !(*environ.add(index)).is_null()).count();
        std::slice::from_raw_parts_mut(environ, count)
    }
}

fn text(variable: *mut c_char) -> &'static [u8] {
    // SAFETY: of the array above, up to the null pointer.
    unsafe { CStr::from_ptr(variable) }.to_bytes()
}
