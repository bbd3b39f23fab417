//! Strings and buffers, between quotes.

use super::super::line::Line;
use super::super::memory::{Memory, within_page};
use super::super::{Style, numbers};

/// In the drop-in format a string ends once this many characters stand after the opening quote: the original fills a field
/// of 0x80 characters, less room for the longest escape and the end.
const DROP_IN_CHARACTERS: usize = 0x80 - 6;
/// strace shows paths whole; here two of them have to fit in a line.
const TRACE_PATH_BYTES: usize = 256;

/// What is known of where a text ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At its first zero byte.
    Nul,
    /// At its first zero byte, and it names a file.
    NulOfPath,
    /// After this many bytes.
    Length(u64),
}

/// How the bytes inside a trace's quotes are spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// As characters where they are printable.
    Text,
    /// As characters if all of them are printable, otherwise as `\x..`.
    TextOrRandom,
    /// Always as `\x..`: random bytes.
    Random,
}

/// Writes what is at `address`, or the address itself where that cannot be read.
/// In a trace a text that is no path is cut after `most` bytes.
pub(super) fn quote(
    line: &mut Line,
    style: Style,
    memory: &dyn Memory,
    address: u64,
    end: End,
    most: usize,
    bytes: Bytes,
) {
    if style == Style::Trace {
        let most = if end == End::NulOfPath { most.max(TRACE_PATH_BYTES) } else { most };
        return quote_at_most(line, memory, address, end, most, bytes);
    }
    let mark = line.mark();
    if address == 0 || drop_in(line, &mut Source::new(memory, address, end)).is_err() {
        line.rewind(mark);
        numbers::pointer(line, style, address);
    }
}

/// The same for a trace, with so many bytes at most.
pub(super) fn quote_at_most(line: &mut Line, memory: &dyn Memory, address: u64, end: End, most: usize, bytes: Bytes) {
    let mark = line.mark();
    let bytes = match bytes {
        Bytes::TextOrRandom if has_unprintable(&mut Source::new(memory, address, end), most) => Bytes::Random,
        Bytes::TextOrRandom => Bytes::Text,
        _ => bytes,
    };
    if address == 0 || trace(line, &mut Source::new(memory, address, end), most, bytes).is_err() {
        line.rewind(mark);
        numbers::pointer(line, Style::Trace, address);
    }
}

/// Whether the part of a text that is shown has bytes that `-x` is about.
fn has_unprintable(source: &mut Source, most: usize) -> bool {
    let is_printable = |byte| matches!(byte, b' '..=b'~' | b'\t'..=b'\r');
    (0..most).map_while(|_| source.next().ok().flatten()).any(|byte| !is_printable(byte))
}

fn drop_in(line: &mut Line, source: &mut Source) -> Result<(), Unreadable> {
    let mut characters = 0;
    line.byte(b'"');
    loop {
        characters += source.copy_plain(line, DROP_IN_CHARACTERS.saturating_sub(characters))?;
        if characters >= DROP_IN_CHARACTERS {
            break;
        }
        let Some(byte) = source.next()? else { break };
        characters += match named_escape(byte, Style::DropIn) {
            Some(escape) => escaped(line, escape),
            None => {
                line.text("\\x");
                line.digits::<16>(u64::from(byte), 2);
                4
            }
        };
    }
    if source.has_more()? {
        line.text("...");
    }
    line.byte(b'"');
    Ok(())
}

fn trace(line: &mut Line, source: &mut Source, limit: usize, bytes: Bytes) -> Result<(), Unreadable> {
    line.byte(b'"');
    let mut taken = 0;
    loop {
        if bytes == Bytes::Text {
            taken += source.copy_plain(line, limit - taken)?;
        }
        if taken == limit {
            break;
        }
        let Some(byte) = source.next()? else { break };
        taken += 1;
        match named_escape(byte, Style::Trace) {
            _ if bytes == Bytes::Random => {
                line.text("\\x");
                line.digits::<16>(u64::from(byte), 2);
            }
            Some(escape) => {
                escaped(line, escape);
            }
            None => {
                // Three digits only where a digit follows, which would otherwise be read as part of the escape.
                let digit_follows = taken < limit && matches!(source.peek()?, Some(b'0'..=b'7'));
                line.byte(b'\\');
                line.digits::<8>(u64::from(byte), if digit_follows { 3 } else { 1 });
            }
        }
    }
    line.byte(b'"');
    if source.has_more()? {
        line.text("...");
    }
    Ok(())
}

fn escaped(line: &mut Line, escape: u8) -> usize {
    line.byte(b'\\');
    line.byte(escape);
    2
}

