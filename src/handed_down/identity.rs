//! Which file a file is, whatever path it is found at.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;

use crate::sys::call;

/// Device and inode: the same in all namespaces, and no other file's as long as somebody has the file open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// What a list says of a path. It has entries `PATH=DEVICE:INODE` with spaces between them.
    pub(super) fn of(path: &OsStr, files: &OsStr) -> Option<Identity> {
        let entries = files.as_bytes().split(|&byte| byte == b' ');
        let mut entries = entries.filter_map(|entry| entry.strip_prefix(path.as_bytes())?.strip_prefix(b"="));
        let (device, inode) = std::str::from_utf8(entries.next()?).ok()?.split_once(':')?;
        Some(Identity { device: device.parse().ok()?, inode: inode.parse().ok()? })
    }

    /// Whether a descriptor is of this file.
    pub(super) fn is_of(self, fd: i32) -> bool {
        call::status(fd).is_ok_and(|status| self.is(&status))
    }

    /// Whether a path leads to this file.
    pub(super) fn is_at(self, path: &CStr) -> bool {
        call::status_at(path).is_ok_and(|status| self.is(&status))
    }

    fn is(self, status: &libc::stat) -> bool {
        (status.st_dev, status.st_ino) == (self.device, self.inode)
    }
}
