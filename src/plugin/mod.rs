//! The Rust interface: a plugin is a function from [`Syscall`] to [`Action`], or a value that implements [`Plugin`].

mod arguments;
mod entry;
mod fault;
mod heap;
mod panic;
mod state;
mod syscall;

pub use arguments::{Buffer, PATH_MAX};
pub use entry::{EXIT, Registration, declaration};
pub use fault::OnFault;
pub use heap::Heap;
pub use panic::OnPanic;
pub use state::{ProcessState, ThreadState};
pub use syscall::Syscall;

use syscalls::Errno;

/// What becomes of a system call.
///
/// ```
/// use syscall_intercept::{Action, Errno};
/// let forbidden = Action::Return(Err(Errno::EPERM));
/// # assert_ne!(forbidden, Action::Forward);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The program makes it, with the arguments that are in the [`Syscall`] now.
    Forward,
    /// The program does not make it and gets this answer.
    Return(Result<usize, Errno>),
    /// The program makes it, and [`Plugin::after`] is shown the result.
    Observe,
}

/// What sees the system calls of a program: made one of a plugin by [`plugin!`](crate::plugin!).
///
/// A function of type `fn(&Syscall) -> Action` is one that looks at calls before they are made. A type of one's own can
/// change arguments as well, and see and change results. One value serves all threads, at the same time.
///
/// ```standalone_crate
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use syscall_intercept::{Action, Errno, Plugin, Syscall, Sysno, plugin};
///
/// /// Every tenth read is interrupted, and the others are counted.
/// struct Flaky {
///     reads: AtomicUsize,
///     bytes: AtomicUsize,
/// }
///
/// static FLAKY: Flaky = Flaky { reads: AtomicUsize::new(0), bytes: AtomicUsize::new(0) };
///
/// plugin!(FLAKY, only: [Sysno::read]);
///
/// impl Plugin for Flaky {
///     fn before(&self, _: &mut Syscall) -> Action {
///         match self.reads.fetch_add(1, Ordering::Relaxed) % 10 {
///             9 => Action::Return(Err(Errno::EINTR)),
///             _ => Action::Observe,
///         }
///     }
///
///     fn after(&self, _: &Syscall, result: &mut Result<usize, Errno>) {
///         if let Ok(bytes) = *result {
///             self.bytes.fetch_add(bytes, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Plugin: Sync {
    /// The plugin has been loaded, before `main`; calls are not seen before it returns.
    fn start(&self) {}

    /// A call is about to be made. What is changed of its arguments, plugins see that are asked later, and the call is made with
    /// it: with [`Action::Forward`] and [`Action::Observe`].
    fn before(&self, call: &mut Syscall) -> Action {
        let _ = call;
        Action::Forward
    }

    /// A call for which [`before`](Plugin::before) has answered [`Action::Observe`] has been made; or a plugin that was asked later
    /// has answered it. The program gets what is in `result` in the end.
    ///
    /// Not called where a call does not return, nor where a signal handler leaves it by `siglongjmp`. For `clone`, `clone3` and
    /// `vfork` it is called whenever anybody wants to see their result, in both processes or threads; made by way of libc's
    /// `syscall` they have the number of `clone`.
    fn after(&self, call: &Syscall, result: &mut Result<usize, Errno>) {
        let _ = (call, result);
    }
}

impl<F: Fn(&Syscall) -> Action + Sync> Plugin for F {
    fn before(&self, call: &mut Syscall) -> Action {
        self(call)
    }
}

/// Makes a function of type `fn(&Syscall) -> Action`, or a `static` or a constant that implements [`Plugin`], what a plugin does: a
/// crate of type `cdylib`, loaded with `LD_PRELOAD`. It stands once in a crate.
///
/// Several plugins, and hooks in C, are layers around the kernel. Before a call each is asked in the order in which they were loaded,
/// until one answers. After it those that want to see the result are shown it, the last one first.
///
/// The plugin runs in the middle of the program, on any of its threads, also inside `malloc` and in signal handlers; what it
/// calls is not intercepted again.
///
/// ```standalone_crate
/// use syscall_intercept::{Action, Errno, Syscall, Sysno, plugin};
///
/// plugin!(hook);
///
/// fn hook(call: &Syscall) -> Action {
///     match call.sysno() {
///         Some(Sysno::getdents | Sysno::getdents64) => Action::Return(Err(Errno::EOPNOTSUPP)),
///         _ => Action::Forward,
///     }
/// }
/// ```
///
/// A plugin that is interested in some calls only says which: it sees no others, and where no plugin wants a call, its code in
/// libc is left as it is.
///
/// ```standalone_crate
/// # use syscall_intercept::{Action, Syscall, Sysno, plugin};
/// plugin!(hook, only: [Sysno::openat, Sysno::open]);
/// # fn hook(_: &Syscall) -> Action { Action::Forward }
/// ```
///
/// If it panics, a line on stderr names the plugin, and the process is aborted; or the plugin is not asked any more ([`OnPanic`]):
///
/// ```standalone_crate
/// # use syscall_intercept::{Action, OnPanic, Syscall, plugin};
/// plugin!(hook, on_panic: OnPanic::Disable);
/// # fn hook(_: &Syscall) -> Action { Action::Forward }
/// ```
///
/// The same for a plugin that faults ([`OnFault`]), `on_fault: OnFault::Disable`, which comes last.
#[macro_export]
macro_rules! plugin {
    ($plugin:path $(, only: [$($sysno:expr),* $(,)?])? $(, on_panic: $on_panic:expr)? $(, on_fault: $on_fault:expr)? $(,)?) => {
        const _: () = {
            const WANTS: Option<&[i64]> = $crate::plugin!(@wants $([$($sysno),*])?);

            // The engine looks for it before it patches anything; it may be that of another plugin.
            #[unsafe(no_mangle)]
            static syscall_intercept_plugin: $crate::__plugin::Declaration = $crate::__plugin::declaration(WANTS);

            static REGISTRATION: $crate::__plugin::Registration = $crate::__plugin::Registration::new();

            #[used]
            #[unsafe(link_section = ".init_array")]
            static REGISTER: extern "C" fn() = register;

            extern "C" fn register() {
                REGISTRATION.add(&$plugin, WANTS, $crate::plugin!(@on_panic $($on_panic)?), $crate::plugin!(@on_fault $($on_fault)?));
            }
        };
    };
    (@wants) => { None };
    (@wants [$($sysno:expr),*]) => { Some(&[$($sysno as i64,)* $crate::__plugin::EXIT, $crate::__plugin::END]) };
    (@on_panic) => { $crate::OnPanic::Abort };
    (@on_panic $on_panic:expr) => { $on_panic };
    (@on_fault) => { $crate::OnFault::Abort };
    (@on_fault $on_fault:expr) => { $on_fault };
}
