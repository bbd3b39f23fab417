//! `struct stat`: devices have a number where files have a size.

use super::super::kind::modes::{self, makedev};
use super::super::kind::times;
use super::super::line::Line;
use super::super::names::files::{STATX_ATTRIBUTES, STATX_MASK};
use super::Form::*;
use super::show::{fields, number};
use super::{Field, structures};

/// `st_mode`, `st_rdev` and `st_size` in the kernel's structure (arch/x86/include/uapi/asm/stat.h).
const MODE: usize = 24;
const DEVICE: usize = 40;
const SIZE: usize = 48;

pub(super) fn abridged(line: &mut Line, bytes: &[u8]) {
    let field = |at: usize, size| number(bytes.get(at..).unwrap_or_default(), size);
    let mode = field(MODE, 4);
    line.text("{st_mode=");
    modes::node(line, super::super::Style::Trace, mode);
    if modes::is_device(mode) {
        line.text(", st_rdev=");
        makedev(line, field(DEVICE, 8));
    } else {
        line.text(", st_size=");
        line.signed(field(SIZE, 8).cast_signed());
    }
    line.text(", ...}");
}

structures! {
    FIRST, Structure: st_dev @ 0 Special(8, device), st_ino @ 8 Unsigned(8), st_mode @ 24 FileMode(4), st_nlink @ 16 Unsigned(8),
        st_uid @ 28 Unsigned(4), st_gid @ 32 Unsigned(4), st_blksize @ 56 Signed(8), st_blocks @ 64 Signed(8);
    OF_DEVICE, Structure: st_rdev @ 40 Special(8, device);
    OF_FILE, Structure: st_size @ 48 Signed(8);
    TIMES, Structure: st_atime @ 72 Special(16, seconds), st_atime_nsec @ 80 Unsigned(8), st_mtime @ 88 Special(16, seconds),
        st_mtime_nsec @ 96 Unsigned(8), st_ctime @ 104 Special(16, seconds), st_ctime_nsec @ 112 Unsigned(8);
    /// From `linux/stat.h`, in strace's order.
    EXTENDED, Structure: stx_mask @ 0 Flags(4, STATX_MASK), stx_blksize @ 4 Unsigned(4), stx_attributes @ 8 Flags(8, STATX_ATTRIBUTES),
        stx_nlink @ 16 Unsigned(4), stx_uid @ 20 Unsigned(4), stx_gid @ 24 Unsigned(4), stx_mode @ 28 FileMode(2),
        stx_ino @ 32 Unsigned(8), stx_size @ 40 Unsigned(8), stx_blocks @ 48 Unsigned(8),
        stx_attributes_mask @ 56 Flags(8, STATX_ATTRIBUTES), stx_atime @ 64 Special(12, moment);
    /// Only where it was asked for and is known.
    MADE, Structure: stx_btime @ 80 Special(12, moment);
    CHANGED, Structure: stx_ctime @ 96 Special(12, moment), stx_mtime @ 112 Special(12, moment), stx_rdev_major @ 128 Unsigned(4),
        stx_rdev_minor @ 132 Unsigned(4), stx_dev_major @ 136 Unsigned(4), stx_dev_minor @ 140 Unsigned(4), stx_mnt_id @ 144 Hex(8);
}

const fn of(form: &super::Form) -> &[Field] {
    match form {
        Structure(fields) => fields,
        _ => &[],
    }
}

/// `struct stat`, of which nothing is left out.
pub(super) fn whole(line: &mut Line, bytes: &[u8]) {
    fields(line, of(&FIRST), bytes, "{");
    let mode = number(bytes.get(MODE..).unwrap_or_default(), 4);
    fields(line, of(if modes::is_device(mode) { &OF_DEVICE } else { &OF_FILE }), bytes, ", ");
    fields(line, of(&TIMES), bytes, ", ");
    line.byte(b'}');
}

/// `struct statx`, likewise.
pub(super) fn extended(line: &mut Line, bytes: &[u8]) {
    const STATX_BTIME: u64 = libc::STATX_BTIME as u64;
    fields(line, of(&EXTENDED), bytes, "{");
    if number(bytes, 4) & STATX_BTIME != 0 {
        fields(line, of(&MADE), bytes, ", ");
    }
    fields(line, of(&CHANGED), bytes, ", ");
    line.byte(b'}');
}

fn device(line: &mut Line, bytes: &[u8]) {
    makedev(line, number(bytes, 8));
}

/// A number of seconds, behind which the nanoseconds are, with the date.
fn seconds(line: &mut Line, bytes: &[u8]) {
    let seconds = number(bytes, 8).cast_signed();
    line.signed(seconds);
    times::comment(line, seconds, number(bytes.get(8..).unwrap_or_default(), 8), 9);
}

/// The same as a structure.
fn moment(line: &mut Line, bytes: &[u8]) {
    let (seconds, part) = (number(bytes, 8).cast_signed(), number(bytes.get(8..).unwrap_or_default(), 4));
    line.text("{tv_sec=");
    line.signed(seconds);
    line.text(", tv_nsec=");
    line.unsigned(part);
    line.byte(b'}');
    times::comment(line, seconds, part, 9);
}
