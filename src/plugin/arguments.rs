//! What the arguments of a call mean, and what they point to.
//!
//! Pointers are the program's, and programs pass bad ones on purpose. Nothing here follows one: the kernel copies, and where it
//! would have answered the program with an error, that is the answer.

use std::ffi::CStr;

use syscalls::Errno;

use super::Syscall;
use crate::log;
use crate::sys::{call, memory};

/// As many bytes as a path can have, with the zero byte at its end: room for [`Syscall::path`].
pub const PATH_MAX: usize = libc::PATH_MAX as usize;

/// Arguments with types. An index beyond the sixth is that of an argument which is -1: no descriptor, and a bad pointer.
impl Syscall {
    /// An argument that is a descriptor. The kernel looks at the lower half of the register alone.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// assert_eq!(Syscall::new(Sysno::close, [0x7_0000_0003]).fd(0), 3);
    /// ```
    pub fn fd(&self, index: usize) -> i32 {
        self.word(index) as i32
    }

    /// An argument that is an `int` made of flags.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// # const O_CREAT: i64 = 0o100; const O_TRUNC: i32 = 0o1000;
    /// let call = Syscall::new(Sysno::open, [0, O_CREAT, 0o644]);
    /// assert_eq!(call.flags(1) & O_TRUNC, 0);
    /// ```
    pub fn flags(&self, index: usize) -> i32 {
        self.word(index) as i32
    }

