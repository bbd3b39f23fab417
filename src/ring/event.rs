//! One event, as it lies in a record.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::layout::{GRAIN, Header};
use super::stack::{self, MOST_OF_STACK, Stack};

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// A call has returned. The text is the line of the call, with its result.
    #[default]
    Call,
    /// A call begins that may take its time. There is no text yet.
    Begin,
    /// A call begins that may not come back. The text is its line, with `?` for the result.
    Leaving,
    /// A program begins. The text is its command line; the first argument is the id of the parent.
    Program,
    /// A handler of the program is entered. The text says for which signal, whose number is in the place of a call's.
    Signal,
    /// What is mapped into the process, for who unwinds stacks. The text is a piece of `/proc/self/maps`, and the first argument says
    /// how many bytes there were before it. The last piece is empty; its next two arguments are the addresses between which the
    /// library is.
    Maps,
}

impl Kind {
    /// All of them, each at the place of its number.
    pub const ALL: [Kind; 6] = [Kind::Call, Kind::Begin, Kind::Leaving, Kind::Program, Kind::Signal, Kind::Maps];
}

/// What happened, without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event {
    /// What it says.
    pub kind: Kind,
    /// The process, as it knows itself: in its own namespace.
    pub process: u32,
    /// The thread, likewise.
    pub thread: u32,
    /// The number of the call.
    pub number: i32,
    /// Its arguments, used by the call or not.
    pub args: [i64; 6],
    /// What the program got, if it has returned.
    pub result: i64,
    /// When it began.
    pub begin: u64,
    /// When it ended; the same if it has not.
    pub end: u64,
    /// Whether both are counts of the time stamp counter; otherwise nanoseconds.
    pub by_counter: bool,
    /// Where in the text ` = ` and the result begin.
    pub result_at: u16,
}

/// Words before the text.
const FIXED: usize = 12;
/// A record with the longest text, and with the longest stack, in words.
const MOST: usize = (FIXED + crate::log::CAPACITY / 8).next_multiple_of(GRAIN) + stack::words(MOST_OF_STACK);

const BY_COUNTER: u64 = 1 << 8;
/// Always set.
const TAKEN: u64 = 1 << 9;
/// A stack follows the text, at the beginning of a grain.
const HAS_STACK: u64 = 1 << 10;

impl Event {
    /// How many words its record takes, without a stack.
    pub(super) fn words(text: &[u8]) -> usize {
        (FIXED + text.len().min(crate::log::CAPACITY).div_ceil(8)).next_multiple_of(GRAIN)
    }

    /// Writes all of a record but its first word. Without loops over what is always there: this runs in every call.
    ///
    /// A producer that was held up since the ring was here the last time looks for a [free](super::layout::RingOf::free) grain, and must not take
    /// for one what lies in the middle of this record. Text cannot look like that as long as it has no four zero bytes in a row;
    /// lines and command lines have not a single one.
    #[inline]
    pub(super) fn store(&self, text: &[u8], stack: Option<&Stack>, record: &[AtomicU64]) {
        let text = text.get(..crate::log::CAPACITY).unwrap_or(text);
        let Some((fixed, rest)) = record.split_first_chunk::<FIXED>() else { return };
        let mut flags = if self.by_counter { BY_COUNTER } else { 0 };
        if let Some(stack) = stack {
            flags |= HAS_STACK;
            stack.store(self.process, record.get(Event::words(text)..).unwrap_or_default());
        }
        let store = |index: usize, value: u64| fixed[index].store(value, Relaxed);
        store(1, self.begin);
        store(2, self.end);
        store(3, u64::from(self.process) << 32 | u64::from(self.number.cast_unsigned()));
        store(4, self.result.cast_unsigned());
        let [a, b, c, d, e, f] = self.args.map(i64::cast_unsigned);
        store(5, a);
        store(6, b);
        store(7, c);
        // Where a grain begins: never like a free one.
        store(GRAIN, (text.len() as u64) << 32 | u64::from(self.result_at) << 16 | TAKEN | flags | self.kind as u64);
        store(9, d);
        store(10, e);
        store(11, f);
        let (whole, last) = text.as_chunks::<8>();
        rest.iter().zip(whole).for_each(|(to, from)| to.store(u64::from_ne_bytes(*from), Relaxed));
        if let Some(to) = rest.get(whole.len()).filter(|_| !last.is_empty()) {
            let value = last.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            to.store(value.to_le(), Relaxed);
        }
    }

    /// Reads a record; the text goes behind what is in the buffer, and the bytes of the stack, if there is one, behind the text. `None`
    /// if it is not what a producer writes.
    pub(super) fn load(header: Header, record: &[AtomicU64], text: &mut Vec<u8>) -> Option<(Event, Option<Stack>)> {
        if !(FIXED..=MOST).contains(&record.len()) {
            return None;
        }
        let word = |index: usize| record.get(index).map_or(0, |word| word.load(Relaxed));
        let (place, about) = (word(3), word(GRAIN));
        let length = (about >> 32) as usize;
        let kind = *Kind::ALL.get((about & 0xff) as usize)?;
        let words = record.get(FIXED..FIXED + length.div_ceil(8))?;
        let end = text.len() + length;
        text.extend(words.iter().flat_map(|word| word.load(Relaxed).to_ne_bytes()));
        text.truncate(end);
        let stack = match about & HAS_STACK {
            0 => None,
            _ => Stack::load(record.get((FIXED + length.div_ceil(8)).next_multiple_of(GRAIN)..)?, text),
        };
        let event = Event {
            kind,
            process: (place >> 32) as u32,
            thread: header.thread(),
            number: (place as u32).cast_signed(),
            args: [5, 6, 7, 9, 10, 11].map(|index| word(index).cast_signed()),
            result: word(4).cast_signed(),
            begin: word(1),
            end: word(2),
            by_counter: about & BY_COUNTER != 0,
            result_at: (about >> 16) as u16,
        };
        Some((event, stack))
    }
}
