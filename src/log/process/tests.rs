use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::super::memory::fake::Pieces;
use super::super::options::Options;
use super::super::sink::kernel;
use super::super::sink::tests::alone;
use super::super::trace::{ALL_IDS, NO_IDS};
use super::*;

const NOTHING: Pieces = Pieces(Vec::new());

struct Logs {
    log: Box<Log>,
    _folder: tempfile::TempDir,
    drop_in: PathBuf,
    trace: PathBuf,
}

impl Logs {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (drop_in, trace) = (folder.path().join("drop-in"), folder.path().join("trace"));
        Self { log: Box::new(Log::new()), _folder: folder, drop_in, trace }
    }

    fn start(&self) {
        self.log.drop_in.start(bytes(&self.drop_in), true);
        self.log.trace.start(bytes(&self.trace), true, NO_IDS);
        self.log.update();
        assert!(self.log.active.load(Relaxed));
    }

    fn read(&self) -> (String, String) {
        let read = |path| fs::read_to_string(path).expect("a log");
        (read(&self.drop_in), read(&self.trace))
    }
}

fn bytes(path: &Path) -> impl Iterator<Item = u8> {
    path.as_os_str().as_bytes().iter().copied()
}

fn call(number: i64, args: [i64; 6]) -> Call<'static> {
    Call { number, args, object: b"/lib/libc.so.6", offset: 0x1234 }
}

#[test]
fn a_call_is_two_lines_in_one_format_and_one_in_the_other() {
    let _alone = alone();
    let logs = Logs::new();
    logs.start();
    let close = call(libc::SYS_close, [99, 0, 0, 0, 0, 0]);
    logs.log.before(&close, false, &NOTHING);
    logs.log.after(&close, -9, "", true, &NOTHING);
    let (drop_in, trace) = logs.read();
    assert_eq!(
        drop_in,
        "/lib/libc.so.6 0x1234 -- close(99) = ?\n/lib/libc.so.6 0x1234 -- close(99) = -9 EBADF (Bad file number)\n"
    );
    assert_eq!(trace, "close(99) = -1 EBADF (Bad file descriptor)\n");
}

#[test]
fn a_call_that_waits_for_nobody_is_logged_when_it_is_over() {
    let _alone = alone();
    let logs = Logs::new();
    logs.start();
    let getpid = call(libc::SYS_getpid, [0; 6]);
    let line = |result: &str| format!("/lib/libc.so.6 0x1234 -- getpid(){result}\n");
    logs.log.before(&getpid, false, &NOTHING);
    assert_eq!(logs.read().0, "");
    logs.log.after(&getpid, 7, "", true, &NOTHING);
    assert_eq!(logs.read().0, line(" = ?") + &line(" = 7"));

    // Two lines that are too long for one write.
    let object = [b'x'; 600];
    let far = Call { object: &object, ..getpid };
    logs.log.after(&far, 7, "", true, &NOTHING);
    let log = logs.read().0;
    let ends: Vec<&str> = log.lines().skip(2).map(|line| line.trim_start_matches('x')).collect();
    assert_eq!(ends, [" 0x1234 -- getpid() = ?", " 0x1234 -- getpid() = 7"]);
}

#[test]
fn what_a_filter_may_kill_for_is_logged_before() {
    let _alone = alone();
    let install = [
        call(libc::SYS_prctl, [libc::PR_SET_SECCOMP.into(), libc::SECCOMP_MODE_FILTER.into(), 0, 0, 0, 0]),
        call(libc::SYS_seccomp, [libc::SECCOMP_SET_MODE_FILTER.into(), 0, 0, 0, 0, 0]),
    ];
    for install in install {
        let logs = Logs::new();
        logs.start();
        logs.log.before(&install, false, &NOTHING);
        logs.log.before(&call(libc::SYS_getpid, [0; 6]), false, &NOTHING);
        assert!(logs.read().0.ends_with(" -- getpid() = ?\n"));
    }
}

