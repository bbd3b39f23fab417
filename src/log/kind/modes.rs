//! Permissions with something above them.

use super::super::Style;
use super::super::line::Line;
use super::super::names::{files::NODE, memory::IPC};
use super::super::numbers;
use super::sets;

const FILE_TYPE: u64 = libc::S_IFMT as u64;

/// What kind of file `mknod` makes.
pub(super) fn node(line: &mut Line, style: Style, value: u64) {
    if value & FILE_TYPE != 0 {
        sets::name(line, style, value & FILE_TYPE, NODE);
        line.text("|");
    }
    numbers::mode(line, style, value & !FILE_TYPE);
}

pub(super) fn is_device(mode: u64) -> bool {
    matches!((mode & FILE_TYPE) as libc::mode_t, libc::S_IFCHR | libc::S_IFBLK)
}

/// What `shmget` and its like are to make.
pub(super) fn ipc(line: &mut Line, style: Style, value: u64) {
    const PERMISSIONS: u64 = 0o777;
    if value & !PERMISSIONS != 0 {
        sets::flags(line, style, value & !PERMISSIONS, IPC, false);
        line.text("|");
    }
    numbers::mode(line, style, value & PERMISSIONS);
}
