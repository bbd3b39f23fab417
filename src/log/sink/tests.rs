#![allow(unsafe_code, reason = "the tests do to descriptors what programs do to them")]

use std::fs;
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::*;

const LINE: &[u8] = b"a line\n";

/// Descriptors belong to the whole process: a number that one test has closed must not be opened by another.
pub(in crate::log) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sink() -> Box<Sink> {
    Box::new(Sink::new())
}

fn start(sink: &Sink, path: &Path, truncate: bool) -> Result<(), i32> {
    sink.start(path.as_os_str().as_bytes().iter().copied(), truncate)
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    (folder, log)
}

fn fifo(path: &Path) {
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).expect("no zero byte");
    // SAFETY: the path lives until the call returns.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

/// A reader that does not wait for a writer.
fn reader(path: &Path) -> fs::File {
    fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).expect("a reader")
}

fn closing(number: i64, args: [i64; 6]) -> Call<'static> {
    Call { number, args, object: b"", offset: 0 }
}

#[test]
fn a_log_is_emptied_or_continued() {
    let _alone = alone();
    let (_folder, path) = folder();
    let sink = sink();
    for (truncate, expected) in [(true, 1), (false, 2), (true, 1)] {
        assert_eq!(start(&sink, &path, truncate), Ok(()));
        sink.write(LINE);
        assert_eq!(fs::read(&path).expect("a log"), LINE.repeat(expected));
    }
    sink.stop();
    sink.write(LINE);
    assert_eq!(fs::read(&path).expect("a log"), LINE);
    assert_eq!(fs::metadata(&path).expect("a log").permissions().mode() & 0o777, MODE & 0o777);
}

#[test]
fn two_writers_append_to_one_file() {
    let _alone = alone();
    let (_folder, path) = folder();
    let sinks = [sink(), sink()];
    for sink in &sinks {
        assert_eq!(start(sink, &path, true), Ok(()));
    }
    (0..10).for_each(|_| sinks.iter().for_each(|sink| sink.write(LINE)));
    assert_eq!(fs::read(&path).expect("a log"), LINE.repeat(20));
}

#[test]
fn the_process_id_follows_a_dash() {
    let _alone = alone();
    let (folder, _) = folder();
    let sink = sink();
    assert_eq!(start(&sink, &folder.path().join("log-"), true), Ok(()));
    sink.write(LINE);
    let named = folder.path().join(format!("log-{}", std::process::id()));
    assert_eq!(fs::read(named).expect("a log with the process id"), LINE);
}

#[test]
fn the_descriptor_is_out_of_the_way_and_not_inherited_by_programs() {
    let _alone = alone();
    let (_folder, path) = folder();
    let sink = sink();
    assert_eq!(start(&sink, &path, true), Ok(()));
    let fd = sink.fd.load(Relaxed);
    assert!(fd as u64 >= descriptor_limit().min(HIGHEST) / 2 - ROOM_ABOVE, "{fd}");
    // SAFETY: reads a flag.
    assert_eq!(unsafe { libc::fcntl(fd, libc::F_GETFD) }, libc::FD_CLOEXEC);
}

#[test]
fn what_cannot_be_opened_is_reported_and_swallows_lines() {
    let _alone = alone();
    let (folder, path) = folder();
    let sink = sink();
    assert_eq!(start(&sink, folder.path(), true), Err(libc::EISDIR));
    assert_eq!(start(&sink, &path.join("below"), true), Err(libc::ENOENT));
    assert_eq!(start(&sink, Path::new(""), true), Err(libc::ENOENT));
    fifo(&path);
    assert_eq!(start(&sink, &path, true), Err(libc::ENXIO));
    assert!(!sink.is_on());
    sink.write(LINE);
}

#[test]
fn a_full_disk_loses_lines_and_nothing_else() {
    let _alone = alone();
    let sink = sink();
    assert_eq!(start(&sink, Path::new("/dev/full"), false), Ok(()));
    sink.write(LINE);
    assert!(sink.is_on(), "space may come back");
}

