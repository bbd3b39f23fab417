//! `intercept sites` on files that lie: it says so in one line or shows what it could find, and takes neither for ever nor all
//! memory.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Built, Outcome, Program, Workbench, libc_path};

/// Far more than any of the files here deserves, on a busy machine and with an unoptimised library.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the command with 256 MiB of address space and no more.
fn sites(file: &Path) -> Outcome {
    let started = Instant::now();
    let outcome = Program::script("ulimit -v 262144; exec \"$0\" sites \"$1\"")
        .args([Built::get().intercept().as_path(), file])
        .run();
    assert!(started.elapsed() < PATIENCE, "{:?} for {}", started.elapsed(), file.display());
    outcome
}

#[track_caller]
fn is_a_line_or_a_table(outcome: &Outcome) {
    let (stdout, stderr) = (outcome.stdout(), outcome.stderr());
    match outcome.code() {
        Some(0) => assert!(stderr.is_empty() && stdout.contains(" sites: "), "{outcome}"),
        Some(1) => is_a_line(outcome),
        _ => panic!("{outcome}"),
    }
    assert!(!stdout.contains('\x1b') && !stderr.contains('\x1b'), "{outcome}");
}

#[track_caller]
fn is_a_line(outcome: &Outcome) {
    let stderr = outcome.stderr();
    assert_eq!((outcome.code(), outcome.stdout().as_str(), stderr.lines().count()), (Some(1), "", 1), "{outcome}");
    assert!(stderr.starts_with("intercept: "), "{outcome}");
}

/// An ELF header for program headers at 64 and section headers at an offset.
fn header(segments: u16, sections: u64, count: u16) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    // ET_DYN, x86-64, version 1; entry, program headers, section headers; flags.
    file.extend([3, 0, 62, 0, 1, 0, 0, 0]);
    [0, 64, sections].iter().for_each(|field: &u64| file.extend(field.to_le_bytes()));
    file.extend([0; 4]);
    [64, 56, segments, 64, count, 0].iter().for_each(|field: &u16| file.extend(field.to_le_bytes()));
    file
}

fn segment(kind: u32, flags: u32, offset: u64, address: u64, length: u64) -> Vec<u8> {
    let mut header = [kind.to_le_bytes(), flags.to_le_bytes()].concat();
    [offset, address, address, length, length, 0x1000].iter().for_each(|field| header.extend(field.to_le_bytes()));
    header
}

fn section(kind: u32, offset: u64, length: u64, link: u32) -> Vec<u8> {
    let mut header = [[0; 4], kind.to_le_bytes()].concat();
    [0, 0, offset, length].iter().for_each(|field| header.extend(field.to_le_bytes()));
    header.extend([link.to_le_bytes(), [0; 4]].concat());
    [1, 24].iter().for_each(|field: &u64| header.extend(field.to_le_bytes()));
    header
}

const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;
const EH_FRAME: u32 = 0x6474_e550;
const CODE: u32 = 5;

#[test]
fn what_is_no_file_is_not_waited_for() {
    let bench = Workbench::new();
    let fifo = bench.path("fifo");
    Program::new("mkfifo").args([&fifo]).run().success();
    symlink("loop", bench.path("loop")).unwrap();
    let long = format!("/tmp/{}", "x/".repeat(2500));
    for path in [bench.folder(), &fifo, &bench.path("loop"), Path::new("/dev/zero"), Path::new(&long)] {
        is_a_line(&sites(path));
    }
    is_a_line(&sites(&bench.file("empty", "")));
}

#[test]
fn counts_that_are_too_large_cost_nothing() {
    let bench = Workbench::new();
    let path = bench.path("file");
    let check = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        is_a_line_or_a_table(&sites(&path));
    };
    let page = |mut file: Vec<u8>| {
        file.resize(4096, 0x0f);
        file
    };
    check(&page(header(0xffff, 64, 0xffff)));
    check(&page(header(0xfffe, 0, 0)));
    // No count of sections: the length of the first is one.
    check(&page([header(0, 64, 0), section(0, 0, u64::MAX, 0)].concat()));
    check(&page([header(0, 64, 0), section(0, 0, 1 << 40, 0)].concat()));
    // Symbols and names that take all of the address space.
    for (offset, length) in [(0, u64::MAX), (u64::MAX, u64::MAX), (1 << 40, 1 << 40), (u64::MAX - 23, 24)] {
        let sections = [section(2, offset, length, 1), section(3, offset, length, 0)].concat();
        check(&page([header(0, 64, 2), sections].concat()));
        let segments = [segment(LOAD, CODE, offset, 0, length), segment(EH_FRAME, CODE, 0, offset, length)].concat();
        check(&page([header(2, 0, 0), segments].concat()));
    }
    // A hash table of the dynamic loader's that says how many symbols there are: as many as there can be.
    for tag in [4, 0x6fff_fef5_u64] {
        let segments = [segment(LOAD, CODE, 0, 0, 4096), segment(DYNAMIC, 4, 0x200, 0x200, 0x200)].concat();
        let mut file = page([header(2, 0, 0), segments].concat());
        let entries = [(tag, 0x400_u64), (5, 0x100), (6, 0), (10, 4096), (0, 0)];
        let entries: Vec<u8> =
            entries.iter().flat_map(|(tag, value)| [tag.to_le_bytes(), value.to_le_bytes()].concat()).collect();
        file[0x200..0x200 + entries.len()].copy_from_slice(&entries);
        for fill in [0x00, 0x01, 0x7f, 0xff] {
            file[0x400..0x440].fill(fill);
            check(&file);
        }
    }
}

