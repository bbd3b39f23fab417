//! Which calls come to hooks that want only some.

use crate::support::{Program, Source, Workbench};

fn check(flags: &[&str]) {
    let bench = Workbench::new();
    let source = Source::test("subscribes.c").flags(flags).linked(bench.folder());
    let program = Program::new(source.compile(&bench.path("subscribes")));
    program.clone().run().success();
    // Who logs sees everything, and hooks see what they want nevertheless.
    let log = bench.path("log");
    if flags.is_empty() {
        program.env("INTERCEPT_LOG", &log).run().success();
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("getuid()") && log.contains("openat("), "{log}");
    }
}

#[test]
fn declared_before_anything_is_patched() {
    check(&["-DDECLARED"]);
}

#[test]
fn said_and_changed_at_run_time() {
    check(&[]);
}
