//! The Rust interface: a hook is a function from [`Syscall`] to [`Action`].

use std::ffi::{c_int, c_long};

use syscalls::{Errno, Sysno};

use crate::capi::{self, Declaration};

/// A system call a program is about to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    number: i64,
    args: [i64; 6],
}

impl Syscall {
    /// A call of one's own making; arguments that are left out are zero.
    ///
    /// ```
    /// use syscall_intercept::{Syscall, Sysno};
    /// let call = Syscall::new(Sysno::getpid, []);
    /// // SAFETY: asks for a number.
    /// let pid = unsafe { call.call() };
    /// assert_eq!(pid, Ok(std::process::id() as usize));
    /// ```
    pub fn new<const N: usize>(number: Sysno, args: [i64; N]) -> Syscall {
        const { assert!(N <= 6, "a system call has at most six arguments") };
        let mut all = [0; 6];
        for (place, arg) in all.iter_mut().zip(args) {
            *place = arg;
        }
        Syscall { number: number as i64, args: all }
    }

    /// The number as the program wrote it to rax. Not every number is a system call.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Which system call it is; `None` if the number is none known to this library. The kernel answers those too.
    pub fn sysno(&self) -> Option<Sysno> {
        Sysno::new(usize::try_from(self.number).ok()?)
    }

    /// The six argument registers, in order. Those the call does not use hold garbage.
    pub fn args(&self) -> [i64; 6] {
        self.args
    }

    /// One argument; `None` from the seventh on.
    pub fn arg(&self, index: usize) -> Option<i64> {
        self.args.get(index).copied()
    }

    /// The same call with one argument changed. An index beyond the sixth changes nothing.
    #[must_use]
    pub fn with_arg(mut self, index: usize, value: i64) -> Syscall {
        if let Some(arg) = self.args.get_mut(index) {
            *arg = value;
        }
        self
    }

    /// Makes the call without any hook seeing it.
    ///
    /// # Safety
    ///
    /// The call does to the process whatever its number and arguments say. Not for `vfork`, for `clone` with a stack, and for
    /// `rt_sigreturn`: they do not return here. To let the program make them, answer [`Action::Forward`].
    #[allow(unsafe_code, reason = "a system call")]
    pub unsafe fn call(&self) -> Result<usize, Errno> {
        // SAFETY: passed on.
        let result = unsafe { crate::sys::raw::syscall(self.number, self.args) };
        Errno::from_ret(result as usize)
    }
}

/// What becomes of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The program makes it, as if nobody had looked.
    Forward,
    /// The program does not make it and gets this answer.
    Return(Result<usize, Errno>),
}

/// Makes a function of type `fn(&Syscall) -> Action` the hook of a plugin: a crate of type `cdylib`, loaded with
/// `LD_PRELOAD`. With several plugins each is asked in the order in which they were loaded, until one does not forward.
///
/// The function runs in the middle of the program, on any of its threads, also inside `malloc` and in signal handlers; what it
/// calls is not intercepted again. If it panics the process is aborted.
///
/// ```
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
/// ```
/// # use syscall_intercept::{Action, Syscall, Sysno, plugin};
/// plugin!(hook, only: [Sysno::openat, Sysno::open]);
/// # fn hook(_: &Syscall) -> Action { Action::Forward }
/// ```
#[macro_export]
macro_rules! plugin {
    ($hook:path) => {
        $crate::plugin!(@ $hook, None);
    };
    ($hook:path, only: [$($sysno:expr),* $(,)?]) => {
        $crate::plugin!(@ $hook, Some(&[$($sysno as i64,)* $crate::__plugin::END]));
    };
    (@ $hook:path, $wants:expr) => {
        const _: () = {
            const WANTS: Option<&[i64]> = $wants;

            // The engine looks for it before it patches anything; it may be that of another plugin.
            #[unsafe(no_mangle)]
            static syscall_intercept_plugin: $crate::__plugin::Declaration = $crate::__plugin::declaration(WANTS);

            #[used]
            #[unsafe(link_section = ".init_array")]
            static REGISTER: extern "C" fn() = register;

            extern "C" fn register() {
                $crate::__plugin::add(__hook, WANTS);
            }

            extern "C" fn __hook(
                number: i64,
                a0: i64,
                a1: i64,
                a2: i64,
                a3: i64,
                a4: i64,
                a5: i64,
                result: &mut i64,
            ) -> i32 {
                $crate::__plugin::run($hook, number, [a0, a1, a2, a3, a4, a5], result)
            }
        };
    };
}

/// What [`plugin!`] makes of a function: a hook of the C interface, whose place for the result is a reference.
#[doc(hidden)]
pub type PluginHook = extern "C" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long, &mut c_long) -> c_int;

/// Adds a hook to the engine of this process, which may be another copy of this library.
#[doc(hidden)]
#[allow(unsafe_code, reason = "function types that differ in the spelling of a pointer")]
pub fn add(hook: PluginHook, wants: Option<&[i64]>) {
    // SAFETY: the engine always passes a place for the result that is valid and nobody else's.
    let hook = unsafe { std::mem::transmute::<PluginHook, crate::hook::Hook>(hook) };
    let wants = wants.map(|list| list.strip_suffix(&[capi::END]).unwrap_or(list));
    if !capi::add_hook_to_engine(hook, wants) {
        crate::report::line(&"too many plugins: the last one sees no system calls");
    }
}

/// What a plugin says of itself.
#[doc(hidden)]
pub const fn declaration(wants: Option<&'static [i64]>) -> Declaration {
    Declaration {
        wants: match wants {
            Some(list) => list.as_ptr(),
            None => std::ptr::null(),
        },
    }
}

/// Runs a plugin's function.
#[doc(hidden)]
pub fn run(hook: fn(&Syscall) -> Action, number: c_long, args: [c_long; 6], result: &mut c_long) -> c_int {
    match hook(&Syscall { number, args }) {
        Action::Forward => 1,
        Action::Return(answer) => {
            *result = answer.map_or_else(|errno| -i64::from(errno.into_raw()), |value| value as i64);
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_no_system_call_keep_their_value() {
        for number in [-1, 600, i64::MIN, i64::MAX] {
            let call = Syscall { number, args: [0; 6] };
            assert_eq!((call.sysno(), call.number()), (None, number));
        }
    }

    #[test]
    fn an_error_reaches_the_program_negated() {
        let mut result = 0;
        let hook = |_: &Syscall| Action::Return(Err(Errno::EOPNOTSUPP));
        assert_eq!(run(hook, 0, [0; 6], &mut result), 0);
        assert_eq!(result, -i64::from(libc::ENOTSUP));
    }

    #[test]
    fn changing_an_argument_leaves_the_others() {
        let call = Syscall::new(Sysno::openat, [1, 2, 3]).with_arg(1, 7).with_arg(6, 9);
        assert_eq!(call.args(), [1, 7, 3, 0, 0, 0]);
    }
}
