//! Calls that are many calls: `fcntl` and `ioctl`.

use super::super::Style;
use super::super::form::{
    files::{FOUND_LOCK, LOCK},
    processes::INT,
    terminals::{TERMIOS, WINDOW},
};
use super::super::line::Line;
use super::super::memory;
use super::super::names::files::{FCNTL, FCNTL_DROP_IN, FD, IOCTL, LOCK_DROP_IN, SEALS, WHENCE};
use super::super::numbers::{self, int, low};
use super::{Context, Shown, open, sets};

pub(super) fn fcntl(line: &mut Line, style: Style, command: i64) {
    match style {
        Style::Trace => sets::name(line, style, low(command), FCNTL),
        Style::DropIn => {
            line.signed(i64::from(int(command)));
            line.text(" (");
            line.text(FCNTL_DROP_IN.name_of(low(command)).unwrap_or("unknown"));
            line.text(")");
        }
    }
}

/// What follows the command at the index before.
pub(super) fn fcntl_argument(line: &mut Line, context: &Context, index: usize) -> Shown {
    let command = int(context.argument(index.saturating_sub(1)));
    let value = context.argument(index);
    let takes_lock = matches!(
        command,
        libc::F_GETLK | libc::F_SETLK | libc::F_SETLKW | libc::F_OFD_GETLK | libc::F_OFD_SETLK | libc::F_OFD_SETLKW
    );
    match (context.style, command) {
        (Style::DropIn, _) if takes_lock => lock(line, context, value.cast_unsigned()),
        (Style::DropIn, _) => numbers::hex(line, Style::DropIn, value.cast_unsigned()),
        (Style::Trace, libc::F_GETLK | libc::F_OFD_GETLK) => context.filled(line, value, &FOUND_LOCK),
        (Style::Trace, _) if takes_lock => context.given(line, value, &LOCK),
        (Style::Trace, command) => match command {
            libc::F_GETFD
            | libc::F_GETFL
            | libc::F_GETOWN
            | libc::F_GETLEASE
            | libc::F_GETPIPE_SZ
            | libc::F_GET_SEALS => return Shown::NoneLeft,
            libc::F_SETFD => sets::flags(line, Style::Trace, low(value), FD, false),
            libc::F_SETFL => open::flags(line, Style::Trace, value),
            libc::F_DUPFD | libc::F_DUPFD_CLOEXEC | libc::F_SETOWN | libc::F_SETPIPE_SZ => {
                line.signed(i64::from(int(value)));
            }
            libc::F_ADD_SEALS => sets::flags(line, Style::Trace, low(value), SEALS, false),
            _ => numbers::hex(line, Style::Trace, value.cast_unsigned()),
        },
    }
    Shown::Yes
}

/// What a successful `fcntl` returned, in a trace.
pub(in crate::log) fn fcntl_result(line: &mut Line, command: i64, value: i64) {
    let command = int(command);
    if !matches!(command, libc::F_GETFD | libc::F_GETFL | libc::F_GET_SEALS) {
        return line.signed(value);
    }
    numbers::hex(line, Style::Trace, low(value));
    if value == 0 && command != libc::F_GETFL {
        return;
    }
    line.text(if command == libc::F_GET_SEALS { " (seals " } else { " (flags " });
    match command {
        libc::F_GETFD => sets::flags(line, Style::Trace, low(value), FD, false),
        libc::F_GETFL => open::flags(line, Style::Trace, value),
        _ => sets::flags(line, Style::Trace, low(value), SEALS, false),
    }
    line.text(")");
}

/// A `struct flock` as the original shows it, before and after the call alike.
fn lock(line: &mut Line, context: &Context, address: u64) {
    numbers::pointer(line, Style::DropIn, address);
    // l_type and l_whence are 16 bits wide, l_start and l_len 64 and aligned, l_pid 32.
    let at = |offset: u64| address.wrapping_add(offset);
    let short = |offset| memory::array(context.memory, at(offset)).map(|bytes| i64::from(i16::from_ne_bytes(bytes)));
    let long = |offset| memory::array(context.memory, at(offset)).map(i64::from_ne_bytes);
    let (Some(kind), Some(whence), Some(start), Some(len)) = (short(0), short(2), long(8), long(16)) else { return };
    let Some(pid) = memory::array(context.memory, at(24)).map(i32::from_ne_bytes) else { return };

    line.text(" ({.l_type = ");
    line.signed(kind);
    line.text(" (");
    sets::flags(line, Style::DropIn, kind.cast_unsigned(), LOCK_DROP_IN, false);
    line.text("), .l_whence = ");
    line.signed(whence);
    line.text(" (");
    sets::name(line, Style::DropIn, whence.cast_unsigned(), WHENCE);
    line.text("), .l_start = ");
    line.signed(start);
    line.text(", .l_len = ");
    line.signed(len);
    line.text(", .l_pid = ");
    line.signed(i64::from(pid));
    line.text("})");
}

/// What an `ioctl` with the command before it reads or writes.
pub(super) fn ioctl_argument(line: &mut Line, context: &Context, index: usize) {
    let command = low(context.argument(index.saturating_sub(1)));
    let value = context.argument(index);
    match command {
        libc::TCGETS => context.filled(line, value, &TERMIOS),
        libc::TCSETS | libc::TCSETSW | libc::TCSETSF => context.given(line, value, &TERMIOS),
        libc::TIOCGWINSZ => context.filled(line, value, &WINDOW),
        libc::TIOCSWINSZ => context.given(line, value, &WINDOW),
        libc::FIONREAD | libc::TIOCOUTQ | libc::TIOCGPGRP | libc::TIOCGSID | libc::TIOCGPTN => {
            context.filled(line, value, &INT);
        }
        libc::TIOCSPGRP | libc::FIONBIO | libc::FIOASYNC | libc::TIOCSPTLCK => context.given(line, value, &INT),
        libc::TCSBRK | libc::TCXONC | libc::TCFLSH | libc::TIOCSCTTY => line.signed(value),
        _ => numbers::pointer(line, context.style, value.cast_unsigned()),
    }
}

/// By name, or taken apart as `_IOC` of `asm-generic/ioctl.h` put it together.
pub(super) fn ioctl(line: &mut Line, style: Style, command: u64) {
    if let Some(name) = IOCTL.name_of(command) {
        return line.text(name);
    }
    if style == Style::DropIn {
        return numbers::hex(line, style, command);
    }
    line.text("_IOC(");
    line.text(match command >> 30 {
        0 => "_IOC_NONE",
        1 => "_IOC_WRITE",
        2 => "_IOC_READ",
        _ => "_IOC_READ|_IOC_WRITE",
    });
    for part in [command >> 8 & 0xff, command & 0xff, command >> 16 & 0x3fff] {
        line.text(", ");
        numbers::hex(line, style, part);
    }
    line.text(")");
}
