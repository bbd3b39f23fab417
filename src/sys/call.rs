//! The few calls the library makes for itself, with types.
#![allow(unsafe_code, reason = "system calls that take addresses")]

use std::ffi::CStr;

use super::raw::{check, syscall};

/// An errno.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let errno = syscalls::Errno::new(self.0);
        match (errno.name(), errno.description()) {
            (Some(name), Some(description)) => write!(f, "{name} ({description})"),
            _ => write!(f, "errno {}", self.0),
        }
    }
}

fn call(number: i64, args: [i64; 6]) -> Result<u64, Errno> {
    // SAFETY: private to this file, whose functions pass buffers they have borrowed and calls that return normally.
    check(unsafe { syscall(number, args) }).map_err(Errno)
}

/// Opens a file; the descriptor is closed on exec.
pub(crate) fn open(path: &CStr, flags: i32) -> Result<i32, Errno> {
    let flags = i64::from(flags | libc::O_CLOEXEC);
    let fd = call(libc::SYS_openat, [i64::from(libc::AT_FDCWD), path.as_ptr() as i64, flags, 0, 0, 0])?;
    Ok(fd as i32)
}

/// Another descriptor for the same open file, not below `least`.
pub(crate) fn duplicate(fd: i32, least: i32, closed_on_exec: bool) -> Result<i32, Errno> {
    let command = if closed_on_exec { libc::F_DUPFD_CLOEXEC } else { libc::F_DUPFD };
    Ok(call(libc::SYS_fcntl, [fd.into(), command.into(), least.into(), 0, 0, 0])? as i32)
}

/// A descriptor is no longer closed on exec.
pub(crate) fn keep_on_exec(fd: i32) {
    let _ = call(libc::SYS_fcntl, [fd.into(), libc::F_SETFD.into(), 0, 0, 0, 0]);
}

/// Whether what such flags open a file for may be done through a descriptor.
pub(crate) fn is_open_for(fd: i32, flags: i32) -> bool {
    let found = call(libc::SYS_fcntl, [fd.into(), libc::F_GETFL.into(), 0, 0, 0, 0]);
    found.is_ok_and(|found| {
        let mode = found as i32 & (libc::O_ACCMODE | libc::O_PATH);
        mode == flags & libc::O_ACCMODE || mode == libc::O_RDWR
    })
}

/// Whether a descriptor goes to the next program.
pub(crate) fn is_kept_on_exec(fd: i32) -> bool {
    call(libc::SYS_fcntl, [fd.into(), libc::F_GETFD.into(), 0, 0, 0, 0]) == Ok(0)
}

/// What the process may have of a resource at present. `None` from a kernel that does not say.
pub(crate) fn limit(resource: u32) -> Option<u64> {
    let mut limit = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    let args = [0, resource.into(), 0, &raw mut limit as i64, 0, 0];
    call(libc::SYS_prlimit64, args).ok().map(|_| limit.rlim_cur)
}

/// How many descriptors the process may have open.
pub(crate) fn descriptor_limit() -> u64 {
    limit(libc::RLIMIT_NOFILE).unwrap_or(0)
}

/// What there is to know of an open file.
pub(crate) fn status(fd: i32) -> Result<libc::stat, Errno> {
    status_by(libc::SYS_fstat, |status| [fd.into(), status, 0, 0, 0, 0])
}

/// What there is to know of the file a path leads to.
pub(crate) fn status_at(path: &CStr) -> Result<libc::stat, Errno> {
    status_by(libc::SYS_stat, |status| [path.as_ptr() as i64, status, 0, 0, 0, 0])
}

fn status_by(number: i64, args: impl Fn(i64) -> [i64; 6]) -> Result<libc::stat, Errno> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::uninit();
    call(number, args(status.as_mut_ptr() as i64))?;
    // SAFETY: the kernel has filled it; libc's `struct stat` is the kernel's on x86-64.
    Ok(unsafe { status.assume_init() })
}

/// Closes a descriptor this library opened.
pub(crate) fn close(fd: i32) {
    let _ = call(libc::SYS_close, [i64::from(fd), 0, 0, 0, 0, 0]);
}

/// Reads from a file; may read less than there is room for.
pub(crate) fn read(fd: i32, bytes: &mut [u8]) -> Result<usize, Errno> {
    Ok(call(libc::SYS_read, [fd.into(), bytes.as_mut_ptr() as i64, bytes.len() as i64, 0, 0, 0])? as usize)
}

/// Reads from a file at an offset; may read less than there is room for.
pub(crate) fn read_at(fd: i32, bytes: &mut [u8], offset: u64) -> Result<usize, Errno> {
    let args = [i64::from(fd), bytes.as_mut_ptr() as i64, bytes.len() as i64, offset.cast_signed(), 0, 0];
    Ok(call(libc::SYS_pread64, args)? as usize)
}

/// Writes to a file at an offset; may write less than asked.
pub(crate) fn pwrite(fd: i32, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
    let args = [i64::from(fd), bytes.as_ptr() as i64, bytes.len() as i64, offset.cast_signed(), 0, 0];
    Ok(call(libc::SYS_pwrite64, args)? as usize)
}

