//! A system call, as plugins see and make it.

use syscalls::{Errno, Sysno};

/// A system call a program is about to make, or has made.
///
/// ```
/// use syscall_intercept::{Action, Syscall, Sysno};
///
/// fn hook(call: &Syscall) -> Action {
///     if call.sysno() == Some(Sysno::close) && call.fd(0) > 2 {
///         return Action::Return(Ok(0));
///     }
///     Action::Forward
/// }
/// # assert_eq!(hook(&Syscall::new(Sysno::close, [7])), Action::Return(Ok(0)));
/// # assert_eq!(hook(&Syscall::new(Sysno::close, [1])), Action::Forward);
/// ```
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    pub(super) number: i64,
    pub(super) args: [i64; 6],
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
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// assert_eq!(Syscall::new(Sysno::getpid, []).number(), 39);
    /// ```
    pub fn number(&self) -> i64 {
        self.number
    }

    /// Which system call it is; `None` if the number is none known to this library. The kernel answers those too.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// assert_eq!(Syscall::new(Sysno::getpid, []).sysno(), Some(Sysno::getpid));
    /// ```
    pub fn sysno(&self) -> Option<Sysno> {
        Sysno::new(usize::try_from(self.number).ok()?)
    }

    /// The six argument registers, in order. Those the call does not use hold garbage.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// let [fd, ..] = Syscall::new(Sysno::close, [3]).args();
    /// assert_eq!(fd, 3);
    /// ```
    pub fn args(&self) -> [i64; 6] {
        self.args
    }

    /// One argument; `None` from the seventh on.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// let call = Syscall::new(Sysno::close, [3]);
    /// assert_eq!((call.arg(0), call.arg(6)), (Some(3), None));
    /// ```
    pub fn arg(&self, index: usize) -> Option<i64> {
        self.args.get(index).copied()
    }

    /// The same call with one argument changed. An index beyond the sixth changes nothing.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// let call = Syscall::new(Sysno::dup2, [3, 4]).with_arg(1, 5);
    /// assert_eq!(call.args()[..2], [3, 5]);
    /// ```
    #[must_use]
    pub fn with_arg(mut self, index: usize, value: i64) -> Syscall {
        self.put(index, value);
        self
    }

    /// Makes the call without any hook seeing it.
    ///
    /// # Safety
    ///
    /// The call does to the process whatever its number and arguments say. Not for `vfork`, for `clone` with a stack, and for
    /// `rt_sigreturn`: they do not return here. To let the program make them, answer [`Action::Forward`](crate::Action::Forward).
    ///
    /// ```
    /// # use syscall_intercept::{Errno, Syscall, Sysno};
    /// // SAFETY: there is no such descriptor.
    /// assert_eq!(unsafe { Syscall::new(Sysno::close, [-1]).call() }, Err(Errno::EBADF));
    /// ```
    #[allow(unsafe_code, reason = "a system call")]
    pub unsafe fn call(&self) -> Result<usize, Errno> {
        // SAFETY: passed on.
        let result = unsafe { crate::sys::raw::syscall(self.number, self.args) };
        Errno::from_ret(result as usize)
    }

    pub(super) fn put(&mut self, index: usize, value: i64) {
        if let Some(arg) = self.args.get_mut(index) {
            *arg = value;
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
    fn changing_an_argument_leaves_the_others() {
        let call = Syscall::new(Sysno::openat, [1, 2, 3]).with_arg(1, 7).with_arg(6, 9);
        assert_eq!(call.args(), [1, 7, 3, 0, 0, 0]);
    }
}
