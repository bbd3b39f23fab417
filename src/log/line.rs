//! The buffer one line is written into: fixed, on the stack, and never too small to say how a call ended.

use core::fmt;

/// Bytes in a line, newline included.
///
/// A line is built on the stack of whatever thread makes the call, which may have no more than `PTHREAD_STACK_MIN` (16 KiB)
/// or a signal stack of a few kilobytes. It also stays below `PIPE_BUF` (4096), so that a line written into a pipe arrives
/// whole or not at all.
pub const CAPACITY: usize = 1024;

/// Stands where something was left out.
const ELLIPSIS: &str = "...";
/// Kept for `) = -133 ENAME (description)` when the arguments do not fit; the longest one, `ELIBMAX`, takes 70 bytes.
const RESULT_ROOM: usize = 96;
/// Where text has to stop so that the ellipsis and the newline still fit.
const END: usize = CAPACITY - ELLIPSIS.len() - 1;

/// One line of a log.
///
/// What does not fit is left out and marked by `...`; nothing here allocates or fails. Safe to use in a signal handler.
pub struct Line {
    bytes: [u8; CAPACITY],
    len: usize,
    /// Text beyond this is dropped. At most [`END`].
    limit: usize,
    /// Something was dropped since the last ellipsis.
    cut: bool,
}

/// A place in a line that it can be rewound to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    len: usize,
    cut: bool,
}

impl Line {
    /// An empty line.
    pub const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0, limit: END, cut: false }
    }

    /// What was written so far; after [`format`](super::format()) a whole line that ends in a newline.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        (self.len, self.limit, self.cut) = (0, END, false);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        match self.bytes.get_mut(self.len) {
            Some(place) if self.len < self.limit && !self.cut => {
                *place = byte;
                self.len += 1;
            }
            _ => self.cut = true,
        }
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        self.copy(text.as_bytes());
    }

    /// The same as [`byte`](Self::byte) for each of them, at the speed of a copy.
    #[inline]
    pub(super) fn copy(&mut self, bytes: &[u8]) {
        match self.places(bytes.len()) {
            Some(places) => places.copy_from_slice(bytes),
            None => bytes.iter().for_each(|&byte| self.byte(byte)),
        }
    }

    /// The next `count` bytes, which the caller fills; `None` if not all of them fit.
    #[inline]
    fn places(&mut self, count: usize) -> Option<&mut [u8]> {
        let end = self.len.checked_add(count).filter(|&end| end <= self.limit && !self.cut)?;
        let places = self.bytes.get_mut(self.len..end)?;
        self.len = end;
        Some(places)
    }

    pub(super) fn signed(&mut self, value: i64) {
        if value < 0 {
            self.byte(b'-');
        }
        self.unsigned(value.unsigned_abs());
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        self.digits::<10>(value, 1);
    }

    /// `0x` and at least `least` digits.
    pub(super) fn hex(&mut self, value: u64, least: usize) {
        self.text("0x");
        self.digits::<16>(value, least);
    }

    /// Digits alone, at least `least` of them: all or, where they do not fit, none.
    pub(super) fn digits<const RADIX: u64>(&mut self, value: u64, least: usize) {
        let count = match RADIX {
            // As many bits as a digit stands for.
            8 | 16 => (u64::BITS - value.leading_zeros()).div_ceil(RADIX.ilog2()),
            _ => value.checked_ilog(RADIX).map_or(0, |log| log + 1),
        };
        let Some(places) = self.places(least.max(count as usize)) else {
            self.cut = true;
            return;
        };
        let mut rest = value;
        for place in places.iter_mut().rev() {
            *place = match (rest % RADIX) as u8 {
                small @ 0..=9 => b'0' + small,
                large => b'a' + (large - 10),
            };
            rest /= RADIX;
        }
    }

    /// Fills up with spaces to so many characters.
    #[inline]
    pub(super) fn fill(&mut self, length: usize) {
        if let Some(places) = self.places(length.saturating_sub(self.len)) {
            places.fill(b' ');
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { len: self.len, cut: self.cut }
    }

    /// Takes back everything written since `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        (self.len, self.cut) = (mark.len, mark.cut);
    }

    /// Copies what stands before `end` behind everything else, if it fits with a result after it.
    pub(super) fn repeat(&mut self, end: Mark) -> bool {
        let fits = self.len.saturating_add(end.len) <= END - RESULT_ROOM;
        if fits {
            self.bytes.copy_within(..end.len, self.len);
            self.len += end.len;
            self.limit = END;
        }
        fits
    }

    /// From here on text stops early enough for a result to follow.
    pub(super) fn keep_room_for_result(&mut self) {
        self.limit = END - RESULT_ROOM;
    }

    /// Opens the room that was kept, and marks what did not fit before it.
    pub(super) fn use_room_for_result(&mut self) {
        self.limit = END;
        if core::mem::take(&mut self.cut) {
            self.text(ELLIPSIS);
        }
    }

    /// Adds to a line that has ended.
    pub(super) fn add(&mut self, text: &str) {
        if !text.is_empty() {
            self.len = self.len.saturating_sub(1);
            self.text(text);
            self.finish();
        }
    }

    /// Ends the line.
    pub(super) fn finish(&mut self) {
        self.limit = CAPACITY;
        if core::mem::take(&mut self.cut) {
            self.text(ELLIPSIS);
        }
        self.byte(b'\n');
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Write for Line {
    /// Never fails: what does not fit is left out.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Line").field(&self.as_bytes().escape_ascii().to_string()).finish()
    }
}