/// Whether a byte stands for itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// The letter after the backslash, for bytes that have one.
fn named_escape(byte: u8, style: Style) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\t' => b't',
        b'\r' => b'r',
        0x0c => b'f',
        0x0b => b'v',
        // strace leaves these three to its octal escapes.
        0x07 if style == Style::DropIn => b'a',
        0x08 if style == Style::DropIn => b'b',
        0 if style == Style::DropIn => b'0',
        _ => return None,
    })
}

/// The text reaches into memory that cannot be read.
struct Unreadable;

/// Most texts take one fetch: a fetch is a system call, and takes longer than all the rest. On the stack.
const CHUNK: usize = 64;

/// The bytes of a text, fetched as they are needed: at most to the end of a page at a time, so that a string which ends just
/// before unmapped memory is read whole.
struct Source<'a> {
    memory: &'a dyn Memory,
    /// Of the first byte that was not fetched yet.
    address: u64,
    /// Not fetched yet; `None` means up to a zero byte.
    remaining: Option<u64>,
    chunk: [u8; CHUNK],
    fetched: usize,
    used: usize,
}

impl<'a> Source<'a> {
    fn new(memory: &'a dyn Memory, address: u64, end: End) -> Self {
        let remaining = match end {
            End::Nul | End::NulOfPath => None,
            End::Length(length) => Some(length),
        };
        Self { memory, address, remaining, chunk: [0; CHUNK], fetched: 0, used: 0 }
    }

    /// The next byte, which stays; `None` at the end of the text.
    fn peek(&mut self) -> Result<Option<u8>, Unreadable> {
        if self.used == self.fetched && !self.fetch()? {
            return Ok(None);
        }
        let byte = self.chunk.get(self.used).copied();
        Ok(byte.filter(|&byte| byte != 0 || self.remaining.is_some()))
    }

