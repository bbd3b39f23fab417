//! The buffer one line is written into: fixed, on the stack, and never too small to say how a call ended.
#![allow(unsafe_code, reason = "bytes that are written only as far as the line goes")]

use core::fmt;
use core::mem::MaybeUninit;

use super::digits::{decimal, hexadecimal};

/// Bytes in a line, newline included.
///
/// A line is built on the stack of whatever thread makes the call, which may have no more than `PTHREAD_STACK_MIN` (16 KiB)
/// or a signal stack of a few kilobytes. It also stays below `PIPE_BUF` (4096), so that a line written into a pipe arrives
/// whole or not at all.
pub const CAPACITY: usize = 1024;

/// Before digits in hexadecimal.
const PREFIX: &[u8; 2] = b"0x";
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
    /// The first [`len`](Self::len) of them are written. The others are not: clearing a kilobyte would take as long as a line does.
    bytes: [MaybeUninit<u8>; CAPACITY + SPARE],
    /// At most [`CAPACITY`].
    len: u16,
    /// Text beyond this is dropped. At most [`END`] until the line is finished; [`CUT`] since something was dropped.
    limit: u16,
}

/// Digits are stored sixteen at a time, with what stands before them, however many of them count.
const SPARE: usize = PREFIX.len() + 16;
/// No text fits any more, however short: what follows what was left out would look as if it belonged to what stands before.
const CUT: u16 = 0;

/// A place in a line that it can be rewound to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    len: u16,
    limit: u16,
}

impl Line {
    /// An empty line.
    pub const fn new() -> Self {
        Self { bytes: [const { MaybeUninit::uninit() }; CAPACITY + SPARE], len: 0, limit: END as u16 }
    }

    /// What was written so far; after [`format`](super::format()) a whole line that ends in a newline.
    pub fn as_bytes(&self) -> &[u8] {
        let bytes = self.bytes.get(..self.len.into()).unwrap_or(&[]);
        // SAFETY: `len` grows in `places`, whose callers fill what they are given, and in `first_of` and `repeat` by bytes that
        // these have written. So all below it are.
        unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        (self.len, self.limit) = (0, END as u16);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        match self.places(1) {
            Some([place]) => _ = place.write(byte),
            _ => self.limit = CUT,
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
            Some(places) => fill(places, bytes),
            None => self.copy_what_fits(bytes),
        }
    }

