//! Permissions with something above them.

use super::super::Style;
use super::super::line::Line;
use super::super::names::files::{AT_STATX, NODE, STATX_SYNCHRONISE};
use super::super::names::memory::IPC;
use super::super::numbers;
use super::sets;

const FILE_TYPE: u64 = libc::S_IFMT as u64;

/// What kind of file `mknod` makes.
pub(in crate::log) fn node(line: &mut Line, style: Style, value: u64) {
    if value & FILE_TYPE != 0 {
        sets::name(line, style, value & FILE_TYPE, NODE);
        line.text("|");
    }
    let mut permissions = value & !FILE_TYPE;
    for (bit, name) in [(libc::S_ISUID, "S_ISUID|"), (libc::S_ISGID, "S_ISGID|"), (libc::S_ISVTX, "S_ISVTX|")] {
        let bit = u64::from(bit);
        if style == Style::Trace && permissions & bit != 0 {
            line.text(name);
            permissions &= !bit;
        }
    }
    numbers::mode(line, style, permissions);
}

pub(in crate::log) fn is_device(mode: u64) -> bool {
    matches!((mode & FILE_TYPE) as libc::mode_t, libc::S_IFCHR | libc::S_IFBLK)
}

/// How `statx` is to look a file up. Two of the bits are a number, which strace lists first.
pub(super) fn statx_flags(line: &mut Line, style: Style, value: u64) {
    const SYNCHRONISE: u64 = (libc::AT_STATX_FORCE_SYNC | libc::AT_STATX_DONT_SYNC) as u64;
    if style == Style::DropIn {
        return sets::flags(line, style, value, AT_STATX, false);
    }
    sets::name(line, style, value & SYNCHRONISE, STATX_SYNCHRONISE);
    if value & !SYNCHRONISE != 0 {
        sets::flags(line, style, value & !SYNCHRONISE, AT_STATX, true);
    }
}

/// The number of a device, taken apart as `MAJOR` and `MINOR` of libc do it.
pub(in crate::log) fn makedev(line: &mut Line, device: u64) {
    line.text("makedev(");
    numbers::hex(line, Style::Trace, u64::from(libc::major(device)));
    line.text(", ");
    numbers::hex(line, Style::Trace, u64::from(libc::minor(device)));
    line.text(")");
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
