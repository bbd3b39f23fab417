//! Record files.
//!
//! A file begins with [`MAGIC`], whose last byte is the version of the format. Everything behind it is made of numbers, seven bits
//! a byte, the lowest first, the eighth set where more follow; signed ones are folded (0, -1, 1, -2 are 0, 1, 2, 3).
//!
//! ```text
//! beginning   the time in nanoseconds since 1970, the id of the process that has started the first program
//! entry       1 + what it is (in the order of `What`), process, thread, number*,
//!             end - end of the entry before*, end - begin,
//!             result*, which arguments are not zero (bit 0: the first), those arguments*, length of the text, the text,
//!             where in the text the result begins
//! ending      0, events lost, events torn
//! * signed
//! ```
//!
//! A file without an ending was not completed: it holds what there was until then.
//!
//! That is version 1. Version 2 is written where stacks are recorded. Each of its entries ends with one more number: who has made the call,
//! as the number of a caller, counted from 1 in the order in which they stand in the file; 0 for nobody. They stand before the first
//! entry that needs them:
//!
//! ```text
//! frame       32, length of the path of the file, the path, length of the name of the function, the name, how far into the function,
//!             where in the file
//! caller      33, the number of the caller of this one, or 0; the number of its frame, counted from 1 as callers are
//! ```
//!
//! So a stack costs what is new in it: callers that have called something else before are there already.

use std::collections::HashMap;
use std::io::{self, BufRead, Read as _, Write};
use std::sync::Arc;

use super::entry::{Beginning, Ending, Entry, Output, What};
use crate::stacks::Frame;

const MAGIC: &[u8; 8] = b"intercpt";
const VERSION: u8 = 1;
const VERSION_WITH_STACKS: u8 = 2;

/// What stands where an entry says what it is. Numbers below are kept for entries.
const FRAME: u64 = 32;
const CALLER: u64 = 33;

const WHATS: [What; 6] = [What::Call, What::Leaving, What::Unfinished, What::Program, What::Signal, What::End];

/// Longer texts than this are a sign of a broken file.
const LONGEST_TEXT: u64 = 1 << 20;

/// Writes a file.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    to: W,
    last_end: u64,
    bytes: Vec<u8>,
    /// If stacks are recorded, those that are in the file.
    stacks: Option<Written>,
}

/// Frames that are in a file, and callers by the number of who has called them and that of their frame.
#[derive(Debug, Default)]
struct Written {
    frames: HashMap<Arc<Frame>, u64>,
    callers: HashMap<(u64, u64), u64>,
}

impl Written {
    /// The number of who has made a call. Adds to the bytes what is not in the file yet.
    fn caller(&mut self, bytes: &mut Vec<u8>, stack: &[Arc<Frame>]) -> u64 {
        let mut caller = 0;
        for frame in stack.iter().rev() {
            let new = self.frames.len() as u64 + 1;
            let frame_number = *self.frames.entry(Arc::clone(frame)).or_insert(new);
            if frame_number == new {
                number(bytes, FRAME);
                text(bytes, frame.file.as_bytes());
                text(bytes, frame.function.as_bytes());
                number(bytes, frame.into);
                number(bytes, frame.offset);
            }
            let new = self.callers.len() as u64 + 1;
            let called = *self.callers.entry((caller, frame_number)).or_insert(new);
            if called == new {
                [CALLER, caller, frame_number].iter().for_each(|value| number(bytes, *value));
            }
            caller = called;
        }
        caller
    }
}

impl<W: Write + Send> Writer<W> {
    /// Begins it; says whether entries will have stacks.
    pub(crate) fn new(mut to: W, beginning: Beginning, has_stacks: bool) -> io::Result<Writer<W>> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(if has_stacks { VERSION_WITH_STACKS } else { VERSION });
        number(&mut bytes, beginning.time);
        number(&mut bytes, beginning.parent.into());
        to.write_all(&bytes)?;
        Ok(Writer { to, last_end: 0, bytes, stacks: has_stacks.then(Written::default) })
    }
}

