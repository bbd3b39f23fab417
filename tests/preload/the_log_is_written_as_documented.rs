//! `INTERCEPT_LOG`: what is in the file, and what becomes of the program.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Outcome, Program, Workbench};

struct Setting {
    bench: Workbench,
    program: Program,
    log: PathBuf,
}

impl Setting {
    /// A program that makes some calls, intercepted, and where it may log to.
    fn new() -> Setting {
        let bench = Workbench::new();
        let program = Program::new(bench.program("logged_calls")).args([bench.path("file")]).intercepted();
        let log = bench.path("log");
        Setting { bench, program, log }
    }

    fn log_to(&self, path: impl Into<PathBuf>) -> Program {
        self.program.clone().env("INTERCEPT_LOG", path.into())
    }
}

/// The ids the program says it and its child have.
fn process_ids(outcome: &Outcome) -> (String, String) {
    let text = outcome.stdout();
    let (child, own) = text.strip_prefix("child ").and_then(|rest| rest.trim_end().split_once(" of ")).unwrap();
    (child.to_owned(), own.to_owned())
}

/// What stands behind the place, in every line between two calls of `close`.
fn calls(log: &str) -> Vec<&str> {
    let calls = log.lines().map(|line| line.split_once(" -- ").unwrap_or_else(|| panic!("{line}")).1);
    let calls = calls.skip_while(|call| !call.starts_with("close(1001) = -9"));
    calls.take_while(|call| !call.starts_with("close(1003) = -9")).collect()
}

