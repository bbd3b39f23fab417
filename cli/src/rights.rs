//! What the user, the machine and the container allow.
#![allow(unsafe_code, reason = "questions that only libc asks")]

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

/// What gives a program more rights than its user has, so that the dynamic loader trusts no variable (`AT_SECURE`).
pub(crate) fn gained(program: &Path) -> Option<&'static str> {
    let metadata = fs::metadata(program).ok()?;
    // SAFETY: these only ask.
    let (user, group, no_new) =
        unsafe { (libc::getuid(), libc::getgid(), libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0_u64, 0_u64, 0_u64, 0_u64)) };
    if no_new == 1 || is_on_nosuid(program) {
        return None;
    }
    let mode = metadata.mode();
    if mode & libc::S_ISUID != 0 && metadata.uid() != user {
        return Some("setuid");
    }
    // Without the right to execute it the bit once meant mandatory locks: `bprm_fill_uid` of the kernel.
    if mode & libc::S_ISGID != 0 && mode & libc::S_IXGRP != 0 && metadata.gid() != group {
        return Some("setgid");
    }
    // Root has them all already.
    (user != 0 && has_capabilities(program)).then_some("file capabilities")
}

fn is_on_nosuid(program: &Path) -> bool {
    let Ok(path) = CString::new(program.as_os_str().as_bytes()) else { return false };
    let mut answer = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: a C string, and room for the answer.
    let asked = unsafe { libc::statvfs(path.as_ptr(), answer.as_mut_ptr()) };
    // SAFETY: the answer is there.
    asked == 0 && unsafe { answer.assume_init() }.f_flag & libc::ST_NOSUID != 0
}

fn has_capabilities(program: &Path) -> bool {
    let Ok(path) = CString::new(program.as_os_str().as_bytes()) else { return false };
    // SAFETY: C strings; without room for the value only its size is asked for.
    unsafe { libc::getxattr(path.as_ptr(), c"security.capability".as_ptr(), std::ptr::null_mut(), 0) > 0 }
}

/// Whether code can be written through `/proc/self/mem`, although its pages are read-only: tried out, with what is there
/// already.
pub(crate) fn can_write_through_proc() -> std::io::Result<()> {
    static READ_ONLY: [u8; 8] = *b"the same";
    let mem = fs::File::options().write(true).open("/proc/self/mem")?;
    mem.write_all_at(&READ_ONLY, READ_ONLY.as_ptr() as u64)
}

/// Whether memory can be read by `process_vm_readv`, as the log does.
pub(crate) fn can_read_memory() -> std::io::Result<()> {
    let (from, mut to) = (7_u64, 0_u64);
    let part = |base: *mut u64| libc::iovec { iov_base: base.cast(), iov_len: size_of::<u64>() };
    let (local, remote) = (part(&raw mut to), part((&raw const from).cast_mut()));
    // SAFETY: copies one number of this process into another.
    let read = unsafe { libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0) };
    if read < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}