impl<W: Write + Send> Output for Writer<W> {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let bytes = &mut self.bytes;
        bytes.clear();
        let caller = self.stacks.as_mut().map(|stacks| stacks.caller(bytes, entry.stack));
        let what = WHATS.iter().position(|what| *what == entry.what).unwrap_or_default();
        number(bytes, 1 + what as u64);
        number(bytes, entry.process.into());
        number(bytes, entry.thread.into());
        signed(bytes, entry.number.into());
        signed(bytes, entry.end.wrapping_sub(self.last_end).cast_signed());
        number(bytes, entry.duration());
        signed(bytes, entry.result);
        let given = entry.args.iter().enumerate().filter(|(_, arg)| **arg != 0);
        number(bytes, given.clone().map(|(index, _)| 1 << index).sum());
        given.for_each(|(_, arg)| signed(bytes, *arg));
        text(bytes, entry.text);
        number(bytes, entry.result_at as u64);
        caller.into_iter().for_each(|caller| number(bytes, caller));
        self.last_end = entry.end;
        self.to.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, ending: &Ending) -> io::Result<()> {
        self.bytes.clear();
        for value in [0, ending.lost, ending.torn] {
            number(&mut self.bytes, value);
        }
        self.to.write_all(&self.bytes)?;
        self.to.flush()
    }
}

/// Reads a file.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: R,
    last_end: u64,
    text: Vec<u8>,
    stacks: Option<Known>,
    /// Who has made the call of the last entry.
    stack: Vec<Arc<Frame>>,
    /// What stands at its beginning.
    pub(crate) beginning: Beginning,
}

/// The frames and callers that were read: of each its own caller and its frame.
#[derive(Debug, Default)]
struct Known {
    frames: Vec<Arc<Frame>>,
    callers: Vec<(u64, Arc<Frame>)>,
}

/// The one with a number that counts from 1.
fn numbered<T>(all: &[T], number: u64) -> io::Result<&T> {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    place.and_then(|place| all.get(place)).ok_or_else(out_of_range)
}

impl Known {
    fn read_frame(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        let mut name = || {
            let mut name = Vec::new();
            read_text(from, &mut name)?;
            Ok::<_, io::Error>(String::from_utf8_lossy(&name).into_owned())
        };
        let (file, function) = (name()?, name()?);
        let (into, offset) = (read_number(from)?, read_number(from)?);
        self.frames.push(Arc::new(Frame { file, function, into, offset }));
        Ok(())
    }

    fn read_caller(&mut self, from: &mut impl BufRead) -> io::Result<()> {
        let caller = read_number(from)?;
        // There is no way in circles.
        if caller > self.callers.len() as u64 {
            return Err(out_of_range());
        }
        let frame = Arc::clone(numbered(&self.frames, read_number(from)?)?);
        self.callers.push((caller, frame));
        Ok(())
    }

    fn stack(&self, mut caller: u64, stack: &mut Vec<Arc<Frame>>) -> io::Result<()> {
        stack.clear();
        while caller != 0 {
            let (called_by, frame) = numbered(&self.callers, caller)?;
            stack.push(Arc::clone(frame));
            caller = *called_by;
        }
        Ok(())
    }
}

/// What comes next in a file.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    Entry(Entry<'a>),
    /// Nothing more.
    End(Ending),
    /// Nothing more, but it was not completed.
    Cut,
}

impl<R: BufRead> Reader<R> {
    /// Begins with it. `InvalidData` if it is no record file, or a newer one.
    pub(crate) fn new(mut from: R) -> io::Result<Reader<R>> {
        let mut magic = [0; MAGIC.len() + 1];
        let begins = from.read_exact(&mut magic);
        if begins.is_err() || !magic.starts_with(MAGIC) {
            return Err(invalid("not a file that `intercept record` has written"));
        }
        let stacks = match magic.last() {
            Some(&VERSION) => None,
            Some(&VERSION_WITH_STACKS) => Some(Known::default()),
            _ => return Err(invalid("written by another version of `intercept record`")),
        };
        let beginning = Beginning { time: read_number(&mut from)?, parent: narrow(read_number(&mut from)?)? };
        Ok(Reader { from, last_end: 0, text: Vec::new(), stacks, stack: Vec::new(), beginning })
    }

