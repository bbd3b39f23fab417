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
