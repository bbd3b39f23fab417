//! Intercepts the system calls of a running Linux x86_64 program by patching its machine code in memory.
//!
//! Loaded with `LD_PRELOAD`, the library rewrites every `syscall` instruction of libc, before `main`, so that it goes through
//! a hook first. The hook sees the number and the arguments, and lets the call be made, or answers it itself.
//!
//! # A plugin in Rust
//!
//! A crate of type `cdylib`:
//!
//! ```standalone_crate
//! use syscall_intercept::{Action, Errno, Syscall, Sysno, plugin};
//!
//! plugin!(hook);
//!
//! fn hook(call: &Syscall) -> Action {
//!     match call.sysno() {
//!         Some(Sysno::getdents64) => Action::Return(Err(Errno::EOPNOTSUPP)),
//!         _ => Action::Forward,
//!     }
//! }
//! ```
//!
//! `LD_PRELOAD=target/release/libmy_plugin.so ls` then says that directories cannot be read. Plugins in C use the headers in
//! `include/` and link with `libsyscall_intercept.so`; those written for pmem's library of that name run unchanged.
//!
//! # What a hook may do
//!
//! Anything: allocate, print, lock, open files. System calls made by a hook are not intercepted. What a hook must not do is
//! wait for something that only the interrupted thread can do: it may be running inside `malloc` or under a lock of libc. And in
//! the calls that `malloc` itself makes (`brk`, `mmap`, `munmap`, `mremap`, `mprotect`, `madvise`) it must not allocate: the heap
//! is in the middle of a change then.
//!
//! # How it works
//!
//! The modules in the order a program takes through them:
//!
//! 1. [`object`] finds what is loaded, from memory, and where its functions begin and end.
//! 2. [`disasm`] locates the *sites*: `syscall` instructions, with the straight-line code around them.
//! 3. [`patch`] plans a *window* for each site, bytes that can be overwritten with a jump, and writes the jumps. An [`index`]
//!    can hold what these two steps say of a libc, and have a copy of it in which all is done already.
//! 4. `trampoline` assembles a *stub* for each site, within reach of a jump.
//! 5. `asm/crossing.S` saves the machine state, asks the hook, or Rust what to do, and restores the state.
//! 6. `hook` asks the hooks, and decides how the call is made.
//! 7. [`inject`] makes calls fail, wait or bring signals, if `INTERCEPT_INJECT` asks for it.
//! 8. [`log`] writes the lines of `INTERCEPT_LOG`, and tells the `intercept` command of each call through [shared memory](ring);
//!    `stat` counts calls for it. `handed_down` keeps what these use within reach of programs in other namespaces.
//!    `keep` makes programs start others that are intercepted, whatever environment they give them.
//!
//! Wherever possible only bytes *before* a `syscall` are overwritten. A call that a hook lets pass is then made by the original
//! instruction, so a blocked thread, an unwinder, a debugger, a cancellation or a seccomp filter finds the program counter
//! where it would have been.
//!
//! Deciding is separate from doing: [`disasm`] and the planner in [`patch`] are pure functions on bytes and addresses; reading
//! foreign memory, mapping and writing code is in few small files. Everything from the stub on keeps to strict rules: no heap, no libc, no lock, no panic.

mod capi;
mod config;
pub mod disasm;
mod handed_down;
mod hook;
pub mod index;
pub mod inject;
mod keep;
pub mod log;
pub mod object;
pub mod patch;
mod plugin;
mod prepare;
mod report;
#[doc(hidden)]
pub mod ring;
mod start;
#[doc(hidden)]
pub mod stat;
mod sys;
mod times;
mod trampoline;

pub use capi::{
    intercept_add_hook, intercept_add_hook_for, intercept_add_hooks, intercept_add_shielded_hooks, intercept_disable,
    intercept_enable, intercept_remove_hooks, intercept_sites, intercept_subscribe, intercept_version,
    syscall_hook_in_process_allowed, syscall_no_intercept,
};
pub use log::LogSink;
pub use plugin::{Action, Buffer, Heap, OnFault, OnPanic, PATH_MAX, Plugin, ProcessState, Syscall, ThreadState};
pub use syscalls::{Errno, Sysno};

#[doc(hidden)]
pub mod __plugin {
    pub use crate::capi::{Declaration, END, Object};
    pub use crate::hook::ShownCall;
    pub use crate::plugin::{EXIT, Registration, declaration};
    pub use crate::start::for_analysis_only;
}