    /// What comes next.
    pub(crate) fn next(&mut self) -> io::Result<Next<'_>> {
        match self.read_next() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Next::Cut),
            Err(error) => Err(error),
            Ok(Err(ending)) => Ok(Next::End(ending)),
            Ok(Ok(entry)) => Ok(Next::Entry(Entry { text: &self.text, stack: &self.stack, ..entry })),
        }
    }

    fn read_next(&mut self) -> io::Result<Result<Entry<'static>, Ending>> {
        let from = &mut self.from;
        let mut what = read_number(from)?;
        while let (Some(stacks), FRAME | CALLER) = (&mut self.stacks, what) {
            match what {
                FRAME => stacks.read_frame(from)?,
                _ => stacks.read_caller(from)?,
            }
            what = read_number(from)?;
        }
        let Some(what) = what.checked_sub(1) else {
            return Ok(Err(Ending { lost: read_number(from)?, torn: read_number(from)? }));
        };
        let what = usize::try_from(what).ok().and_then(|what| WHATS.get(what));
        let what = *what.ok_or_else(|| invalid("broken: an entry of no known kind"))?;
        let (process, thread) = (narrow(read_number(from)?)?, narrow(read_number(from)?)?);
        let number = i32::try_from(read_signed(from)?).map_err(|_| out_of_range())?;
        let end = self.last_end.wrapping_add(read_signed(from)?.cast_unsigned());
        let begin = end.saturating_sub(read_number(from)?);
        let result = read_signed(from)?;
        let given = read_number(from)?;
        let mut args = [0; 6];
        for (index, arg) in args.iter_mut().enumerate() {
            if given >> index & 1 == 1 {
                *arg = read_signed(from)?;
            }
        }
        read_text(from, &mut self.text)?;
        let result_at = narrow(read_number(from)?)? as usize;
        if let Some(stacks) = &self.stacks {
            stacks.stack(read_number(from)?, &mut self.stack)?;
        }
        self.last_end = end;
        Ok(Ok(Entry { what, process, thread, number, args, result, begin, end, text: b"", result_at, stack: &[] }))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn out_of_range() -> io::Error {
    invalid("broken: a number that is out of range")
}

fn narrow(value: u64) -> io::Result<u32> {
    u32::try_from(value).map_err(|_| out_of_range())
}