    /// A path, or another string that ends in a zero byte, copied into `room`. [`PATH_MAX`] bytes are room for any path.
    ///
    /// # Errors
    ///
    /// What the kernel would say: [`Errno::EFAULT`] if the pointer is bad, [`Errno::ENAMETOOLONG`] if there is no end within the
    /// room. Where a seccomp filter forbids `process_vm_readv`, what that says.
    ///
    /// ```
    /// # use syscall_intercept::{Errno, PATH_MAX, Syscall, Sysno};
    /// let call = Syscall::new(Sysno::open, [c"/etc/hosts".as_ptr() as i64]);
    /// let mut room = [0; PATH_MAX];
    /// assert_eq!(call.path(0, &mut room), Ok(c"/etc/hosts"));
    /// assert_eq!(call.path(0, &mut [0; 4]), Err(Errno::ENAMETOOLONG));
    /// assert_eq!(call.path(1, &mut room), Err(Errno::EFAULT));
    /// ```
    pub fn path<'a>(&self, index: usize, room: &'a mut [u8]) -> Result<&'a CStr, Errno> {
        let start = self.address(index);
        let mut length = 0;
        loop {
            let Some(rest) = room.get_mut(length..).filter(|rest| !rest.is_empty()) else {
                return Err(Errno::ENAMETOOLONG);
            };
            let at = start.checked_add(length as u64).ok_or(Errno::EFAULT)?;
            // Not into the next page if the string ends before it.
            let wanted = memory::within_page(at, rest.len());
            let copied = memory::read(at, rest.get_mut(..wanted).unwrap_or_default()).map_err(errno)?;
            if rest.iter().take(copied).any(|&byte| byte == 0) {
                break;
            }
            length += copied;
        }
        CStr::from_bytes_until_nul(room).map_err(|_| Errno::ENAMETOOLONG)
    }

    /// Copies what an argument points to. Answers how many bytes could be copied, from the first on.
    ///
    /// # Errors
    ///
    /// [`Errno::EFAULT`] if none could. Where a seccomp filter forbids `process_vm_readv`, what that says.
    ///
    /// ```
    /// # use syscall_intercept::{Errno, Syscall, Sysno};
    /// let delay = [5_i64, 0];
    /// let call = Syscall::new(Sysno::nanosleep, [delay.as_ptr() as i64, 0]);
    /// let mut seconds = [0; 8];
    /// assert_eq!(call.read(0, &mut seconds), Ok(8));
    /// assert_eq!(i64::from_ne_bytes(seconds), 5);
    /// assert_eq!(call.read(1, &mut seconds), Err(Errno::EFAULT));
    /// ```
    pub fn read(&self, index: usize, out: &mut [u8]) -> Result<usize, Errno> {
        memory::read(self.address(index), out).map_err(errno)
    }

    /// The buffer that two arguments describe: the index of its address, and that of its length in bytes.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// let text = b"some text";
    /// let call = Syscall::new(Sysno::write, [1, text.as_ptr() as i64, 9]);
    /// let mut start = [0; 4];
    /// assert_eq!(call.buffer(1, 2).read_at(0, &mut start), Ok(4));
    /// assert_eq!(&start, b"some");
    /// ```
    pub fn buffer(&self, address: usize, length: usize) -> Buffer {
        Buffer { address: self.address(address), length: self.word(length).cast_unsigned() }
    }

    /// Changes a descriptor, in [`Plugin::before`](crate::Plugin::before): the call is made with it.
    ///
    /// ```standalone_crate
    /// use syscall_intercept::{Action, Plugin, Syscall, Sysno, plugin};
    ///
    /// /// What is written to stdout goes to stderr.
    /// struct ToStderr;
    ///
    /// impl Plugin for ToStderr {
    ///     fn before(&self, call: &mut Syscall) -> Action {
    ///         if call.fd(0) == 1 {
    ///             call.set_fd(0, 2);
    ///         }
    ///         Action::Forward
    ///     }
    /// }
    ///
    /// plugin!(ToStderr, only: [Sysno::write]);
    /// ```
    pub fn set_fd(&mut self, index: usize, fd: i32) {
        self.put(index, fd.into());
    }

    /// Changes a path, in [`Plugin::before`](crate::Plugin::before): the call is made with it. Answers whether the argument is a
    /// path in this call; if not it is left alone.
    ///
    /// ```standalone_crate
    /// use syscall_intercept::{Action, PATH_MAX, Plugin, Syscall, Sysno, plugin};
    ///
    /// /// This machine has another name.
    /// struct OtherName;
    ///
    /// impl Plugin for OtherName {
    ///     fn before(&self, call: &mut Syscall) -> Action {
    ///         if call.path(1, &mut [0; PATH_MAX]) == Ok(c"/etc/hostname") {
    ///             call.set_path(1, c"/tmp/hostname");
    ///         }
    ///         Action::Forward
    ///     }
    /// }
    ///
    /// plugin!(OtherName, only: [Sysno::openat]);
    /// # assert!(!Syscall::new(Sysno::openat, []).set_path(0, c"/"));
    /// ```
    pub fn set_path(&mut self, index: usize, path: &'static CStr) -> bool {
        let is_path = log::is_path(self.number, index);
        if is_path {
            self.put(index, path.as_ptr() as i64);
        }
        is_path
    }

    /// Changes an argument, in [`Plugin::before`](crate::Plugin::before): the call is made with it. Not those of `clone`, `clone3`
    /// and `vfork`. An index beyond the sixth changes nothing.
    ///
    /// # Safety
    ///
    /// The call does to the process whatever its number and arguments say. What the argument points to stays until the call
    /// has been made.
    ///
    /// ```standalone_crate
    /// use syscall_intercept::{Action, Plugin, Syscall, Sysno, plugin};
    ///
    /// /// Nobody reads more than a page at a time.
    /// struct ShortReads;
    ///
    /// impl Plugin for ShortReads {
    ///     fn before(&self, call: &mut Syscall) -> Action {
    ///         if call.buffer(1, 2).len() > 4096 {
    ///             // SAFETY: less is written than there is room for.
    ///             unsafe { call.set_arg(2, 4096) };
    ///         }
    ///         Action::Forward
    ///     }
    /// }
    ///
    /// plugin!(ShortReads, only: [Sysno::read]);
    /// ```
    #[allow(unsafe_code, reason = "the call is made with it")]
    pub unsafe fn set_arg(&mut self, index: usize, value: i64) {
        self.put(index, value);
    }

    fn word(&self, index: usize) -> i64 {
        self.arg(index).unwrap_or(-1)
    }

    fn address(&self, index: usize) -> u64 {
        self.word(index).cast_unsigned()
    }
}

/// Memory of the program that a call is about: made by [`Syscall::buffer`]. Nothing outside of it can be reached, and where it is
/// bad there is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer {
    address: u64,
    length: u64,
}

impl Buffer {
    /// How many bytes the program says there are.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// assert_eq!(Syscall::new(Sysno::read, [0, 0, 17]).buffer(1, 2).len(), 17);
    /// ```
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there are none.
    ///
    /// ```
    /// # use syscall_intercept::{Syscall, Sysno};
    /// assert!(Syscall::new(Sysno::read, [0, 0, 0]).buffer(1, 2).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Copies from the buffer, from this byte on. Answers how many bytes were copied: fewer than asked for at its end, and where
    /// memory ends before it.
    ///
    /// # Errors
    ///
    /// [`Errno::EFAULT`] if there is something to copy and none of it could be.
    ///
    /// ```
    /// # use syscall_intercept::{Errno, Syscall, Sysno};
    /// let text = b"some text";
    /// let buffer = Syscall::new(Sysno::write, [1, text.as_ptr() as i64, 9]).buffer(1, 2);
    /// let mut end = [0; 16];
    /// assert_eq!(buffer.read_at(5, &mut end), Ok(4));
    /// assert_eq!(&end[..4], b"text");
    /// assert_eq!(Syscall::new(Sysno::write, [1, 0, 9]).buffer(1, 2).read_at(0, &mut end), Err(Errno::EFAULT));
    /// ```
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<usize, Errno> {
        let (address, length) = self.part(offset, out.len())?;
        memory::read(address, out.get_mut(..length).unwrap_or_default()).map_err(errno)
    }

