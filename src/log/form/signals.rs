//! Sets of signals, and what is to be done about one.

use super::super::kind::signal_name;
use super::super::line::Line;
use super::super::{Style, numbers};
use super::show::number;

/// From here on a set is shown by what is not in it, as strace does.
const MOST: u32 = 64 * 2 / 3;

/// Writes a set of signals: `[INT USR1]`, or `~[INT USR1]` for all but these.
pub(in crate::log) fn set(line: &mut Line, mut signals: u64) {
    if signals.count_ones() >= MOST {
        line.byte(b'~');
        signals = !signals;
    }
    line.byte(b'[');
    let mut listed = false;
    for number in (1..=64).filter(|number| signals >> (number - 1) & 1 != 0) {
        if core::mem::replace(&mut listed, true) {
            line.byte(b' ');
        }
        signal_name(line, number, false);
    }
    line.byte(b']');
}

/// What becomes of a signal: nothing, the usual, or a call of a function.
pub(super) fn handler(line: &mut Line, bytes: &[u8]) {
    match number(bytes, 8) {
        0 => line.text("SIG_DFL"),
        1 => line.text("SIG_IGN"),
        address => numbers::pointer(line, Style::Trace, address),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::line::spelled;
    use super::*;

    #[test]
    fn sets_are_listed_by_what_is_rarer() {
        let both = 1 << 1 | 1 << 9;
        assert_eq!(
            [0, both, !both, u64::MAX, 1 << 31 | 1 << 63].map(|signals| spelled(|line| set(line, signals))),
            ["[]", "[INT USR1]", "~[INT USR1]", "~[]", "[RTMIN RT_32]"]
        );
    }
}
