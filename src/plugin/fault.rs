//! What happens when a plugin faults.

/// What happens when an instruction of a plugin raises SIGSEGV, SIGBUS, SIGILL or SIGFPE: said in [`plugin!`](crate::plugin!).
/// Either way a line on stderr names the file of the plugin, and where in which file the instruction is.
///
/// `INTERCEPT_ON_FAULT` in the environment, `abort` or `disable`, decides for all plugins, those in C too, whatever they say.
///
/// ```standalone_crate
/// use syscall_intercept::{Action, OnFault, Syscall, plugin};
///
/// plugin!(hook, on_fault: OnFault::Disable);
///
/// fn hook(call: &Syscall) -> Action {
///     // Not every program opens files by a path that can be read.
///     #[allow(unsafe_code)]
///     let first = unsafe { *(call.args()[1] as *const u8) };
///     assert!(first != 0);
///     Action::Forward
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFault {
    /// The process dies by the signal, with a core dump at the instruction; or the program's handler is called, if it has one.
    #[default]
    Abort,
    /// The call goes on as if the plugin had not been asked, and the plugin is not asked any more; the program's handler is not
    /// called.
    ///
    /// Nothing that the plugin was doing is finished or undone: locks it held stay locked, also those of libc and of the heap it
    /// uses, and what it was writing stays half written. So this is for plugins that keep to themselves. Not caught are
    /// faults while the signal is blocked or ignored, and an overflow of a stack, unless the thread has another one for signals.
    Disable,
}
