//! What the fuzzers in `fuzz/` try for hours, for some seconds and with stable Rust: damaged copies of this machine's libc and
//! loader, noise, and everything the fuzzers ever found.
#![allow(clippy::unwrap_used, reason = "a test")]

mod hostile_input;
#[path = "locator_code/promises.rs"]
mod promises;

use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use proptest::prelude::*;

syscall_intercept::for_analysis_only!();

/// Small, with every kind of segment and table.
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
const LIBC: &str = "/lib/x86_64-linux-gnu/libc.so.6";
/// Takes any input, and panics if a promise is broken.
type Property = fn(&[u8]);

const FUZZERS: [(&str, Property); 5] = [
    ("code", hostile_input::code),
    ("unwind_table", hostile_input::unwind_table),
    ("file", |bytes| _ = hostile_input::file(bytes)),
    ("notes", hostile_input::notes),
    ("call", hostile_input::call),
];

#[test]
fn what_the_fuzzers_found_stays_fixed() {
    for (name, run) in FUZZERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions").join(name);
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(catch_unwind(AssertUnwindSafe(|| run(&bytes))).is_ok(), "{}", path.display());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        FUZZERS.iter().for_each(|(_, run)| run(&bytes));
    }

    #[test]
    fn damaged_unwind_tables_are_survived(edits in proptest::collection::vec((0..UNWIND_TABLE.len(), any::<u8>()), 0..6)) {
        let mut bytes = UNWIND_TABLE.to_vec();
        edits.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        hostile_input::unwind_table(&bytes);
    }
}

/// For [`hostile_input::unwind_table`]: the address of the header (2 bytes), no further segments (1), the address of this one (2);
/// a header with two entries (28), a CIE (20), two FDEs (24 each), two functions with system calls (16 each).
const UNWIND_TABLE: &[u8] = include_bytes!("../fuzz/seeds/unwind_table/two_functions");

/// No address of a byte, of the one behind it, or of a jump that might be written there, is past the end.
#[test]
fn code_at_the_end_of_the_address_space_is_survived() {
    let pieces: [&[u8]; 6] = [&[0x0f, 0x05], &[0xc3], &[0x90], &[0x75, 0xfe], &[0xcc], &[0xe9, 0, 0, 0, 0]];
    for (first, second, third) in (0..6 * 6 * 6).map(|index| (index / 36, index / 6 % 6, index % 6)) {
        let code = [pieces[first], pieces[second], pieces[third], pieces[0]].concat();
        for start in 0..code.len() as u8 {
            // Source, no functions, no further segments, the address of this one: so far from the end.
            hostile_input::code(&[&[0, 0, 0, 0xfe, start], &code[..]].concat());
            // One function, as an unwind table has it, up to the last address.
            hostile_input::code(&[&[2, 1, 0xfe, start, 0xfe, 0, 0, 0xfe, start], &code[..]].concat());
        }
    }
}

/// Always the same numbers: what fails once fails again.
struct Dice(u64);

impl Dice {
    /// A number below `end` (Marsaglia's xorshift64).
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// Changes some bytes of a part of a file: single bits, the bytes that are limits of something, any others.
    fn damage(&mut self, file: &mut [u8], part: Range<usize>, most: usize) {
        for _ in 0..=self.below(most) {
            let at = part.start + self.below(part.len());
            file[at] = match self.below(4) {
                0 => file[at] ^ (1 << self.below(8)),
                1 => [0, 0x7f, 0x80, 0xff][self.below(4)],
                2 => file[at].wrapping_add(1),
                _ => self.below(256) as u8,
            };
        }
    }
}

/// A real file and where in it the parts are that say how to read it.
struct Real {
    bytes: Vec<u8>,
    /// The ELF header and the program headers.
    headers: Range<usize>,
    /// What each program header points to.
    segments: Vec<Range<usize>>,
    /// `.eh_frame_hdr`; `.eh_frame` follows it.
    unwind_table: Range<usize>,
}

impl Real {
    fn new(path: &str) -> Real {
        let bytes = fs::read(path).unwrap();
        let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
        let (start, count) = (number(32), number(56) & 0xffff);
        let headers = (0..count).map(|index| start + 56 * index);
        let contents = |header: usize| number(header + 8)..number(header + 8) + number(header + 32);
        let segments: Vec<_> = headers.clone().map(contents).filter(|range| !range.is_empty()).collect();
        let table = headers.clone().find(|&header| number(header) as u32 == 0x6474_e550).map(contents).unwrap();
        assert!(hostile_input::file(&bytes), "{path} as it is");
        Real { headers: 0..start + 56 * count, segments, unwind_table: table, bytes }
    }

    /// Damages a copy some times.
    fn damaged(&self, part: Range<usize>, times: usize, most: usize) {
        let mut dice = Dice(0x5eed);
        for _ in 0..times {
            let mut bytes = self.bytes.clone();
            dice.damage(&mut bytes, part.clone(), most);
            hostile_input::file(&bytes);
        }
    }
}

#[test]
fn a_loader_cut_short_anywhere_is_survived() {
    let real = Real::new(LOADER);
    let edges =
        real.segments.iter().flat_map(|segment| [segment.start, segment.start + 1, segment.end - 1, segment.end]);
    for length in (0..=real.headers.end).chain(edges) {
        hostile_input::file(&real.bytes[..length]);
    }
}

#[test]
fn damaged_headers_are_survived() {
    let real = Real::new(LOADER);
    real.damaged(0..64, 60, 2);
    real.damaged(64..real.headers.end, 100, 4);
}

#[test]
fn damaged_unwind_tables_of_a_loader_are_survived() {
    let real = Real::new(LOADER);
    let table = real.unwind_table.clone();
    real.damaged(table.start..table.start + 12, 25, 2);
    real.damaged(table.clone(), 25, 50);
    real.damaged(table.end..table.end + 4 * table.len(), 40, 200);
}

#[test]
fn loaders_and_libcs_damaged_all_over_are_survived() {
    let real = Real::new(LOADER);
    real.damaged(0..real.bytes.len(), 30, 5000);
    // glibc is elsewhere on some distributions; the loader is in the same place on all.
    if Path::new(LIBC).exists() {
        let real = Real::new(LIBC);
        real.damaged(real.headers.clone(), 4, 3);
        real.damaged(0..real.bytes.len(), 2, 50_000);
    }
}