#[test]
fn a_trace_shows_calls_that_do_not_return_before_they_are_made() {
    let _alone = alone();
    let logs = Logs::new();
    logs.start();
    logs.log.before(&call(libc::SYS_execve, [0; 6]), false, &NOTHING);
    logs.log.after(&call(libc::SYS_execve, [0; 6]), -14, "", true, &NOTHING);
    logs.log.before(&call(libc::SYS_vfork, [0; 6]), true, &NOTHING);
    logs.log.before(&call(libc::SYS_exit_group, [3, 0, 0, 0, 0, 0]), false, &NOTHING);
    assert_eq!(
        logs.read().1,
        "execve(NULL, NULL, NULL) = ?\nexecve(NULL, NULL, NULL) = -1 EFAULT (Bad address)\nvfork() = ?\n\
         exit_group(3) = ?\n+++ exited with 3 +++\n"
    );
}

#[test]
fn a_trace_names_every_thread_but_the_first() {
    let _alone = alone();
    let logs = Logs::new();
    logs.start();
    let getpid = call(libc::SYS_getpid, [0; 6]);
    for first in [NO_IDS, kernel::thread(), ALL_IDS] {
        logs.log.trace.start(bytes(&logs.trace), false, first);
        logs.log.after(&getpid, 1, "", true, &NOTHING);
    }
    let expected = format!("getpid() = 1\ngetpid() = 1\n[pid {:>5}] getpid() = 1\n", kernel::thread());
    assert_eq!(logs.read().1, expected);
}

#[test]
fn magic_writes_start_and_stop_the_log() {
    let _alone = alone();
    let logs = Logs::new();
    let path = [logs.drop_in.as_os_str().as_bytes(), b"\0"].concat();
    let memory = Pieces(vec![
        (0x1000, b"SYSCALL_INTERCEPT_TEST_START_LOG\0".to_vec()),
        (0x2000, b"SYSCALL_INTERCEPT_TEST_STOP_LOG\0".to_vec()),
        (0x3000, path),
    ]);
    let write = |text, length| call(libc::SYS_write, [123, text, length, 0x3000, 0, 0]);
    let close = call(libc::SYS_close, [99, 0, 0, 0, 0, 0]);

    assert_eq!(logs.log.obey(&write(0x1000, 33), &memory), Some(33));
    assert!(logs.log.active.load(Relaxed));
    logs.log.before(&close, false, &memory);
    assert_eq!(logs.log.obey(&write(0x2000, 32), &memory), Some(32));
    assert!(!logs.log.active.load(Relaxed));
    logs.log.before(&close, false, &memory);

    assert_eq!(logs.log.obey(&write(0x1000, 0), &memory), None);
    assert_eq!(fs::read_to_string(&logs.drop_in).expect("a log"), "/lib/libc.so.6 0x1234 -- close(99) = ?\n");
}

#[test]
fn an_empty_path_is_no_log() {
    let log = Box::new(Log::new());
    log.drop_in.start(std::iter::empty(), true);
    log.trace.start(std::iter::empty(), true, NO_IDS);
    log.update();
    assert!(!log.active.load(Relaxed));
}

#[test]
fn options_of_a_trace_do_not_change_the_other_log() {
    let _alone = alone();
    let logs = Logs::new();
    logs.start();
    let options = Options::parse("paths hexadecimal=all strings=2 column=60").options;
    let memory = Pieces(vec![(0x1000, b"text".to_vec())]);
    let open = fs::File::open(&logs.drop_in).expect("a file");
    let write = call(libc::SYS_write, [open.as_raw_fd().into(), 0x1000, 4, 0, 0, 0]);
    let lines = |options: Options| {
        options.become_those_of_process();
        logs.log.before(&write, false, &memory);
        logs.log.after(&write, 4, "", true, &memory);
        logs.read()
    };
    let plain = lines(Options::DEFAULT);
    let chosen = lines(options);
    Options::DEFAULT.become_those_of_process();
    let again = plain.0.repeat(2);
    assert!(again.contains("\"text\", 4) = 4\n"), "{again}");
    assert_eq!(chosen.0, again);
    assert!(chosen.1.contains(">, \"\\x74\\x65\"..., 4)"), "{}", chosen.1);
}