    /// Copies to the buffer, from this byte on. Answers how many bytes were copied: fewer than asked for at its end, and where
    /// memory ends before it.
    ///
    /// # Errors
    ///
    /// [`Errno::EFAULT`] if there is something to copy and none of it could be. Where a seccomp filter forbids `process_vm_writev`,
    /// what that says.
    ///
    /// # Safety
    ///
    /// The call is one that lets the kernel write to this buffer.
    ///
    /// ```standalone_crate
    /// use syscall_intercept::{Action, Syscall, Sysno, plugin};
    ///
    /// plugin!(hook, only: [Sysno::getrandom]);
    ///
    /// /// Chosen by fair dice roll.
    /// fn hook(call: &Syscall) -> Action {
    ///     // SAFETY: `getrandom` writes there.
    ///     Action::Return(unsafe { call.buffer(0, 1).write_at(0, &[4; 16]) })
    /// }
    /// # let mut random = [0_u8; 8];
    /// # let call = Syscall::new(Sysno::getrandom, [random.as_mut_ptr() as i64, 6, 0]);
    /// # assert_eq!((hook(&call), random), (Action::Return(Ok(6)), [4, 4, 4, 4, 4, 4, 0, 0]));
    /// ```
    #[allow(unsafe_code, reason = "memory of the program")]
    pub unsafe fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        let (address, length) = self.part(offset, bytes.len())?;
        // SAFETY: passed on.
        unsafe { memory::write(address, bytes.get(..length).unwrap_or_default()) }.map_err(errno)
    }

    /// From where to copy so many bytes, and how many of them are in the buffer.
    fn part(&self, offset: u64, wanted: usize) -> Result<(u64, usize), Errno> {
        let left = self.length.saturating_sub(offset);
        let length = usize::try_from(left).map_or(wanted, |left| left.min(wanted));
        let address = if length == 0 { Some(self.address) } else { self.address.checked_add(offset) };
        Ok((address.ok_or(Errno::EFAULT)?, length))
    }
}

fn errno(errno: call::Errno) -> Errno {
    Errno::new(errno.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syscalls::Sysno;

    #[test]
    fn a_path_may_end_where_its_page_does() {
        let mut pages = memmap2::MmapMut::map_anon(8192).expect("two pages");
        pages.fill(b'x');
        pages[4095] = 0;
        let call = Syscall::new(Sysno::open, [pages.as_ptr() as i64 + 4090]);
        assert_eq!(call.path(0, &mut [0; 64]), Ok(c"xxxxx"));
        pages[4095] = b'x';
        assert_eq!(call.path(0, &mut [0; 64]), Err(Errno::ENAMETOOLONG));
        pages[4097] = 0;
        assert_eq!(call.path(0, &mut [0; 64]), Ok(c"xxxxxxx"));
        assert_eq!(call.path(0, &mut [0; 7]), Err(Errno::ENAMETOOLONG));
        assert_eq!(call.path(0, &mut [0; 8]), Ok(c"xxxxxxx"));
    }

    #[test]
    fn a_buffer_is_left_at_neither_end() {
        let mut bytes = *b"0123456789";
        let call = Syscall::new(Sysno::read, [0, bytes.as_mut_ptr() as i64 + 2, 5]);
        let (buffer, mut out) = (call.buffer(1, 2), [0; 16]);
        assert_eq!((buffer.read_at(3, &mut out), &out[..3]), (Ok(2), &b"56\0"[..]));
        assert_eq!([5, 6, u64::MAX].map(|offset| buffer.read_at(offset, &mut out)), [Ok(0); 3]);
        #[allow(unsafe_code, reason = "memory of the test")]
        // SAFETY: our own bytes.
        let written = unsafe { buffer.write_at(4, b"abc") };
        assert_eq!(written, Ok(1));
        assert_eq!(&bytes, b"012345a789");
        let everything = Syscall::new(Sysno::read, [0, 1, -1]).buffer(1, 2);
        assert_eq!(everything.read_at(u64::MAX - 1, &mut out), Err(Errno::EFAULT));
    }
}