/// A gigabyte that takes no space on the disk.
#[test]
fn a_gigabyte_of_nothing_costs_nothing() {
    let bench = Workbench::new();
    let path = bench.path("file");
    let length = 1 << 30;
    // All of it names; then all of it code as well.
    let sections = [section(2, 0x1000, 240, 1), section(3, 0x2000, length - 0x2000, 0)].concat();
    let names = [header(0, 64, 2), sections].concat();
    let table = segment(EH_FRAME, CODE, 0, 0x3000, 0x1000);
    let code = [header(2, 0, 0), segment(LOAD, CODE, 0, 0, length / 64), table].concat();
    for bytes in [names, code] {
        fs::write(&path, bytes).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        // The address space of a gigabyte, and what the command gets otherwise.
        let limited = Program::script("ulimit -v 1310720; exec \"$0\" sites \"$1\"");
        let started = Instant::now();
        is_a_line_or_a_table(&limited.args([Built::get().intercept(), path.clone()]).run());
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
}

/// As many segments as there can be, each of them all of the file, and a dynamic section that asks 65,536 times what is at an
/// address.
#[test]
fn segments_on_top_of_each_other_are_looked_at_once() {
    let bench = Workbench::new();
    let count = 0xfffe;
    let start = 64 + 56 * u64::from(count);
    let end = start + 0x20_0000;
    let mut file = header(count, 0, 0);
    file.extend(segment(DYNAMIC, 4, start, start, 0x10_0000));
    (1..u64::from(count)).for_each(|index| file.extend(segment(LOAD, CODE, 0, index, end)));
    // DT_STRTAB
    file.extend([[5, 0, 0, 0, 0, 0, 0, 0], [0xff; 8]].concat().repeat(0x1_0000));
    file.extend([0x0f, 0x05].repeat(0x8_0000));
    let path = bench.path("file");
    fs::write(&path, file).unwrap();
    is_a_line_or_a_table(&sites(&path));
}

/// The same bytes at two thousand addresses, which would make a file of 240 KiB an object of 480 MiB.
#[test]
fn bytes_that_are_in_many_places_are_looked_at_twice_at_most() {
    let bench = Workbench::new();
    let count = 2000;
    let length = 64 + 56 * u64::from(count) + 0x2_0000;
    let mut file = header(count, 0, 0);
    (1..=u64::from(count)).for_each(|index| file.extend(segment(LOAD, CODE, 0, index << 24, length)));
    file.extend([0x0f, 0x05].repeat(0x1_0000));
    let path = bench.path("file");
    fs::write(&path, file).unwrap();
    is_a_line_or_a_table(&sites(&path));
}

/// Sixteen system calls in each of as many segments as there can be.
#[test]
fn a_site_is_compared_with_its_neighbours_alone() {
    let bench = Workbench::new();
    let count = 0x8000;
    let start = 64 + 56 * u64::from(count);
    let mut file = header(count, 0, 0);
    (0..u64::from(count)).for_each(|index| {
        file.extend(segment(LOAD, CODE, start + 32 * index, 0x1_0000 + 64 * index, 32));
    });
    file.extend([0x0f, 0x05].repeat(16 * usize::from(count)));
    let path = bench.path("file");
    fs::write(&path, file).unwrap();
    let outcome = Program::new(Built::get().intercept()).args(["sites".as_ref(), path.as_os_str()]).run();
    assert!(outcome.success().stdout().contains("524288 sites: "));
}

#[test]
fn names_do_not_speak_to_the_terminal() {
    let bench = Workbench::new();
    let segments = segment(LOAD, CODE, 0, 0, 4096);
    let mut file = [header(1, 0x200, 2), segments].concat();
    file.resize(0x200, 0);
    file.extend(section(2, 0x300, 24, 1));
    file.extend(section(3, 0x400, 0x100, 0));
    file.resize(0x300, 0);
    // name, function, section 1, address, size
    file.extend([0, 0, 0, 0, 2, 0, 1, 0]);
    [0x800_u64, 0x100].iter().for_each(|field| file.extend(field.to_le_bytes()));
    file.resize(0x400, 0);
    file.extend(b"\x1b[31mred\0");
    file.resize(0x800, 0);
    file.extend([0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3]);
    file.resize(4096, 0xcc);
    let path = bench.path("file");
    fs::write(&path, file).unwrap();
    let outcome = sites(&path).success();
    is_a_line_or_a_table(&outcome);
    assert!(outcome.stdout().contains("getpid"), "{outcome}");
}

#[test]
fn a_libc_cut_short_is_a_line_or_a_table() {
    let bench = Workbench::new();
    let libc = fs::read(libc_path()).unwrap();
    let path = bench.path("libc");
    for length in [1, 4, 16, 52, 63, 64, 100, 0x300, 0x1000, libc.len() / 2, libc.len() - 1] {
        fs::write(&path, &libc[..length]).unwrap();
        is_a_line_or_a_table(&sites(&path));
    }
}
