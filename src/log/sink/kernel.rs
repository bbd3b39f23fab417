//! What a sink asks of the kernel. No libc function is involved: the log may speak before libc is ready, in a child of `vfork`
//! or in a signal handler, and must not touch `errno`.
#![allow(unsafe_code, reason = "system calls that read and write the buffers they are given")]

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use crate::sys::call;
use crate::sys::probe::SIGSET_SIZE;
use crate::sys::raw::{check, syscall};

/// Sent to who writes into a pipe that nobody reads.
const SIGPIPE: u64 = 1 << (libc::SIGPIPE - 1);
/// Sent to who writes beyond the limit on the size of files.
const SIGXFSZ: u64 = 1 << (libc::SIGXFSZ - 1);

fn call(number: i64, args: [i64; 6]) -> Result<i64, i32> {
    // SAFETY: every caller below passes addresses of values that live until the call returns, in the sizes it names.
    check(unsafe { syscall(number, args) }).map(u64::cast_signed)
}

/// Opens the file whose path, ending in a zero byte, is in `path`.
pub(super) fn open(path: &[AtomicU8], flags: i32, mode: u32) -> Result<i32, i32> {
    let args = [i64::from(libc::AT_FDCWD), path.as_ptr() as i64, i64::from(flags), i64::from(mode), 0, 0];
    call(libc::SYS_openat, args).map(|fd| fd as i32)
}

pub(super) fn close(fd: i32) {
    // Whatever it answers, the descriptor is gone.
    let _ = call(libc::SYS_close, [i64::from(fd), 0, 0, 0, 0, 0]);
}

/// Another descriptor for the same open file, not below `least`, closed on exec.
pub(super) fn duplicate(fd: i32, least: i32) -> Result<i32, i32> {
    let args = [i64::from(fd), i64::from(libc::F_DUPFD_CLOEXEC), i64::from(least), 0, 0, 0];
    call(libc::SYS_fcntl, args).map(|fd| fd as i32)
}

pub(super) fn write(fd: i32, bytes: &[u8]) -> Result<usize, i32> {
    let args = [i64::from(fd), bytes.as_ptr() as i64, bytes.len() as i64, 0, 0, 0];
    call(libc::SYS_write, args).map(|count| count as usize)
}

/// Writes without ever leaving a `SIGPIPE` or `SIGXFSZ` behind, at the price of a few calls more.
///
/// All signals are blocked meanwhile: a handler that leaves by `longjmp` would otherwise keep these blocked for good.
pub(crate) fn write_quietly(fd: i32, bytes: &[u8]) -> Result<usize, i32> {
    let (all, none) = (u64::MAX, 0_u64);
    let (mut before, mut pending) = (none, none);
    let set = &raw const all as i64;
    call(libc::SYS_rt_sigprocmask, [i64::from(libc::SIG_BLOCK), set, &raw mut before as i64, SIGSET_SIZE, 0, 0])?;
    if call(libc::SYS_rt_sigpending, [&raw mut pending as i64, SIGSET_SIZE, 0, 0, 0, 0]).is_err() {
        pending = all;
    }
    let result = write(fd, bytes);
    let sent = match result {
        Err(libc::EPIPE) => SIGPIPE,
        Err(libc::EFBIG) => SIGXFSZ,
        _ => none,
    };
    // One that was pending before is the program's.
    if sent & !pending != 0 {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let args = [&raw const sent as i64, 0, &raw const now as i64, SIGSET_SIZE, 0, 0];
        let _ = call(libc::SYS_rt_sigtimedwait, args);
    }
    let _ =
        call(libc::SYS_rt_sigprocmask, [i64::from(libc::SIG_SETMASK), &raw const before as i64, 0, SIGSET_SIZE, 0, 0]);
    result
}

/// Asks the kernel not to send `SIGPIPE` (include/uapi/linux/fs.h). It knows how since 6.18.
const RWF_NOSIGNAL: i64 = 0x100;

