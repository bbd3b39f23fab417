//! What a plugin in Rust may do: `tests/plugin` does it, and `tests/c/calls_under_plugin.c` looks.

use crate::support::{Built, Program, Workbench};

fn program(bench: &Workbench, what: &str) -> Program {
    Program::new(bench.program("calls_under_plugin")).args([what]).preload([Built::get().test_plugin()])
}

#[test]
fn typed_arguments_are_read_and_changed_and_so_are_results() {
    let bench = Workbench::new();
    let program = program(&bench, "calls");
    for program in [program.clone(), program.env("INTERCEPT_LOG", bench.path("log"))] {
        let outcome = program.run().success();
        assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str()), ("to stdout\n", RECORD));
    }
}

/// What the plugin logs.
const RECORD: &str = "INFO test_plugin: 10 bytes go to stdout\n";

#[test]
fn records_of_a_plugin_go_to_a_file() {
    let bench = Workbench::new();
    let log = bench.file("records-of-before", "what was there\n");
    let outcome = program(&bench, "calls").env("LOG_RECORDS", &log).run().success();
    assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str()), ("to stdout\n", ""));
    assert_eq!(std::fs::read_to_string(log).unwrap(), format!("what was there\n{RECORD}"));
}

#[test]
fn a_plugin_that_panics_is_named_and_the_process_aborted() {
    let bench = Workbench::new();
    for what in ["before", "after"] {
        let outcome = program(&bench, what).run();
        assert_eq!(outcome.signal(), Some(libc::SIGABRT), "{what}: {outcome}");
        assert!(said(&outcome.stderr(), "has panicked: the process is aborted"), "{what}: {outcome}");
    }
}

#[test]
fn a_plugin_that_panics_is_asked_no_more_if_that_is_its_policy() {
    let bench = Workbench::new();
    let nothing = program(&bench, "nothing").run();
    assert_eq!(nothing.code(), Some(1), "the plugin works: {nothing}");
    for what in ["before", "after"] {
        let outcome = program(&bench, what).env("DISABLE_ON_PANIC", "1").run();
        // The program has got what the kernel said, and goes on without the plugin.
        assert_eq!(outcome.code(), Some(0), "{what}: {outcome}");
        assert!(said(&outcome.stderr(), "has panicked: it is asked no more"), "{what}: {outcome}");
    }
}

#[test]
fn a_plugin_that_faults_is_named_and_the_process_dies_of_it() {
    let bench = Workbench::new();
    for what in ["faults_before", "faults_after"] {
        let outcome = program(&bench, what).run();
        assert_eq!(outcome.signal(), Some(libc::SIGSEGV), "{what}: {outcome}");
        assert!(said(&outcome.stderr(), "; the process dies of it"), "{what}: {outcome}");
    }
}

#[test]
fn a_plugin_that_faults_is_asked_no_more_if_that_is_its_policy() {
    let bench = Workbench::new();
    for what in ["faults_before", "faults_after"] {
        let outcome = program(&bench, what).env("DISABLE_ON_FAULT", "1").run();
        assert_eq!(outcome.code(), Some(0), "{what}: {outcome}");
        assert!(said(&outcome.stderr(), "; it is asked no more"), "{what}: {outcome}");
    }
}

/// Whether one line says so of the plugin.
fn said(stderr: &str, what: &str) -> bool {
    let ours: Vec<&str> = stderr.lines().filter(|line| line.starts_with("libsyscall_intercept: ")).collect();
    matches!(ours[..], [line] if line.contains("libtest_plugin.so") && line.ends_with(what))
}