/// Maps fresh private memory, readable and writable, at exactly this address; fails if anything is mapped there.
pub(crate) fn map_at(address: u64, length: usize) -> Result<(), Errno> {
    let protection = i64::from(libc::PROT_READ | libc::PROT_WRITE);
    let flags = i64::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE);
    let mapped = call(libc::SYS_mmap, [address.cast_signed(), length as i64, protection, flags, -1, 0])?;
    if mapped == address {
        return Ok(());
    }
    // Kernels before 4.17 do not know MAP_FIXED_NOREPLACE and take the address for a hint.
    // SAFETY: the mapping was made two lines above and nobody knows it yet.
    unsafe { unmap(mapped, length) };
    Err(Errno(libc::EEXIST))
}

/// Maps a part of a file, readable and executable, over whatever is at an address.
///
/// # Safety
///
/// Nobody needs what was there, or finds it in the file.
pub(crate) unsafe fn map_file_over(address: u64, length: usize, fd: i32, offset: u64) -> Result<(), Errno> {
    let protection = i64::from(libc::PROT_READ | libc::PROT_EXEC);
    let flags = i64::from(libc::MAP_PRIVATE | libc::MAP_FIXED);
    let args = [address.cast_signed(), length as i64, protection, flags, fd.into(), offset.cast_signed()];
    call(libc::SYS_mmap, args).map(drop)
}

/// Maps a file, readable and writable, for everybody who maps it to see.
pub(crate) fn map_shared(fd: i32, length: usize) -> Result<u64, Errno> {
    let protection = i64::from(libc::PROT_READ | libc::PROT_WRITE);
    call(libc::SYS_mmap, [0, length as i64, protection, libc::MAP_SHARED.into(), fd.into(), 0])
}

/// Maps a page of zeroes that is a page of zeroes again in the child of a `fork`, and only there. `None` from a kernel that
/// cannot do that (before 4.14).
pub(crate) fn map_emptied_by_fork() -> Option<u64> {
    const PAGE: usize = 4096;
    let page = map(PAGE).ok()?;
    let emptied = call(libc::SYS_madvise, [page.cast_signed(), PAGE as i64, libc::MADV_WIPEONFORK.into(), 0, 0, 0]);
    if emptied.is_err() {
        // SAFETY: nobody else knows of it.
        unsafe { unmap(page, PAGE) };
    }
    emptied.ok().map(|_| page)
}

/// What can no longer be done to a `memfd`.
pub(crate) fn seals(fd: i32) -> Result<i32, Errno> {
    Ok(call(libc::SYS_fcntl, [fd.into(), libc::F_GET_SEALS.into(), 0, 0, 0, 0])? as i32)
}

/// How long a file is.
pub(crate) fn length(fd: i32) -> Result<usize, Errno> {
    Ok(call(libc::SYS_lseek, [fd.into(), 0, libc::SEEK_END.into(), 0, 0, 0])? as usize)
}

/// Maps fresh private memory, readable and writable, wherever the kernel likes.
pub(crate) fn map(length: usize) -> Result<u64, Errno> {
    let protection = i64::from(libc::PROT_READ | libc::PROT_WRITE);
    let flags = i64::from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    call(libc::SYS_mmap, [0, length as i64, protection, flags, -1, 0])
}

/// Makes a mapping longer or shorter. Answers where it is now.
///
/// # Safety
///
/// The mapping is the caller's own, and nothing but the answer refers to it.
pub(crate) unsafe fn remap(address: u64, before: usize, after: usize) -> Result<u64, Errno> {
    let flags = i64::from(libc::MREMAP_MAYMOVE);
    call(libc::SYS_mremap, [address.cast_signed(), before as i64, after as i64, flags, 0, 0])
}

/// Unmaps memory.
///
/// # Safety
///
/// The range is the caller's own and nothing refers to it any more.
pub(crate) unsafe fn unmap(address: u64, length: usize) {
    let _ = call(libc::SYS_munmap, [address.cast_signed(), length as i64, 0, 0, 0, 0]);
}

/// Changes the protection of whole pages.
///
/// # Safety
///
/// Nothing that is executed, read or written meanwhile needs the protection that is taken away.
pub(crate) unsafe fn protect(address: u64, length: usize, protection: i32) -> Result<(), Errno> {
    call(libc::SYS_mprotect, [address.cast_signed(), length as i64, i64::from(protection), 0, 0, 0]).map(drop)
}

/// No signal is delivered to this thread while this lives.
#[derive(Debug)]
pub(crate) struct SignalsBlocked {
    /// The mask before.
    before: u64,
}

impl SignalsBlocked {
    pub(crate) fn new() -> Self {
        let (all, mut before) = (u64::MAX, 0);
        set_signal_mask(&raw const all, &raw mut before);
        SignalsBlocked { before }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        set_signal_mask(&raw const self.before, std::ptr::null_mut());
    }
}

fn set_signal_mask(new: *const u64, old: *mut u64) {
    let args = [i64::from(libc::SIG_SETMASK), new as i64, old as i64, size_of::<u64>() as i64, 0, 0];
    let _ = call(libc::SYS_rt_sigprocmask, args);
}

/// Ends the process with all its threads, running nothing.
pub(crate) fn exit_group(status: i32) -> ! {
    loop {
        let _ = call(libc::SYS_exit_group, [i64::from(status), 0, 0, 0, 0, 0]);
    }
}
