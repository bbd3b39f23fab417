//! Flags joined by bars, and numbers that have names.

use super::super::Style;
use super::super::line::Line;
use super::super::names::Set;
use super::super::numbers;

/// Writes the flags in `value` by name, and what is left as a number.
///
/// Continues a list if `listed` says that something stands before.
pub(in crate::log) fn flags(line: &mut Line, style: Style, value: u64, set: Set, mut listed: bool) {
    let bar = match style {
        Style::DropIn => " | ",
        Style::Trace => "|",
    };
    let mut rest = value;
    let mut named = listed;
    for member in set.members() {
        let flag = member.value();
        let present = match style {
            // The original asks for any common bit. It shows where flags overlap: `O_SYNC` prints as `O_DSYNC | O_RSYNC`.
            Style::DropIn => rest & flag != 0,
            Style::Trace => flag != 0 && rest & flag == flag,
        };
        if present {
            if core::mem::replace(&mut listed, true) {
                line.text(bar);
            }
            line.text(member.name());
            rest &= !flag;
            named = true;
        }
    }
    if rest != 0 {
        if listed {
            line.text(bar);
        }
        line.hex(rest, 1);
        if style == Style::Trace && !named {
            unknown(line, set);
        }
    } else if !listed {
        line.text(set.zero());
    }
}

/// Writes the name of `value`, or the value.
pub(in crate::log) fn name(line: &mut Line, style: Style, value: u64, set: Set) {
    match set.name_of(value) {
        Some(name) => line.text(name),
        None => {
            numbers::hex(line, style, value);
            if style == Style::Trace {
                unknown(line, set);
            }
        }
    }
}

/// The comment that strace adds to a number it has no name for.
fn unknown(line: &mut Line, set: Set) {
    line.text(" /* ");
    line.text(set.unknown());
    line.text(" */");
}

#[cfg(test)]
mod tests {
    use super::super::super::names::sample::SAMPLE;
    use super::*;

    fn spelled(style: Style, value: u64) -> String {
        let mut line = Line::new();
        flags(&mut line, style, value, SAMPLE, false);
        String::from_utf8(line.as_bytes().to_vec()).expect("ASCII")
    }

    #[test]
    fn traces_name_flags_that_are_there_in_full() {
        assert_eq!(
            [0, 1, 2, 7, 0x101].map(|v| spelled(Style::Trace, v)),
            ["NONE", "ONE", "TWO", "ONE|SIX", "ONE|0x100"]
        );
        assert_eq!(spelled(Style::Trace, 0x100), "0x100 /* S_??? */");
    }

    #[test]
    fn the_drop_in_format_names_flags_that_are_there_in_part() {
        assert_eq!(
            [0, 1, 2, 3, 0x101].map(|v| spelled(Style::DropIn, v)),
            ["NONE", "ONE", "SIX", "ONE | SIX", "ONE | 0x100"]
        );
    }
}