#[test]
fn each_call_is_a_line_before_and_a_line_after() {
    let setting = Setting::new();
    let outcome = setting.log_to(&setting.log).run().success();
    let log = fs::read_to_string(&setting.log).unwrap();
    let (child, _) = process_ids(&outcome);
    let file = setting.bench.path("file");
    let lines = calls(&log);
    let expected = [
        r#"openat(AT_FDCWD, "/no/such/file", O_RDONLY) = ?"#.to_owned(),
        r#"openat(AT_FDCWD, "/no/such/file", O_RDONLY) = -2 ENOENT (No such file or directory)"#.to_owned(),
        format!(r#"openat(AT_FDCWD, "{}", O_RDWR | O_CREAT | O_TRUNC, 0644) = ?"#, file.display()),
        format!(r#"openat(AT_FDCWD, "{}", O_RDWR | O_CREAT | O_TRUNC, 0644) = 3"#, file.display()),
        r#"write(3, "a\tb\n\"c\"\x01", 8) = ?"#.to_owned(),
        r#"write(3, "a\tb\n\"c\"\x01", 8) = 8"#.to_owned(),
        "lseek(3, 0, SEEK_SET) = ?".to_owned(),
        "lseek(3, 0, SEEK_SET) = 0".to_owned(),
    ];
    assert_eq!(lines[1..=expected.len()], expected, "{log}");
    // What is read is there afterwards only.
    let rest = &lines[1 + expected.len()..];
    assert!(rest[0].starts_with("read(3, 0x0000") && rest[0].ends_with(", 16) = ?"), "{log}");
    assert_eq!(rest[1], r#"read(3, "a\tb\n\"c\"\x01", 16) = 8"#);
    for call in [
        "openat(AT_FDCWD, 0x0000000000001234, O_RDONLY) = -14 EFAULT (Bad address)",
        "openat(AT_FDCWD, (null), O_RDONLY) = -14 EFAULT (Bad address)",
        "write(3, 0x0000000000001234, 5) = -14 EFAULT (Bad address)",
    ] {
        assert!(rest.contains(&call), "{call}: {log}");
    }
    let unknown = |line: &&&str| line.starts_with("syscall(600, 0x1, ");
    assert_eq!(rest.iter().filter(unknown).count(), 2, "{log}");
    assert!(rest.iter().find(unknown).unwrap().ends_with(") = ?"), "{log}");
    assert!(rest.iter().any(|line| line.starts_with("wait4(") && line.ends_with(&format!(" = {child}"))), "{log}");
}

#[test]
fn a_forked_child_goes_on_in_the_same_file() {
    let setting = Setting::new();
    setting.log_to(&setting.log).run().success();
    let log = fs::read_to_string(&setting.log).unwrap();
    assert!(calls(&log).contains(&"close(1002) = -9 EBADF (Bad file number)"), "{log}");
}

#[test]
fn the_place_is_that_of_a_syscall_instruction_in_a_file() {
    let setting = Setting::new();
    setting.log_to(&setting.log).run().success();
    let log = fs::read_to_string(&setting.log).unwrap();
    let mut files: HashMap<&str, Vec<u8>> = HashMap::new();
    for line in log.lines() {
        let (object, offset) = line.split_once(" -- ").unwrap().0.rsplit_once(" 0x").unwrap();
        let bytes = files.entry(object).or_insert_with(|| fs::read(object).unwrap());
        let offset = usize::from_str_radix(offset, 16).unwrap();
        assert_eq!(bytes[offset..offset + 2], [0x0f, 0x05], "{line}");
    }
    assert!(!files.is_empty());
}

#[test]
fn a_call_that_a_hook_answers_is_logged_with_that_answer() {
    let setting = Setting::new();
    let program =
        Program::new(setting.bench.program("says_getppid")).preload([setting.bench.plugin("answers_getppid")]);
    program.env("INTERCEPT_LOG", &setting.log).run().success();
    let log = fs::read_to_string(&setting.log).unwrap();
    // getppid, which has no name in the original's log.
    let answer = |line: &str| line.contains(" -- syscall(110, ") && line.ends_with(") = 4242");
    assert!(log.lines().any(answer), "{log}");
}

#[test]
fn a_path_that_ends_in_a_dash_gets_the_process_id() {
    let setting = Setting::new();
    let outcome = setting.log_to(setting.bench.path("log-")).run().success();
    let (_, own) = process_ids(&outcome);
    let log = fs::read_to_string(setting.bench.path(&format!("log-{own}"))).unwrap();
    assert!(calls(&log).len() > 10, "{log}");
    assert!(!setting.bench.path("log-").exists());
}

#[test]
fn a_log_is_begun_anew_or_continued() {
    let setting = Setting::new();
    let length = || fs::metadata(&setting.log).unwrap().len();
    let starts_with_note = || fs::read_to_string(&setting.log).unwrap().starts_with("a note\n");
    for (value, kept) in [(None, false), (Some("1"), false), (Some("0"), true), (Some("0x"), true)] {
        fs::write(&setting.log, "a note\n").unwrap();
        let program = setting.log_to(&setting.log);
        value
            .map_or_else(|| program.clone(), |value| program.clone().env("INTERCEPT_LOG_TRUNC", value))
            .run()
            .success();
        assert_eq!(starts_with_note(), kept, "INTERCEPT_LOG_TRUNC={value:?}");
        assert!(length() > 1000);
    }
}

#[test]
fn an_empty_path_is_no_log() {
    let setting = Setting::new();
    let outcome = setting.log_to("").folder(setting.bench.empty_folder("here")).run().success();
    assert_eq!(outcome.stderr(), "");
    assert_eq!(fs::read_dir(setting.bench.path("here")).unwrap().count(), 0);
}

#[test]
fn a_full_disk_disturbs_nobody() {
    let outcome = Setting::new().log_to("/dev/full").run().success();
    assert_eq!(outcome.stderr(), "");
    process_ids(&outcome);
}

#[test]
fn a_path_that_cannot_be_written_costs_one_line() {
    let outcome = Setting::new().log_to("/no/such/folder/log").run().success();
    process_ids(&outcome);
    let text = outcome.stderr();
    assert!(text.lines().count() == 1 && text.contains("/no/such/folder/log"), "{outcome}");
}

fn magic(bench: &Workbench, log: &Path) -> Program {
    Program::new(bench.program("magic_log")).args([log]).intercepted()
}

#[test]
fn magic_writes_start_and_stop_it_where_they_are_honoured() {
    let bench = Workbench::new();
    let log = bench.path("log");
    magic(&bench, &log).env("INTERCEPT_MAGIC_LOG", "1").run().success();
    let log = fs::read_to_string(log).unwrap();
    let calls: Vec<&str> = log.lines().map(|line| line.split_once(" -- ").unwrap().1).collect();
    assert_eq!(calls, ["close(1002) = ?", "close(1002) = -9 EBADF (Bad file number)"]);
}

#[test]
fn magic_writes_are_ordinary_ones_where_they_are_not() {
    let bench = Workbench::new();
    let log = bench.path("log");
    for program in [magic(&bench, &log), magic(&bench, &log).env("INTERCEPT_MAGIC_LOG", "0")] {
        let outcome = program.run();
        assert_eq!((outcome.code(), outcome.stderr().as_str()), (Some(2), ""), "{outcome}");
        assert!(!log.exists());
    }
}