/// Writes into a pipe without leaving a `SIGPIPE` behind: by one call where the kernel knows how.
pub(super) fn write_to_pipe(fd: i32, bytes: &[u8]) -> Result<usize, i32> {
    static KNOWS_HOW: AtomicBool = AtomicBool::new(true);
    if !KNOWS_HOW.load(Relaxed) {
        return write_quietly(fd, bytes);
    }
    let vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // Not at an offset: -1.
    let written = call(libc::SYS_pwritev2, [i64::from(fd), &raw const vector as i64, 1, -1, -1, RWF_NOSIGNAL]);
    if let Err(libc::EOPNOTSUPP | libc::EINVAL | libc::ENOSYS | libc::EPERM) = written {
        KNOWS_HOW.store(false, Relaxed);
        return write_quietly(fd, bytes);
    }
    written.map(|count| count as usize)
}

/// Waits until something can be written, but not longer.
pub(super) fn wait_for_room(fd: i32, milliseconds: i32) {
    let mut entry = libc::pollfd { fd, events: libc::POLLOUT, revents: 0 };
    let _ = call(libc::SYS_poll, [&raw mut entry as i64, 1, i64::from(milliseconds), 0, 0, 0]);
}

/// Whether the descriptor is one end of a pipe.
pub(super) fn is_pipe(fd: i32) -> bool {
    let mut status = core::mem::MaybeUninit::<libc::stat>::uninit();
    if call(libc::SYS_fstat, [i64::from(fd), status.as_mut_ptr() as i64, 0, 0, 0, 0]).is_err() {
        return false;
    }
    // SAFETY: `fstat` succeeded and has filled it; libc's `struct stat` is the kernel's on x86-64.
    let mode = unsafe { status.assume_init() }.st_mode;
    mode & libc::S_IFMT == libc::S_IFIFO
}

/// Duplicates a descriptor to one above the limit, which is raised by `room` for the moment. What is open stays open, and can be
/// used, whatever the limit becomes (kernel/fs/file.c looks at it only when a descriptor is made). `None` if the kernel refuses:
/// the hard limit is reached and the process may not raise it.
pub(super) fn duplicate_above_limit(fd: i32, room: u64) -> Option<i32> {
    let mut before = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    let limits = |new: *const libc::rlimit64, old: *mut libc::rlimit64| {
        call(libc::SYS_prlimit64, [0, libc::RLIMIT_NOFILE as i64, new as i64, old as i64, 0, 0]).ok()
    };
    limits(core::ptr::null(), &raw mut before)?;
    let current = before.rlim_cur.checked_add(room)?;
    let raised = libc::rlimit64 { rlim_cur: current, rlim_max: before.rlim_max.max(current) };
    limits(&raw const raised, core::ptr::null_mut())?;
    let duplicate = duplicate(fd, i32::try_from(before.rlim_cur).unwrap_or(i32::MAX));
    limits(&raw const before, core::ptr::null_mut());
    duplicate.ok()
}

/// Whether there is a limit on the size of files.
pub(super) fn limits_files() -> bool {
    call::limit(libc::RLIMIT_FSIZE).is_some_and(|limit| limit != libc::RLIM64_INFINITY)
}

/// Writes the path of the working directory and a zero byte; returns its length without that byte.
pub(super) fn working_directory(path: &[AtomicU8]) -> Option<usize> {
    let args = [path.as_ptr() as i64, path.len() as i64, 0, 0, 0, 0];
    // The kernel writes into memory of the right size, and atomics may be written behind a shared reference.
    usize::try_from(call(libc::SYS_getcwd, args).ok()?).ok()?.checked_sub(1)
}

/// Whether the calling thread is under a seccomp filter, or may be.
pub(in crate::log) fn is_filtered() -> bool {
    call(libc::SYS_prctl, [i64::from(libc::PR_GET_SECCOMP), 0, 0, 0, 0, 0]) != Ok(0)
}

pub(super) fn process() -> u64 {
    call(libc::SYS_getpid, [0; 6]).map_or(0, i64::cast_unsigned)
}

/// The calling thread; for the first thread of a process the same as the process.
pub(in crate::log) fn thread() -> i64 {
    call(libc::SYS_gettid, [0; 6]).unwrap_or(0)
}
