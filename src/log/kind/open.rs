//! How a file is to be opened.

use super::super::Style;
use super::super::line::Line;
use super::super::names::files;
use super::super::numbers::{int, low};
use super::sets;

/// Whether the flags create a file, so that permissions follow them.
pub(super) fn creates(flags: i64) -> bool {
    let flags = int(flags);
    flags & libc::O_CREAT != 0 || flags & libc::O_TMPFILE == libc::O_TMPFILE
}

pub(in crate::log) fn flags(line: &mut Line, style: Style, value: i64) {
    let access = match int(value) & libc::O_ACCMODE {
        libc::O_RDONLY => Some("O_RDONLY"),
        libc::O_WRONLY => Some("O_WRONLY"),
        libc::O_RDWR => Some("O_RDWR"),
        // 3: permission to read and write is checked, but neither is possible.
        _ if style == Style::Trace => Some("O_ACCMODE"),
        _ => None,
    };
    line.text(access.unwrap_or_default());
    let rest = low(value) & !(libc::O_ACCMODE as u64);
    if rest == 0 && access.is_some() {
        return;
    }
    match style {
        Style::Trace => sets::flags(line, style, rest, files::OPEN, true),
        Style::DropIn => drop_in(line, rest, access.is_some()),
    }
}

fn drop_in(line: &mut Line, mut rest: u64, mut listed: bool) {
    const TMPFILE: u64 = libc::O_TMPFILE as u64;
    // Contains `O_DIRECTORY`, which must not be listed by itself then.
    if rest & TMPFILE == TMPFILE {
        line.text(if listed { " | O_TMPFILE" } else { "O_TMPFILE" });
        rest &= !TMPFILE;
        listed = true;
    }
    // An `int` until here, and widened as one.
    let rest = i64::from(rest as i32).cast_unsigned();
    sets::flags(line, Style::DropIn, rest, files::OPEN_DROP_IN, listed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(style: Style, value: i32) -> String {
        let mut line = Line::new();
        flags(&mut line, style, i64::from(value));
        String::from_utf8(line.as_bytes().to_vec()).expect("ASCII")
    }

    #[test]
    fn reading_is_the_default() {
        for style in [Style::DropIn, Style::Trace] {
            assert_eq!(spelled(style, 0), "O_RDONLY");
        }
    }

    #[test]
    fn the_drop_in_format_splits_synchronous_writing() {
        assert_eq!(spelled(Style::DropIn, libc::O_RDWR | libc::O_SYNC), "O_RDWR | O_DSYNC | O_RSYNC");
        assert_eq!(spelled(Style::DropIn, libc::O_DIRECT), "O_RDONLY | 0x4000");
        assert_eq!(spelled(Style::DropIn, 3), "0");
    }

    #[test]
    fn traces_list_flags_as_strace_does() {
        let flags = libc::O_DIRECTORY | libc::O_CLOEXEC | libc::O_NONBLOCK;
        assert_eq!(spelled(Style::Trace, flags), "O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY");
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_SYNC | i32::MIN;
        assert_eq!(spelled(Style::Trace, flags), "O_RDWR|O_CREAT|O_SYNC|0x80000000");
    }

    #[test]
    fn temporary_files_are_not_directories() {
        let flags = libc::O_RDWR | libc::O_TMPFILE;
        assert_eq!(spelled(Style::DropIn, flags), "O_RDWR | O_TMPFILE");
        assert_eq!(spelled(Style::Trace, flags), "O_RDWR|O_TMPFILE");
        assert!(creates(i64::from(flags)) && !creates(i64::from(libc::O_DIRECTORY)));
    }
}