    fn next(&mut self) -> Result<Option<u8>, Unreadable> {
        let byte = self.peek()?;
        self.used = self.used.saturating_add(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// Moves characters that stand for themselves into a line, `most` of them; answers how many there were.
    fn copy_plain(&mut self, line: &mut Line, most: usize) -> Result<usize, Unreadable> {
        let mut copied = 0;
        while copied < most && self.peek()?.is_some_and(is_plain) {
            let fetched = self.chunk.get(self.used..self.fetched).unwrap_or_default();
            let count = fetched.iter().take(most - copied).take_while(|&&byte| is_plain(byte)).count();
            line.copy(fetched.get(..count).unwrap_or_default());
            self.used = self.used.saturating_add(count);
            copied = copied.saturating_add(count);
        }
        Ok(copied)
    }

    /// Whether the text goes on. Of a text of known length this can be told without reading further.
    fn has_more(&mut self) -> Result<bool, Unreadable> {
        match self.remaining {
            Some(remaining) => Ok(remaining > 0 || self.used < self.fetched),
            None => Ok(self.peek()?.is_some()),
        }
    }

    /// Fills the chunk; `false` at the end of a text of known length.
    fn fetch(&mut self) -> Result<bool, Unreadable> {
        let most = self.remaining.map_or(self.chunk.len(), |remaining| remaining.min(CHUNK as u64) as usize);
        if most == 0 {
            return Ok(false);
        }
        let wanted = within_page(self.address, most);
        let out = self.chunk.get_mut(..wanted).ok_or(Unreadable)?;
        let count = self.memory.read(self.address, out).min(wanted);
        if count == 0 {
            return Err(Unreadable);
        }
        (self.used, self.fetched) = (0, count);
        // Wraps only behind the last byte of the address space, where the next read fails.
        self.address = self.address.wrapping_add(count as u64);
        self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(count as u64));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::memory::fake::Pieces;
    use super::*;

    const AT: u64 = 0x1000;

    fn quoted(style: Style, text: &[u8], end: End) -> String {
        let mut line = Line::new();
        quote(&mut line, style, &Pieces(vec![(AT, text.to_vec())]), AT, end, 32, Bytes::Text);
        String::from_utf8(line.as_bytes().to_vec()).expect("ASCII")
    }

    #[test]
    fn the_drop_in_format_escapes_as_c_does() {
        let text = b"\"\\ ~\n\t\r\x07\x08\x0c\x0b\0\x01\x7f\xff";
        assert_eq!(
            quoted(Style::DropIn, text, End::Length(text.len() as u64)),
            r#""\"\\ ~\n\t\r\a\b\f\v\0\x01\x7f\xff""#
        );
    }

    #[test]
    fn the_trace_format_escapes_as_strace_does() {
        // What strace 6.1 prints for these bytes.
        let text = b"\x0012\x0003\"\\\x7f\xff\x1b\x0b\x0c\t\r\n9\0";
        assert_eq!(
            quoted(Style::Trace, text, End::Length(text.len() as u64)),
            r#""\00012\00003\"\\\177\377\33\v\f\t\r\n9\0""#
        );
        assert_eq!(quoted(Style::Trace, b"\x08\0", End::Length(2)), r#""\10\0""#);
    }

    #[test]
    fn the_drop_in_format_cuts_inside_the_quotes() {
        // From the expectations of the original's own tests.
        let text =
            b"/*\n * Copyright 2016-2017, Intel Corporation\n *\n * Redistribution and use in source and binary \
                     forms, with or without\n * modification";
        let expected = "\"/*\\n * Copyright 2016-2017, Intel Corporation\\n *\\n * Redistribution and use in source and \
                        binary forms, with or without\\n...\"";
        assert_eq!(quoted(Style::DropIn, text, End::Length(text.len() as u64)), expected);
        assert_eq!(quoted(Style::DropIn, &[&text[..], b"\0"].concat(), End::Nul), expected);
    }

    #[test]
    fn the_trace_format_cuts_behind_the_quotes() {
        let cut = format!("\"{}\"...", "x".repeat(32));
        let whole = format!("\"{}\"", "x".repeat(32));
        assert_eq!(quoted(Style::Trace, &[b'x'; 33], End::Length(33)), cut);
        assert_eq!(quoted(Style::Trace, &[b'x'; 33], End::Length(32)), whole);
        assert_eq!(quoted(Style::Trace, &[&[b'x'; 32][..], b"\0"].concat(), End::Nul), whole);
        assert_eq!(quoted(Style::Trace, &[&[b'x'; 33][..], b"\0"].concat(), End::Nul), cut);
        let path = [&[b'x'; 33][..], b"\0"].concat();
        assert_eq!(quoted(Style::Trace, &path, End::NulOfPath), format!("\"{}\"", "x".repeat(33)));
    }

    #[test]
    fn texts_are_spelled_byte_by_byte_where_that_is_asked_for() {
        let quoted = |text: &[u8], most| {
            let mut line = Line::new();
            let memory = Pieces(vec![(AT, text.to_vec())]);
            quote_at_most(&mut line, &memory, AT, End::Length(text.len() as u64), most, Bytes::TextOrRandom);
            String::from_utf8(line.as_bytes().to_vec()).expect("ASCII")
        };
        // What strace 6.1 prints with -x.
        assert_eq!(quoted(b"a b\n", 32), r#""a b\n""#);
        assert_eq!(quoted(b"a\0b", 32), r#""\x61\x00\x62""#);
        assert_eq!(quoted(b"ab\0", 2), r#""ab"..."#);
    }

    #[test]
    fn what_cannot_be_read_stays_a_pointer() {
        assert_eq!(quoted(Style::DropIn, b"no end", End::Nul), "0x0000000000001000");
        assert_eq!(quoted(Style::Trace, b"no end", End::Nul), "0x1000");
        assert_eq!(quoted(Style::Trace, b"short", End::Length(6)), "0x1000");
    }

    #[test]
    fn texts_are_fetched_in_pieces_that_do_not_show() {
        // A character to be escaped at each place around the end of a piece, and nothing but plain ones.
        let plain = [b'x'; CHUNK + 9];
        for style in [Style::DropIn, Style::Trace] {
            for special in CHUNK - 10..=CHUNK + 9 {
                let mut text = plain.to_vec();
                text.get_mut(special).into_iter().for_each(|byte| *byte = b'\n');
                text.push(0);
                let shown = if style == Style::DropIn { DROP_IN_CHARACTERS } else { usize::MAX };
                let mut expected = String::new();
                for byte in plain.iter().enumerate().map(|(index, _)| index == special) {
                    if expected.len() < shown {
                        expected.push_str(if byte { "\\n" } else { "x" });
                    }
                }
                let more = if expected.len() >= shown { "..." } else { "" };
                assert_eq!(quoted(style, &text, End::NulOfPath), format!("\"{expected}{more}\""), "{special}");
            }
        }
    }

    #[test]
    fn a_string_may_end_where_its_page_does() {
        let mut line = Line::new();
        let memory = Pieces(vec![(0x1ffc, b"end\0".to_vec())]);
        quote(&mut line, Style::Trace, &memory, 0x1ffc, End::Nul, 32, Bytes::Text);
        assert_eq!(line.as_bytes(), br#""end""#);
    }
}
