//! Writing bytes in a form. What is too short for its form is read as if zeros followed.

use super::super::kind::{modes, sets};
use super::super::line::Line;
use super::super::{Style, numbers};
use super::{Field, Form, signals};

/// Writes bytes in a form.
pub(in crate::log) fn show(line: &mut Line, form: &Form, bytes: &[u8]) {
    let whole = || number(bytes, form.size());
    match *form {
        Form::Signed(size) => line.signed(widen(whole(), size)),
        Form::Unsigned(_) => line.unsigned(whole()),
        Form::Hex(_) => numbers::hex(line, Style::Trace, whole()),
        Form::Pointer => numbers::pointer(line, Style::Trace, whole()),
        Form::FileMode(_) => modes::node(line, Style::Trace, whole() & 0xffff),
        Form::Flags(_, set) => sets::flags(line, Style::Trace, whole(), set, false),
        Form::Name(_, set) => sets::name(line, Style::Trace, whole(), set),
        Form::Limit => limit(line, whole()),
        Form::Signals => signals::set(line, whole()),
        Form::Text(_) => text(line, bytes),
        Form::Boxed(inner) => {
            line.byte(b'[');
            show(line, inner, bytes);
            line.byte(b']');
        }
        Form::Array(_, inner) => {
            line.byte(b'[');
            for (index, item) in bytes.chunks(inner.size().max(1)).enumerate() {
                if index > 0 {
                    line.text(", ");
                }
                show(line, inner, item);
            }
            line.byte(b']');
        }
        Form::Structure(fields) => structure(line, fields, bytes, "}"),
        Form::Abridged(fields) => structure(line, fields, bytes, ", ...}"),
        Form::Either { abridged, .. } => show(line, abridged, bytes),
        Form::Special(_, shown) => shown(line, bytes),
    }
}

fn structure(line: &mut Line, shown: &[Field], bytes: &[u8], end: &str) {
    fields(line, shown, bytes, "{");
    line.text(end);
}

/// Fields of a structure; this stands before the first one.
pub(super) fn fields(line: &mut Line, fields: &[Field], bytes: &[u8], before: &str) {
    for (index, field) in fields.iter().enumerate() {
        line.text(if index == 0 { before } else { ", " });
        line.text(field.name);
        let rest = bytes.get(field.at..).unwrap_or_default();
        show(line, field.form, rest.get(..field.form.size()).unwrap_or(rest));
    }
}

/// The little-endian number that bytes begin with.
pub(in crate::log) fn number(bytes: &[u8], size: usize) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().zip(bytes.iter().take(size)).for_each(|(place, &byte)| *place = byte);
    u64::from_le_bytes(word)
}

/// A number of so many bytes with its sign.
fn widen(value: u64, size: usize) -> i64 {
    let unused = u64::BITS.saturating_sub(8 * size as u32).min(63);
    (value << unused).cast_signed() >> unused
}

/// As strace does: what is so many KiB is said in KiB.
fn limit(line: &mut Line, value: u64) {
    match value {
        u64::MAX => line.text("RLIM64_INFINITY"),
        _ if value > 1024 && value.is_multiple_of(1024) => {
            line.unsigned(value / 1024);
            line.text("*1024");
        }
        _ => line.unsigned(value),
    }
}

fn text(line: &mut Line, bytes: &[u8]) {
    quoted(line, bytes.split(|&byte| byte == 0).next().unwrap_or_default());
}

/// Bytes in quotation marks, with three octal digits for each that cannot be printed.
pub(in crate::log) fn quoted(line: &mut Line, bytes: &[u8]) {
    line.byte(b'"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                line.byte(b'\\');
                line.byte(byte);
            }
            b' '..=b'~' => line.byte(byte),
            _ => {
                line.byte(b'\\');
                line.digits::<8>(u64::from(byte), 3);
            }
        }
    }
    line.byte(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::super::line::spelled;
    use super::*;

    #[test]
    fn numbers_have_the_sign_and_the_size_they_are_given() {
        let bytes = [0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0];
        let forms = [Form::Signed(2), Form::Signed(4), Form::Signed(8), Form::Unsigned(4), Form::Hex(1)];
        let shown = forms.map(|form| spelled(|line| show(line, &form, &bytes)));
        assert_eq!(shown, ["-2", "-2", "8589934590", "4294967294", "0xfe"]);
    }

    #[test]
    fn limits_are_said_in_units_where_they_have_one() {
        let shown = [0, 1024, 1025, 8 << 20, u64::MAX].map(|value| spelled(|line| limit(line, value)));
        assert_eq!(shown, ["0", "1024", "1025", "8192*1024", "RLIM64_INFINITY"]);
    }
}
