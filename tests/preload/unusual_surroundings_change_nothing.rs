//! Programs that leave a hook, or the library, little to work with.

use std::fs;

use crate::support::{Program, Workbench};

/// Runs a program bare and under everything that can look at a call; it says the same each time.
fn is_as_it_was(name: &str) {
    let bench = Workbench::new();
    let program = Program::new(bench.program(name));
    let bare = program.run().success();
    let (plugin, log) = (bench.plugin("forwarding_hook"), bench.path("log"));
    let hooked = || program.clone().preload([&plugin]);
    assert_eq!(hooked().run(), bare);
    assert_eq!(hooked().env("OBSERVE", "1").run(), bare);
    assert_eq!(hooked().env("OBSERVE", "1").env("INTERCEPT_LOG", &log).run(), bare);
    assert!(fs::metadata(log).unwrap().len() > 0);
}

#[test]
fn the_smallest_stacks_are_large_enough() {
    is_as_it_was("small_stacks");
}

#[test]
fn a_sandbox_that_hides_memory_may_make_threads_and_processes() {
    is_as_it_was("sandboxed_threads");
}

/// The library itself looks at memory as it likes, and copies it upwards.
#[test]
fn flags_that_libc_never_sets_may_be_set_while_calls_are_logged() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("checks_alignment"));
    let bare = program.run().success();
    let (plugin, log) = (bench.plugin("forwarding_hook"), bench.path("log"));
    for program in [program.clone().intercepted(), program.preload([&plugin]).env("OBSERVE", "1")] {
        assert_eq!(program.env("INTERCEPT_LOG", &log).run(), bare);
        let text = fs::read_to_string(&log).unwrap();
        // A line before and a line after each of six calls of getppid, which the original had no name for.
        assert_eq!(text.lines().filter(|line| line.contains(" -- syscall(110,")).count(), 12, "{text}");
    }
}