    #[cold]
    fn copy_what_fits(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.byte(byte));
    }

    /// The next `count` bytes, all of which the caller has to fill; `None` if not all of them fit.
    #[inline]
    fn places(&mut self, count: usize) -> Option<&mut [MaybeUninit<u8>]> {
        let start = usize::from(self.len);
        let end = start.saturating_add(count);
        if end > usize::from(self.limit) {
            return None;
        }
        let places = self.bytes.get_mut(start..end)?;
        self.len = end as u16;
        Some(places)
    }

    /// The next bytes are the first `count` of these; answers whether they fit.
    #[inline]
    fn first_of<const N: usize>(&mut self, count: usize, bytes: [u8; N]) -> bool {
        let start = usize::from(self.len);
        let end = start + count;
        let places = self.bytes.get_mut(start..start + N);
        match places {
            Some(places) if end <= usize::from(self.limit) => {
                fill(places, &bytes);
                self.len = end as u16;
                true
            }
            _ => false,
        }
    }

    pub(super) fn signed(&mut self, value: i64) {
        if value < 0 {
            self.byte(b'-');
        }
        self.unsigned(value.unsigned_abs());
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        match decimal(value) {
            Some((count, digits)) if self.first_of(count, digits) => {}
            _ => self.digits::<10>(value, 1),
        }
    }

    /// `0x` and at least `least` digits.
    #[inline]
    pub(super) fn hex(&mut self, value: u64, least: usize) {
        let significant = (u64::BITS - value.leading_zeros()).div_ceil(4) as usize;
        let count = significant.max(least).min(16);
        // Those that count come first.
        let digits = hexadecimal(value << (4 * (16 - count)));
        let mut text = [0; PREFIX.len() + 16];
        let (prefix, places) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX);
        places.copy_from_slice(&digits);
        if !self.first_of(PREFIX.len() + count, text) {
            self.hex_at_the_end(value, least);
        }
    }

    #[cold]
    fn hex_at_the_end(&mut self, value: u64, least: usize) {
        self.copy(PREFIX);
        self.digits::<16>(value, least);
    }

    /// Digits alone, at least `least` of them: all or, where they do not fit, none.
    pub(super) fn digits<const RADIX: u64>(&mut self, value: u64, least: usize) {
        let count = match RADIX {
            10 => value.checked_ilog10().map_or(0, |log| log + 1),
            // As many bits as a digit stands for.
            _ => (u64::BITS - value.leading_zeros()).div_ceil(RADIX.ilog2()),
        };
        let Some(places) = self.places(least.max(count as usize)) else {
            self.limit = CUT;
            return;
        };
        let mut rest = value;
        for place in places.iter_mut().rev() {
            place.write(match (rest % RADIX) as u8 {
                small @ 0..=9 => b'0' + small,
                large => b'a' + (large - 10),
            });
            rest /= RADIX;
        }
    }

    /// Fills up with spaces to so many characters.
    #[inline]
    pub(super) fn fill(&mut self, length: usize) {
        if let Some(places) = self.places(length.saturating_sub(self.len.into())) {
            places.fill(MaybeUninit::new(b' '));
        }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { len: self.len, limit: self.limit }
    }

    /// Takes back everything written since `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) {
        (self.len, self.limit) = (mark.len, mark.limit);
    }

    /// Copies what stands before `end` behind everything else, if it fits with a result after it.
    pub(super) fn repeat(&mut self, end: Mark) -> bool {
        let (start, count) = (usize::from(self.len), usize::from(end.len));
        if start + count > END - RESULT_ROOM {
            return false;
        }
        let Some((written, free)) = self.bytes.split_at_mut_checked(start) else { return false };
        let (Some(from), Some(to)) = (written.get(..count), free.get_mut(..count)) else { return false };
        to.copy_from_slice(from);
        self.len += end.len;
        self.limit = END as u16;
        true
    }

    /// From here on text stops early enough for a result to follow.
    pub(super) fn keep_room_for_result(&mut self) {
        self.limit = (END - RESULT_ROOM) as u16;
    }

    /// Opens the room that was kept, and marks what did not fit before it.
    pub(super) fn use_room_for_result(&mut self) {
        self.open(END as u16);
    }

    /// Adds to a line that has ended.
    pub(super) fn add(&mut self, text: &str) {
        if !text.is_empty() {
            // Without its end: the newline, and in a full line an ellipsis, which stands again behind what fits no more.
            self.len = self.len.saturating_sub(1).min(END as u16);
            self.limit = END as u16;
            self.text(text);
            self.finish();
        }
    }

    /// Ends the line.
    pub(crate) fn finish(&mut self) {
        self.open(CAPACITY as u16);
        self.byte(b'\n');
    }

    /// Text may go as far as this, and what did not fit before is marked.
    #[inline]
    fn open(&mut self, limit: u16) {
        if core::mem::replace(&mut self.limit, limit) == CUT {
            self.copy_what_fits(ELLIPSIS.as_bytes());
        }
    }
}

/// Writes these bytes into as many places.
#[inline]
fn fill(places: &mut [MaybeUninit<u8>], bytes: &[u8]) {
    // SAFETY: a byte that may be unwritten can be anything a byte can be.
    let bytes = unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) };
    places.copy_from_slice(bytes);
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
    fn a_line_ends_in_a_newline_also_when_no_more_can_be_added() {
        for length in [0, 5, END - 12, END - 11, END - 10, END, CAPACITY, 3 * CAPACITY] {
            let mut line = Line::new();
            (0..length).for_each(|_| line.byte(b'x'));
            line.finish();
            line.add(" (INJECTED)");
            let end = if length <= END - 11 { "x (INJECTED)\n" } else { "...\n" };
            assert!(text_of(&line).ends_with(if length == 0 { &end[1..] } else { end }), "{length} {line:?}");
            assert_eq!(text_of(&line).lines().count(), 1);
        }
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
