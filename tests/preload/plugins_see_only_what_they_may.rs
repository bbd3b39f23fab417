//! `intercept run --only`, which is `INTERCEPT_ONLY`.

use std::path::Path;

use crate::support::{Built, Program, Source, Workbench};

/// Makes calls of many kinds, threads and processes, and says what its parent is.
const SCRIPT: &str = "import os, threading, signal, subprocess
signal.signal(signal.SIGUSR1, lambda *_: None)
thread = threading.Thread(target=os.getpid); thread.start(); thread.join()
print(os.getppid(), len(os.listdir('/')) > 0, subprocess.call(['true']))";

fn only(set: &str, plugin: &Path) -> Program {
    let program = Program::new(Built::get().intercept()).args(["run", "--only", set, "--plugin"]).args([plugin]);
    program.args(["/usr/bin/python3", "-c", SCRIPT])
}

#[test]
fn a_plugin_in_c_that_wants_all() {
    let bench = Workbench::new();
    let plugin = Source::test("answers_getppid.c").shared().flags(&["-DALONE"]).linked(bench.folder());
    let plugin = plugin.compile(&bench.path("plugin.so"));
    let program = only("getppid", &plugin);
    let log = bench.path("log");
    // A log sees all, and injections come to the library: plugins see no more for it.
    let ways = [
        program.clone(),
        program.clone().env("INTERCEPT_LOG", &log).env("INTERCEPT_LOG_TRUNC", "0"),
        program.clone().env("INTERCEPT_INJECT", "getpid,openat,clone,clone3:delay_enter=1"),
    ];
    for program in ways {
        assert_eq!(program.run().success().stdout(), "4242 True 0\n", "{program:?}");
    }
    assert!(std::fs::read_to_string(log).unwrap().contains("openat("));
    assert_eq!(only("all", &plugin).run().signal(), Some(libc::SIGABRT));
    for set in ["none", "%lstat"] {
        let outcome = only(set, &plugin).run().success();
        assert!(!outcome.stdout().starts_with("4242 "), "{outcome}");
    }
}

#[test]
fn a_plugin_that_contains_the_library() {
    let plugin = Built::get().no_directories();
    let outcome = only("getppid", &plugin).run().success();
    assert!(outcome.stdout().ends_with(" True 0\n"), "{outcome}");
    let by_hand = Program::new("ls").preload([&plugin]).env("INTERCEPT_ONLY", "getppid").args(["/"]);
    by_hand.run().success();
    assert_eq!(only("getppid,getdents64", &plugin).run().code(), Some(1));
}

/// How many stubs there are in libc.
fn stubs(program: &Program) -> usize {
    let text = program.clone().env("INTERCEPT_DEBUG_DUMP", "1").run().success().stderr();
    let line = text.lines().find(|line| line.contains(" stubs at ")).unwrap();
    line.split(' ').nth(2).unwrap().parse().unwrap()
}

#[test]
fn the_code_of_other_calls_is_left_alone() {
    let plugin = Built::get().open_redirect();
    let program = |set: &str| only(set, &plugin);
    let [none, one, all] = ["none", "chdir", "all"].map(|set| stubs(&program(set)));
    // What the library has to see, and sites whose number is not constant, remain.
    assert!(none < one && 2 * one < all, "{none} {one} {all}");
    let injected = stubs(&program("none").env("INTERCEPT_INJECT", "chdir:error=EIO"));
    assert_eq!(injected, one);
}

#[test]
fn a_set_that_is_none_is_said_so() {
    let plugin = Built::get().open_redirect();
    let outcome = only("getpid,opena", &plugin).run();
    assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(1), ""), "{outcome}");
    assert_eq!(outcome.stderr(), "intercept: opena: no such system call; is it openat?\n");
    let outcome = Program::new("true").intercepted().env("INTERCEPT_ONLY", "opena\x1b").run().success();
    let expected = "libsyscall_intercept: INTERCEPT_ONLY: opena\\u{1b}: no such system call; ";
    assert!(outcome.stderr().starts_with(expected) && outcome.stderr().lines().count() == 1, "{outcome}");
}
