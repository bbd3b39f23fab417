//! Numbers, as each style spells them.

use super::Style;
use super::line::Line;

/// An address.
pub(super) fn pointer(line: &mut Line, style: Style, address: u64) {
    match (style, address) {
        (Style::DropIn, 0) => line.text("(null)"),
        (Style::DropIn, _) => line.hex(address, 16),
        (Style::Trace, 0) => line.text("NULL"),
        (Style::Trace, _) => line.hex(address, 1),
    }
}

/// A word in hexadecimal; a trace has no prefix before a zero, as C's `%#lx`.
pub(super) fn hex(line: &mut Line, style: Style, value: u64) {
    match (style, value) {
        (Style::Trace, 0) => line.byte(b'0'),
        _ => line.hex(value, 1),
    }
}

/// The permissions of a file.
pub(super) fn mode(line: &mut Line, style: Style, mode: u64) {
    match style {
        // A zero, then all 64 bits of the register: `00` for none, which existing logs have.
        Style::DropIn => {
            line.byte(b'0');
            line.digits::<8>(mode, 1);
        }
        // C's `%#03o` of a `umode_t`: at least three digits, the first a zero.
        Style::Trace => {
            let mode = mode & 0xffff;
            if mode > 0o77 {
                line.byte(b'0');
            }
            line.digits::<8>(mode, 3);
        }
    }
}

/// The low half of a register, as an `int`.
///
/// Whoever makes a call may leave anything in the upper half, and glibc sign-extends in one function but not in the next.
pub(super) fn int(value: i64) -> i32 {
    value as i32
}

/// The low half of a register, as an `unsigned int`.
pub(super) fn low(value: i64) -> u64 {
    u64::from(value as u32)
}

#[cfg(test)]
mod tests {
    use super::super::line::spelled;
    use super::*;

    #[test]
    fn modes_are_octal() {
        assert_eq!([0, 0o7, 0o77, 0o644].map(|m| spelled(|l| mode(l, Style::Trace, m))), ["000", "007", "077", "0644"]);
        assert_eq!([0, 0o7, 0o644].map(|m| spelled(|l| mode(l, Style::DropIn, m))), ["00", "07", "0644"]);
    }

    #[test]
    fn no_pointer_is_a_word() {
        assert_eq!(spelled(|l| pointer(l, Style::DropIn, 0)), "(null)");
        assert_eq!(spelled(|l| pointer(l, Style::Trace, 0)), "NULL");
    }
}
