//! Which calls come to hooks that want only some.

use crate::support::{Built, Program, Source, Workbench};

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

/// Where nobody could want a call at start, its site is as it was. A hook that comes later sees such calls where their number is in no
/// instruction, if it comes by a function that tells the library of it.
#[test]
fn what_nobody_wanted_at_start_hooks_that_come_later_do_not_see() {
    let bench = Workbench::new();
    // Not linked with the library, as plugins for `intercept run` may be. Those that are linked are loaded the same way.
    let plugin =
        |name, flags: &[&str]| Source::test("answers_getppid.c").shared().flags(flags).compile(&bench.path(name));
    let (added, assigned) = (plugin("added.so", &["-DADDED"]), plugin("assigned.so", &[]));
    let program = bench.program("opens_plugin");
    let opening = |plugin| Program::new(&program).args([plugin]);
    let traced = |plugin, calls: &str| {
        let trace = ["trace", "-o", "/dev/null", "-e", &format!("trace={calls}")].map(str::to_owned);
        opening(plugin).under(Built::get().intercept(), trace)
    };
    for plugin in [&added, &assigned] {
        for program in [opening(plugin).intercepted(), traced(plugin, "all"), traced(plugin, "getppid")] {
            assert_eq!(program.run().success().stdout(), "seen seen\n", "{program:?}");
        }
    }
    assert_eq!(traced(&added, "openat").run().success().stdout(), "unseen seen\n");
    assert_eq!(traced(&assigned, "openat").run().success().stdout(), "unseen unseen\n");
    // If there is somebody at start who may have hooks, nothing is left out.
    let linked = bench.plugin("forwarding_hook");
    for plugin in [&added, &assigned] {
        let program = traced(plugin, "openat").preload([&linked]);
        assert_eq!(program.run().success().stdout(), "seen seen\n", "{program:?}");
    }
}