fn number(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn signed(to: &mut Vec<u8>, value: i64) {
    number(to, (value << 1 ^ value >> 63).cast_unsigned());
}

fn text(to: &mut Vec<u8>, text: &[u8]) {
    number(to, text.len() as u64);
    to.extend_from_slice(text);
}

fn read_text(from: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<()> {
    let length = read_number(from)?;
    if length > LONGEST_TEXT {
        return Err(out_of_range());
    }
    text.clear();
    if from.by_ref().take(length).read_to_end(text)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn read_number(from: &mut impl io::Read) -> io::Result<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(out_of_range())
}

fn read_signed(from: &mut impl io::Read) -> io::Result<i64> {
    let folded = read_number(from)?;
    Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: Beginning = Beginning { time: 1_700_000_000_123_456_789, parent: 7 };

    fn entries() -> Vec<Entry<'static>> {
        let call = |what, end, result, args, text| Entry {
            what,
            process: 10,
            thread: u32::MAX,
            number: -1,
            args,
            result,
            begin: end,
            end,
            text,
            result_at: text.len() / 2,
            stack: &[],
        };
        vec![
            call(What::Program, 5, 0, [0; 6], b"ls /"),
            Entry { begin: 1, ..call(What::Call, 9, i64::MIN, [i64::MAX, -1, 0, 1, 0, i64::MIN], b"a\n\0\xff") },
            // Earlier than the one before.
            call(What::Leaving, 3, -22, [0, 0, 0, 0, 0, 1], b""),
            call(What::Unfinished, u64::MAX >> 1, 1, [1; 6], &[b'x'; 300]),
        ]
    }

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, BEGINNING, false).expect("memory");
        entries().iter().for_each(|entry| writer.entry(entry).expect("memory"));
        writer.end(&Ending { lost: 3, torn: 1 << 40 }).expect("memory");
        bytes
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let bytes = written();
        let mut reader = Reader::new(&bytes[..]).expect("a record file");
        assert_eq!(reader.beginning, BEGINNING);
        for entry in entries() {
            let Next::Entry(read) = reader.next().expect("whole") else { panic!("there is one more") };
            assert_eq!(read, entry);
        }
        let Next::End(ending) = reader.next().expect("whole") else { panic!("that was all") };
        assert_eq!(ending, Ending { lost: 3, torn: 1 << 40 });
    }

    #[test]
    fn stacks_are_read_as_they_were_written_and_cost_what_is_new_in_them() {
        let frame = |function: &str| Arc::new(Frame { function: function.to_owned(), offset: 7, ..Frame::default() });
        let [main, one, two, write] = ["main", "one", "two", "write"].map(frame);
        let stacks = [
            vec![Arc::clone(&write), Arc::clone(&one), Arc::clone(&main)],
            Vec::new(),
            vec![Arc::clone(&write), Arc::clone(&two), Arc::clone(&main)],
            vec![write, two, one, main],
        ];
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, BEGINNING, true).expect("memory");
        let (first, mut lengths) = (entries()[1], Vec::new());
        for stack in stacks.iter().chain(&stacks) {
            writer.entry(&Entry { stack, ..first }).expect("memory");
            lengths.push(writer.bytes.len());
        }
        writer.end(&Ending::default()).expect("memory");
        assert!(lengths[0] > lengths[2] && lengths[4..].iter().all(|length| *length == lengths[1]), "{lengths:?}");
        let mut reader = Reader::new(&bytes[..]).expect("a record file");
        for stack in stacks.iter().chain(&stacks) {
            let Next::Entry(read) = reader.next().expect("whole") else { panic!("there is one more") };
            assert_eq!(read, Entry { stack, ..first });
        }
        assert!(matches!(reader.next(), Ok(Next::End(_))));
    }

    #[test]
    fn a_file_without_stacks_is_of_the_first_version() {
        let stack = [Arc::new(Frame::default())];
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, BEGINNING, false).expect("memory");
        entries().iter().for_each(|entry| writer.entry(&Entry { stack: &stack, ..*entry }).expect("memory"));
        writer.end(&Ending { lost: 3, torn: 1 << 40 }).expect("memory");
        assert_eq!((bytes[MAGIC.len()], &bytes), (1, &written()));
    }

    #[test]
    fn a_file_that_is_cut_short_holds_what_is_there() {
        let bytes = written();
        let mut seen = 0;
        for length in MAGIC.len() + 1 + 9 + 1..bytes.len() {
            let mut reader = Reader::new(&bytes[..length]).expect("its beginning is there");
            let mut count = 0;
            loop {
                match reader.next().expect("not broken") {
                    Next::Entry(entry) => assert_eq!(entry, entries()[count]),
                    Next::Cut => break,
                    Next::End(_) => panic!("{length}: the end is not there"),
                }
                count += 1;
            }
            assert!(count >= seen);
            seen = count;
        }
        assert_eq!(seen, entries().len());
    }

    #[test]
    fn other_files_are_told_apart() {
        for (bytes, why) in [
            (&b""[..], "not a file"),
            (b"\x7fELF\x02\x01\x01\0\0\0\0", "not a file"),
            (b"intercpt\x03\0\0", "another version"),
        ] {
            let error = Reader::new(bytes).expect_err("no record file");
            assert!(error.to_string().contains(why), "{error}");
        }
        // Random bytes behind a right beginning.
        let mut random = 1_u64;
        for _ in 0..1000 {
            let mut bytes = b"intercpt\x01\x05\x05".to_vec();
            bytes.extend((0..200).map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (random >> 33) as u8
            }));
            // With stacks or without.
            bytes[MAGIC.len()] += (random >> 40) as u8 & 1;
            let Ok(mut reader) = Reader::new(&bytes[..]) else { continue };
            while matches!(reader.next(), Ok(Next::Entry(_))) {}
        }
    }
}
