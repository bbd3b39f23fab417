//! `struct stat`: devices have a number where files have a size.

use super::super::kind::modes::{self, makedev};
use super::super::line::Line;
use super::show::number;

/// `st_mode`, `st_rdev` and `st_size` in the kernel's structure (arch/x86/include/uapi/asm/stat.h).
const MODE: usize = 24;
const DEVICE: usize = 40;
const SIZE: usize = 48;

pub(super) fn stat(line: &mut Line, bytes: &[u8]) {
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
