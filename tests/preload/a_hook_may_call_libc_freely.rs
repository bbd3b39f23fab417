//! The guard: what a hook calls passes straight through, and what the program calls does not.

use crate::support::{Program, Source, Workbench};

#[test]
fn a_busy_hook_on_several_threads_never_meets_itself() {
    Workbench::new().holds("busy_hook");
}

#[test]
fn a_hook_that_a_signal_handler_interrupts_never_meets_itself() {
    Workbench::new().holds("hook_is_interrupted");
}

#[test]
fn a_hook_left_by_longjmp_leaves_the_thread_intercepted() {
    Workbench::new().holds("hook_left_by_longjmp");
}

#[test]
fn a_hook_left_by_an_exception_leaves_nothing_behind() {
    let bench = Workbench::new();
    let source = Source::test("hook_left_by_exception.cpp").compiler("g++", "c++").flags(&["-pthread"]);
    let program = source.linked(bench.folder()).compile(&bench.path("hook_left_by_exception"));
    let outcome = Program::new(program).run();
    assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{outcome}");
}

#[test]
fn a_hook_left_by_longjmp_leaves_calls_from_farther_down_the_stack_intercepted() {
    let bench = Workbench::new();
    Program::new(bench.linked_program("hook_left_by_longjmp")).args(["deeper"]).run().success();
}

/// A program that allocates and loads libraries, under a hook that does so too with every call but what it is told to spare.
#[track_caller]
fn re_entered(threads: &str, variables: &[&str]) {
    let bench = Workbench::new();
    let program = Program::new(bench.program("allocates_and_loads")).args([threads]);
    assert_eq!(program.run().success().stdout(), "well\n");
    let hooked = program.preload([bench.plugin("re_entrant_hook")]);
    let hooked = variables.iter().fold(hooked, |hooked, variable| hooked.env(variable, "1"));
    assert_eq!(hooked.run().success().stdout(), "well\n");
}

#[test]
fn a_hook_may_allocate_print_lock_and_open_in_any_call() {
    re_entered("one", &["BUT_NOT_IN_MALLOC"]);
}

#[test]
fn a_hook_may_allocate_print_lock_and_open_on_any_thread() {
    re_entered("threads", &["BUT_NOT_IN_MALLOC"]);
}

#[test]
fn a_hook_may_load_libraries_inside_dlopen() {
    re_entered("one", &["BUT_NOT_IN_MALLOC", "LINKS", "INTERCEPT_ALL_OBJS"]);
}