#[test]
fn a_descriptor_the_program_closed_is_opened_again() {
    let _alone = alone();
    let (_folder, path) = folder();
    let sink = sink();
    assert_eq!(start(&sink, &path, true), Ok(()));
    sink.write(LINE);
    // SAFETY: what a program does that closes all descriptors it can count to.
    assert_eq!(unsafe { libc::close(sink.fd.load(Relaxed)) }, 0);
    sink.write(LINE);
    assert_eq!(fs::read(&path).expect("a log"), LINE.repeat(2));
}

#[test]
fn lines_do_not_go_into_a_file_the_program_put_in_its_place() {
    let _alone = alone();
    let (folder, path) = folder();
    let sink = sink();
    assert_eq!(start(&sink, &path, true), Ok(()));
    let (fd, theirs) = (sink.fd.load(Relaxed), folder.path().join("theirs"));
    let file = fs::File::create(&theirs).expect("a file");
    // SAFETY: what the call that is noticed below does.
    assert_eq!(unsafe { libc::dup2(file.as_raw_fd(), fd) }, fd);
    sink.notice(&closing(libc::SYS_dup2, [i64::from(file.as_raw_fd()), i64::from(fd), 0, 0, 0, 0]));
    sink.write(LINE);
    assert_eq!(fs::read(&path).expect("a log"), LINE);
    assert_eq!(fs::read(&theirs).expect("a file"), b"");
    // SAFETY: the copy made above.
    unsafe { libc::close(fd) };
}

#[test]
fn only_calls_that_reach_the_descriptor_close_it() {
    let cases = [
        (libc::SYS_close, [7, 0, 0], true),
        (libc::SYS_close, [8, 0, 0], false),
        (libc::SYS_dup2, [1, 7, 0], true),
        (libc::SYS_dup2, [7, 7, 0], false),
        (libc::SYS_dup3, [1, 7, 0], true),
        (libc::SYS_dup, [7, 0, 0], false),
        (libc::SYS_close_range, [3, u32::MAX as i64, 0], true),
        (libc::SYS_close_range, [3, -1, 0], true),
        (libc::SYS_close_range, [8, -1, 0], false),
        (libc::SYS_close_range, [3, -1, libc::CLOSE_RANGE_CLOEXEC as i64], false),
    ];
    for (number, [a, b, c], expected) in cases {
        assert_eq!(closes(&closing(number, [a, b, c, 0, 0, 0]), 7), expected, "{number} {a} {b} {c}");
    }
}

#[test]
fn a_reader_that_leaves_ends_the_log_without_a_signal() {
    let _alone = alone();
    static SIGNALS: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn count(_: libc::c_int) {
        SIGNALS.fetch_add(1, Relaxed);
    }

    let (_folder, path) = folder();
    fifo(&path);
    let mut reader = reader(&path);
    let sink = sink();
    assert_eq!(start(&sink, &path, true), Ok(()));
    sink.write(LINE);
    let mut read = vec![0; LINE.len()];
    reader.read_exact(&mut read).expect("the line");
    assert_eq!(read, LINE);

    drop(reader);
    // SAFETY: the handler only counts.
    let before = unsafe { libc::signal(libc::SIGPIPE, count as *const () as libc::sighandler_t) };
    sink.write(LINE);
    // SAFETY: puts back what was there.
    unsafe { libc::signal(libc::SIGPIPE, before) };
    assert_eq!(SIGNALS.load(Relaxed), 0);
    assert!(!sink.is_on(), "nobody reads it");
}

#[test]
fn a_reader_that_does_not_read_is_waited_for_once() {
    let _alone = alone();
    let (_folder, path) = folder();
    fifo(&path);
    let _reader = reader(&path);
    let sink = sink();
    assert_eq!(start(&sink, &path, true), Ok(()));
    let started = Instant::now();
    // More than any pipe holds by default.
    (0..2000).for_each(|_| sink.write(&[b'x'; 1000]));
    let taken = started.elapsed();
    assert!(taken >= Duration::from_millis(PATIENCE_MS as u64 / 2), "{taken:?}");
    assert!(taken < Duration::from_millis(PATIENCE_MS as u64 * 5), "{taken:?}");
    assert!(sink.is_on());
}
