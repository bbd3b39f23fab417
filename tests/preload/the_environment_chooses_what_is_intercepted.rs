//! The `INTERCEPT_` variables, but for the log's.

use std::os::unix::fs::symlink;

use syscall_intercept::object::file::File;
use syscall_intercept::{disasm, patch};

use crate::support::{Program, Workbench, libc_path};

struct Setting {
    bench: Workbench,
    program: Program,
}

impl Setting {
    /// A program that says which of its calls are intercepted, under a plugin that makes it visible.
    fn new() -> Setting {
        let bench = Workbench::new();
        let program = Program::new(bench.program("says_getppid")).preload([bench.plugin("answers_getppid")]);
        Setting { bench, program }
    }

    #[track_caller]
    fn says(&self, program: Program, expected: &str) {
        let outcome = program.run().success();
        assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str()), (expected, ""));
    }
}

const LIBC_ALONE: &str = "libc intercepted, own bare, allowed 1\n";
const EVERYTHING: &str = "libc intercepted, own intercepted, allowed 1\n";
const NOTHING: &str = "libc bare, own bare, allowed 0\n";

#[test]
fn by_default_it_is_libc_alone() {
    let setting = Setting::new();
    setting.says(setting.program.clone(), LIBC_ALONE);
}

#[test]
fn all_objects_includes_the_executable_whatever_the_variable_says() {
    let setting = Setting::new();
    for value in ["1", "0", ""] {
        setting.says(setting.program.clone().env("INTERCEPT_ALL_OBJS", value), EVERYTHING);
    }
}

#[test]
fn a_filter_names_the_program_or_its_last_component() {
    let setting = Setting::new();
    let whole = setting.bench.path("says_getppid");
    for filter in ["says_getppid".as_ref(), whole.as_path()] {
        setting.says(setting.program.clone().env("INTERCEPT_HOOK_CMDLINE_FILTER", filter), LIBC_ALONE);
    }
    for filter in ["says", "getppid", "xsays_getppid", "says_getppid ", "./says_getppid", ""] {
        setting.says(setting.program.clone().env("INTERCEPT_HOOK_CMDLINE_FILTER", filter), NOTHING);
    }
}

#[test]
fn a_filter_is_about_the_name_a_program_is_called_by() {
    let setting = Setting::new();
    symlink(setting.bench.path("says_getppid"), setting.bench.path("other name")).unwrap();
    let other = Program::new(setting.bench.path("other name")).preload([setting.bench.path("answers_getppid.so")]);
    setting.says(other.clone().env("INTERCEPT_HOOK_CMDLINE_FILTER", "other name"), LIBC_ALONE);
    setting.says(other.env("INTERCEPT_HOOK_CMDLINE_FILTER", "says_getppid"), NOTHING);
}

#[test]
fn a_filtered_program_logs_nothing_and_needs_nothing() {
    let setting = Setting::new();
    let log = setting.bench.path("log");
    let program = setting.program.clone().env("INTERCEPT_LOG", &log).env("INTERCEPT_STRICT", "1");
    setting.says(program.env("INTERCEPT_HOOK_CMDLINE_FILTER", "another"), NOTHING);
    assert!(!log.exists());
}

#[test]
fn the_variable_that_forbade_trampolines_changes_nothing() {
    let setting = Setting::new();
    setting.says(setting.program.clone().env("INTERCEPT_NO_TRAMPOLINE", "1"), LIBC_ALONE);
}

#[test]
fn strict_mode_starts_a_program_that_can_be_intercepted() {
    let setting = Setting::new();
    setting.says(setting.program.clone().env("INTERCEPT_STRICT", "1"), LIBC_ALONE);
}

#[test]
fn a_dump_has_a_line_for_each_site() {
    let file = File::open(&libc_path()).unwrap();
    let elf = file.parse().unwrap();
    let patches = patch::plan(&disasm::locate(&elf.image(), &elf.functions()).unwrap());

    let outcome = Program::new("true").intercepted().env("INTERCEPT_DEBUG_DUMP", "1").run().success();
    let text = outcome.stderr();
    let about_sites: Vec<&str> = text.lines().filter(|line| line.contains("/libc.so.6+0x")).collect();
    assert_eq!(about_sites.len(), patches.len(), "{text}");
    assert!(about_sites.iter().all(|line| line.starts_with("libsyscall_intercept: /")), "{text}");
    assert!(
        about_sites.iter().filter(|line| line.ends_with(": in place")).count() > 400 * patches.len() / 500,
        "{text}"
    );
}

#[test]
fn the_times_are_one_line_with_every_stage() {
    let outcome = Program::new("true").intercepted().env("INTERCEPT_TIMES", "1").run().success();
    let text = outcome.stderr();
    let times = text.strip_prefix("libsyscall_intercept: times: ").and_then(|times| times.strip_suffix('\n'));
    let words: Vec<&str> = times.unwrap_or_else(|| panic!("{text}")).split(' ').collect();
    let names: Vec<&str> = words.iter().copied().step_by(2).collect();
    assert_eq!(names, ["find", "locate", "plan", "emit", "write", "activate", "sites", "code"], "{text}");
    assert!(words.iter().skip(1).step_by(2).all(|figure| figure.parse::<u64>().is_ok_and(|it| it > 0)), "{text}");

    let outcome = Program::new("true").intercepted().env("INTERCEPT_TIMES", "0").run().success();
    assert_eq!(outcome.stderr(), "");
}
