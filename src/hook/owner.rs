//! Which process the state in this memory belongs to.
//!
//! The child of a `vfork` shares the memory of its parent and has signal handlers of its own. The child of a `fork` shares
//! nothing. What tells them apart is a page that the kernel empties in the child of a `fork` (`MADV_WIPEONFORK`, since 4.14)
//! and only there: it holds the process id of the owner.
#![allow(unsafe_code, reason = "a page of memory")]

use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

use crate::sys::call::map_emptied_by_fork;
use crate::sys::raw::syscall;

/// The page; null where the kernel has no such pages, and then nobody is told apart.
static OWNER: AtomicPtr<AtomicI64> = AtomicPtr::new(std::ptr::null_mut());

/// Makes the calling process the owner.
pub(super) fn set_up() {
    if let Some(page) = map_emptied_by_fork() {
        let owner = page as *mut AtomicI64;
        // SAFETY: a fresh page, which stays.
        unsafe { &*owner }.store(this_process(), Ordering::Relaxed);
        OWNER.store(owner, Ordering::Relaxed);
    }
}

fn this_process() -> i64 {
    // SAFETY: asks for a number.
    unsafe { syscall(libc::SYS_getpid, [0; 6]) }
}

/// Whether the calling process is the owner.
pub(super) fn is_this_process() -> bool {
    // SAFETY: null, or a page that stays mapped and holds zeroes or what is stored here.
    let Some(owner) = (unsafe { OWNER.load(Ordering::Relaxed).as_ref() }) else { return true };
    let this = this_process();
    match owner.load(Ordering::Relaxed) {
        // From a `fork`.
        0 => {
            owner.store(this, Ordering::Relaxed);
            true
        }
        owner => owner == this,
    }
}
