//! One function for each thing that reads what strangers wrote: it takes any bytes at all, makes input of them, and panics if
//! a promise is broken. The fuzzers in `fuzz/` call these; so do the tests of stable Rust, on less input.
#![allow(dead_code, reason = "not every fuzzer uses everything")]

use std::path::Path;

use syscall_intercept::disasm;
use syscall_intercept::log::{CAPACITY, Call, Line, Memory, Outcome, Style, format};
use syscall_intercept::object::file::ElfFile;
use syscall_intercept::object::{BuildId, Functions, Image, Segment, Source, eh_frame};
use syscall_intercept::patch::plan;

use super::promises;

/// Takes input apart from its front.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A number; zero once there is nothing left.
    fn number<const N: usize>(&mut self) -> u64 {
        let mut word = [0; 8];
        let bytes = self.bytes(N);
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    }

    fn byte(&mut self) -> u8 {
        self.number::<1>() as u8
    }

    /// An address, most often near one that is given.
    fn address(&mut self, near: u64) -> u64 {
        match self.byte() {
            0xff => self.number::<8>(),
            0xfe => u64::MAX - self.number::<1>(),
            low => near.wrapping_add(u64::from(low & 0x0f) << 8).wrapping_add(self.number::<1>()).wrapping_sub(4),
        }
    }
}

/// Segments of all kinds, of which the last has the bytes that are left.
fn image<'a>(input: &mut Input<'a>, near: u64) -> Image<'a> {
    let segments = (0..input.byte() % 4).map(|index| {
        let (address, kind) = (input.address(near + 0x1000 * u64::from(index)), input.byte());
        let length = input.number::<2>() as usize;
        Segment { address, bytes: input.bytes(length), executable: kind & 1 != 0, file_offset: input.number::<1>() }
    });
    let mut segments: Vec<_> = segments.collect();
    let address = input.address(near);
    segments.push(Segment { address, bytes: input.0, executable: true, file_offset: 0 });
    Image::new(segments)
}

fn locate_and_plan(image: &Image<'_>, functions: &Functions) {
    let located = disasm::locate(image, functions).expect("a disassembler");
    promises::check(image, &located, &plan(&located));
}

/// The same, and once more as for an index of a libc.
fn locate_thoroughly_and_plan(image: &Image<'_>, functions: &Functions) {
    locate_and_plan(image, functions);
    let located = disasm::locate_thoroughly(image, functions, true).expect("a disassembler");
    promises::check(image, &located, &plan(&located));
}

/// Code with bounds of functions that may be anything.
pub(crate) fn code(input: &[u8]) {
    let mut input = Input(input);
    let near = 0x10000;
    let source = match input.byte() % 4 {
        0 => Source::Nothing,
        1 => Source::Symbols,
        _ => Source::UnwindTable,
    };
    let count = input.byte() % 16;
    let ranges = (0..count).map(|_| input.address(near)..input.address(near)).collect();
    locate_thoroughly_and_plan(&image(&mut input, near), &Functions { ranges, source });
}

/// An `.eh_frame_hdr` at any address of any image.
pub(crate) fn unwind_table(input: &[u8]) {
    let mut input = Input(input);
    let near = 0x10000;
    let header = input.address(near);
    let image = image(&mut input, near);
    if let Some(ranges) = eh_frame::functions(&image, header) {
        assert!(ranges.is_sorted_by_key(|function| function.start));
        assert!(ranges.iter().all(|function| function.start <= function.end));
        locate_thoroughly_and_plan(&image, &Functions { ranges, source: Source::UnwindTable });
    }
}

/// A whole ELF file. Answers whether it was taken for one.
pub(crate) fn file(bytes: &[u8]) -> bool {
    let elf = match ElfFile::parse(bytes, Path::new("file")) {
        Ok(elf) => elf,
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("file: ") && !text.contains('\n'), "{text:?}");
            return false;
        }
    };
    let symbols = elf.symbols();
    assert!(symbols.is_sorted_by_key(|symbol| symbol.range.start));
    assert!(symbols.iter().all(|symbol| symbol.range.start <= symbol.range.end));
    assert!(symbols.iter().all(|symbol| !symbol.name.contains(char::is_control)));
    let _ = (elf.has_interpreter(), elf.build_id(), format!("{elf:?}"));
    locate_and_plan(&elf.image(), &elf.functions());
    true
}

/// A `PT_NOTE` segment.
pub(crate) fn notes(bytes: &[u8]) {
    if let Some(BuildId(id)) = BuildId::find(bytes) {
        assert!(id.is_empty() || bytes.windows(id.len()).any(|window| window == id));
    }
}

/// Some readable bytes.
struct Piece<'a> {
    address: u64,
    bytes: &'a [u8],
}

impl Memory for Piece<'_> {
    fn read(&self, address: u64, out: &mut [u8]) -> usize {
        let offset = address.checked_sub(self.address).and_then(|offset| usize::try_from(offset).ok());
        let readable = offset.and_then(|offset| self.bytes.get(offset..)).unwrap_or_default();
        let count = readable.len().min(out.len());
        out[..count].copy_from_slice(&readable[..count]);
        count
    }
}

/// A call with arguments that lead somewhere or not.
pub(crate) fn call(input: &[u8]) {
    let mut input = Input(input);
    let style = if input.byte() & 1 == 0 { Style::DropIn } else { Style::Trace };
    let word = |input: &mut Input<'_>, near: u64| match input.byte() {
        0 => 0,
        1..0x40 => input.number::<2>(),
        0x40..0x50 => input.number::<4>(),
        0x50..0x60 => u64::MAX - input.number::<1>(),
        0x60..0x70 => input.number::<8>(),
        _ => near.wrapping_add(input.number::<1>()),
    };
    let near = if input.byte() < 0xf0 { 0x7fff_f000 } else { u64::MAX - 200 };
    let number = word(&mut input, 0).cast_signed();
    let args = [0; 6].map(|_| word(&mut input, near).cast_signed());
    let outcome = match input.byte() {
        0..0x40 => Outcome::Pending,
        _ => Outcome::Returned(word(&mut input, near).cast_signed()),
    };
    let length = usize::from(input.byte()) * 8;
    let object = input.bytes(length);
    let memory = Piece { address: near, bytes: input.0 };

    let mut line = Line::new();
    format(&mut line, style, &Call { number, args, object, offset: near }, outcome, &memory);
    let bytes = line.as_bytes();
    assert!(bytes.len() <= CAPACITY);
    assert_eq!(bytes.iter().position(|&byte| byte == b'\n'), Some(bytes.len() - 1));
    assert!(!bytes.iter().any(|&byte| byte < b' ' && byte != b'\n'), "{}", bytes.escape_ascii());
    if let (Style::Trace, Outcome::Returned(value)) = (style, outcome) {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains(") = "), "{value} is lost: {text}");
    }
}
