//! The failure policy: what cannot be done is said, and the program runs.

use std::fs;
use std::path::PathBuf;

use crate::support::{Outcome, Program, Source, Workbench};

struct Setting {
    _bench: Workbench,
    library: PathBuf,
    program: Program,
}

impl Setting {
    /// A program with a library whose name makes it part of libc, and in which one system call cannot be patched.
    fn new() -> Setting {
        let bench = Workbench::new();
        let library = Source::test("unpatchable.c").shared().compile(&bench.path("libpthread-unpatchable.so"));
        let [search, path] = ["-L", "-Wl,-rpath,"].map(|flag| format!("{flag}{}", bench.folder().display()));
        let source = Source::test("uses_unpatchable.c").flags(&[&search, &path, "-l:libpthread-unpatchable.so"]);
        let program = Program::new(source.compile(&bench.path("program")));
        assert_eq!(program.run().success().stdout(), "unpatchable bare, patchable bare, libc bare\n");
        let program = program.preload([bench.plugin("answers_getppid")]);
        Setting { _bench: bench, library, program }
    }

    /// The offset that the complaint names; the complaint must be the first line and name the library and a reason.
    #[track_caller]
    fn offset_in(&self, outcome: &Outcome) -> usize {
        let start = format!("libsyscall_intercept: {}+0x", self.library.display());
        let text = outcome.stderr();
        let rest = text.strip_prefix(&start).unwrap_or_else(|| panic!("{outcome}"));
        let (offset, reason) = rest.split_once(": ").unwrap();
        assert!(reason.starts_with("system call left alone: no room for a jump, here or nearby\n"), "{outcome}");
        usize::from_str_radix(offset, 16).unwrap()
    }
}

#[test]
fn everything_else_is_intercepted_and_the_site_is_named() {
    let setting = Setting::new();
    let outcome = setting.program.run().success();
    assert_eq!(outcome.stdout(), "unpatchable bare, patchable intercepted, libc intercepted\n");
    assert_eq!(outcome.stderr().lines().count(), 1, "{outcome}");
    let offset = setting.offset_in(&outcome);
    assert_eq!(fs::read(&setting.library).unwrap()[offset..offset + 2], [0x0f, 0x05]);
}

#[test]
fn strict_mode_does_not_start_such_a_program() {
    let setting = Setting::new();
    let outcome = setting.program.clone().env("INTERCEPT_STRICT", "1").run();
    assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(127), ""), "{outcome}");
    setting.offset_in(&outcome);
    assert!(
        outcome.stderr().ends_with("\nlibsyscall_intercept: INTERCEPT_STRICT=1: the program is not started\n"),
        "{outcome}"
    );
}

/// A second thread might be at an instruction that changes.
#[test]
fn a_program_that_has_threads_already_is_left_as_it_is() {
    let bench = Workbench::new();
    let plugin = bench.plugin("answers_getppid");
    let before = Source::test("comes_before.c").shared().flags(&["-DTHREAD"]).compile(&bench.path("before.so"));
    // Constructors run from the end of the list to its beginning.
    let library = bench.path("libsyscall_intercept.so.0");
    let early = Program::new(bench.program("says_getppid")).preload([&plugin, &library]);
    let opens = bench.program("opens_plugin");
    let opening = |args: &[&str]| Program::new(&opens).args(args.iter().copied()).args([&plugin]);

    assert!(early.clone().run().success().stdout().starts_with("libc intercepted, "));
    assert_eq!(opening(&[]).run().success().stdout(), "seen seen\n");
    for (program, says) in [(early.preload([before]), "libc bare, "), (opening(&["-t"]), "unseen unseen\n")] {
        let outcome = program.run().success();
        assert!(outcome.stdout().starts_with(says), "{outcome}");
        let complaint =
            "no system call is intercepted: the program has 1 other threads already; load the library with LD_PRELOAD";
        assert_eq!(outcome.stderr(), format!("libsyscall_intercept: {complaint}\n"), "{outcome}");
    }
}