/// What something writes to a line.
#[cfg(test)]
pub(super) fn spelled(spell: impl Fn(&mut Line)) -> String {
    let mut line = Line::new();
    spell(&mut line);
    String::from_utf8(line.as_bytes().to_vec()).expect("ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(line: &Line) -> &str {
        core::str::from_utf8(line.as_bytes()).expect("the tests write ASCII")
    }

    #[test]
    fn numbers_are_spelled_in_three_bases() {
        let mut line = Line::new();
        line.signed(i64::MIN);
        line.byte(b' ');
        line.unsigned(u64::MAX);
        line.byte(b' ');
        line.hex(0x123000, 16);
        line.byte(b' ');
        line.digits::<8>(u64::MAX, 1);
        line.byte(b' ');
        line.digits::<8>(0, 3);
        assert_eq!(
            text_of(&line),
            "-9223372036854775808 18446744073709551615 0x0000000000123000 1777777777777777777777 000"
        );
    }

    #[test]
    fn a_full_line_ends_in_an_ellipsis_and_a_newline() {
        let mut line = Line::new();
        (0..3 * CAPACITY).for_each(|_| line.byte(b'x'));
        line.finish();
        assert_eq!(line.as_bytes().len(), CAPACITY);
        assert!(text_of(&line).ends_with("x...\n"));
    }

    #[test]
    fn text_that_just_fits_is_not_marked_as_cut() {
        let mut line = Line::new();
        (0..END).for_each(|_| line.byte(b'x'));
        line.finish();
        assert!(text_of(&line).ends_with("xx\n"));
    }

    #[test]
    fn a_result_fits_behind_arguments_that_do_not() {
        let mut line = Line::new();
        line.keep_room_for_result();
        (0..3 * CAPACITY).for_each(|_| line.byte(b'x'));
        line.use_room_for_result();
        line.text(") = 3");
        line.finish();
        assert!(text_of(&line).ends_with("xx...) = 3\n"));
    }

    #[test]
    fn rewinding_forgets_what_was_written_and_what_was_dropped() {
        let mut line = Line::new();
        line.text("kept");
        let mark = line.mark();
        (0..3 * CAPACITY).for_each(|_| line.byte(b'x'));
        line.rewind(mark);
        line.finish();
        assert_eq!(text_of(&line), "kept\n");
    }
}
