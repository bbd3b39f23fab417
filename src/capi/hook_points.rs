//! The data symbols through which C programs give the library their hooks.

use std::arch::asm;
use std::ffi::c_long;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::hook::Hook;

/// `intercept_hook_point_post_kernel`.
pub(crate) type PostKernel =
    unsafe extern "C-unwind" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long, c_long);
type CloneChild = unsafe extern "C-unwind" fn();
type CloneParent = unsafe extern "C-unwind" fn(c_long);

/// Declares a hook point and a function that reads it from wherever the dynamic loader has put it.
macro_rules! hook_point {
    ($(#[$doc:meta])* $symbol:ident, $reader:ident, $function:ty) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        #[allow(non_upper_case_globals, unreachable_pub, reason = "an interface for C")]
        pub static $symbol: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

        /// The hook, if there is one.
        pub(crate) fn $reader() -> Option<$function> {
            let place: *const AtomicPtr<()>;
            // SAFETY: loads the address the dynamic loader has resolved the symbol to.
            unsafe {
                asm!(
                    concat!("mov {}, qword ptr [rip + ", stringify!($symbol), "@GOTPCREL]"),
                    out(reg) place,
                    options(nostack, preserves_flags, pure, readonly),
                );
            }
            // SAFETY: the symbol is a pointer in whichever object defines it; a plugin writes it with a plain store, which on
            // this machine is atomic.
            let hook = unsafe { &*place }.load(Ordering::Acquire);
            // SAFETY: null or a function of this type, by the contract of the header.
            unsafe { std::mem::transmute::<*mut (), Option<$function>>(hook) }
        }
    };
}

/// Whatever hook there is first, as an address.
pub(crate) fn any_hook_point() -> Option<u64> {
    let before = || hook_point().map(|hook| hook as *const () as u64);
    let after = || post_kernel().map(|hook| hook as *const () as u64);
    let in_child = || clone_child().map(|hook| hook as *const () as u64);
    before().or_else(after).or_else(in_child).or_else(|| clone_parent().map(|hook| hook as *const () as u64))
}

hook_point! {
    /// Called before each system call; returns 0 if it has handled the call and put the result where its last argument
    /// points to.
    intercept_hook_point, hook_point, Hook
}
hook_point! {
    /// Called after each system call that was made, with its number, arguments and result.
    intercept_hook_point_post_kernel, post_kernel, PostKernel
}
hook_point! {
    /// Called in each new thread and process.
    intercept_hook_point_clone_child, clone_child, CloneChild
}
hook_point! {
    /// Called after a thread or process was made, with its id, in the one that made it.
    intercept_hook_point_clone_parent, clone_parent, CloneParent
}
