//! Files and file systems.

use super::super::Style;
use super::super::kind::open;
use super::super::line::Line;
use super::super::names::files::*;
use super::Form::{self, *};
use super::show::number;
use super::stat;
use super::structures;

pub(in crate::log) const STAT: Form =
    Either { abridged: &Special(super::MOST, stat::abridged), whole: &Special(super::MOST, stat::whole) };
pub(in crate::log) const STATX: Form = Either { abridged: &STATX_ABRIDGED, whole: &Special(152, stat::extended) };

structures! {
    /// From `linux/stat.h`.
    STATX_ABRIDGED, Abridged: stx_mask @ 0 Flags(4, STATX_MASK), stx_attributes @ 8 Flags(8, STATX_ATTRIBUTES), stx_mode @ 28 FileMode(2),
        stx_size @ 40 Unsigned(8);
    STATFS, Structure: f_type @ 0 Name(8, FILE_SYSTEM), f_bsize @ 8 Unsigned(8), f_blocks @ 16 Unsigned(8),
        f_bfree @ 24 Unsigned(8), f_bavail @ 32 Unsigned(8), f_files @ 40 Unsigned(8), f_ffree @ 48 Unsigned(8),
        f_fsid @ 56 FSID, f_namelen @ 64 Unsigned(8), f_frsize @ 72 Unsigned(8), f_flags @ 80 Flags(8, STATFS_FLAGS);
    FSID, Structure: val @ 0 Array(2, &Hex(4));
    LOCK, Structure: l_type @ 0 Name(2, LOCK_TYPE), l_whence @ 2 Name(2, WHENCE), l_start @ 8 Signed(8), l_len @ 16 Signed(8);
    /// With the process that has the lock.
    FOUND_LOCK, Structure: l_type @ 0 Name(2, LOCK_TYPE), l_whence @ 2 Name(2, WHENCE), l_start @ 8 Signed(8),
        l_len @ 16 Signed(8), l_pid @ 24 Signed(4);
    EPOLL_EVENT, Structure: events @ 0 Flags(4, EPOLL), data @ 4 EPOLL_DATA;
    /// A union: strace shows both of its members.
    EPOLL_DATA, Structure: u32 @ 0 Unsigned(4), u64 @ 0 Unsigned(8);
    OPEN_HOW, Structure: flags @ 0 Special(8, open_flags), mode @ 8 FileMode(8), resolve @ 16 Flags(8, RESOLVE);
}

pub(in crate::log) const OFFSET: Form = Boxed(&Signed(8));

fn open_flags(line: &mut Line, bytes: &[u8]) {
    open::flags(line, Style::Trace, number(bytes, 8).cast_signed());
}
