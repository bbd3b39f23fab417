//! Terminals: `struct termios`, whose flags are partly numbers, and `struct winsize`.

use super::super::Style;
use super::super::kind::sets;
use super::super::line::Line;
use super::super::names::Set;
use super::super::names::terminals::*;
use super::Form::*;
use super::show::number;
use super::structures;

structures! {
    WINDOW, Structure: ws_row @ 0 Unsigned(2), ws_col @ 2 Unsigned(2), ws_xpixel @ 4 Unsigned(2), ws_ypixel @ 6 Unsigned(2);
    TERMIOS, Abridged: c_iflag @ 0 Flags(4, INPUT), c_oflag @ 4 Special(4, output), c_cflag @ 8 Special(4, control),
        c_lflag @ 12 Flags(4, LOCAL);
}

/// Bits that together are a number, and what its values are called.
type Choice = (u64, Set);

fn output(line: &mut Line, bytes: &[u8]) {
    // octal 0400, 03000, 014000, 020000, 040000 and 0100000 (asm-generic/termbits.h).
    let delays = [
        (libc::NLDLY.into(), NEW_LINE),
        (libc::CRDLY.into(), RETURN),
        (libc::TABDLY.into(), TABULATOR),
        (libc::BSDLY.into(), BACKSPACE),
        (libc::VTDLY.into(), VERTICAL),
        (libc::FFDLY.into(), FORM_FEED),
    ];
    modes(line, number(bytes, 4), &delays, OUTPUT);
}

fn control(line: &mut Line, bytes: &[u8]) {
    modes(line, number(bytes, 4), &[(libc::CBAUD.into(), SPEED), (libc::CSIZE.into(), SIZE)], CONTROL);
}

fn modes(line: &mut Line, value: u64, choices: &[Choice], flags: Set) {
    let mut rest = value;
    for (index, &(bits, set)) in choices.iter().enumerate() {
        if index > 0 {
            line.byte(b'|');
        }
        sets::name(line, Style::Trace, value & bits, set);
        rest &= !bits;
    }
    if rest != 0 {
        sets::flags(line, Style::Trace, rest, flags, true);
    }
}
