//! What signals interrupt, what their handlers see, and what of it is intercepted.

use crate::support::{Program, Source, Unnoticed, Workbench, rounds};

/// A program of `tests/c` that says where things are in it.
#[track_caller]
fn the_same(name: &str, what: &str) {
    let bench = Workbench::new();
    let source = Source::test(&format!("{name}.c")).flags(&["-pthread", "-rdynamic", "-fno-omit-frame-pointer"]);
    let program = Program::new(source.compile(&bench.path(name)));
    Unnoticed::at(bench, program).does(&[what]);
}

#[test]
fn calls_restart_after_handlers_that_ask_for_it() {
    the_same("disturbed_calls", "restart");
}

#[test]
fn calls_fail_with_eintr_after_other_handlers() {
    the_same("disturbed_calls", "fail");
}

#[test]
fn calls_go_on_after_stop_and_continue() {
    the_same("disturbed_calls", "stop");
}

#[test]
fn handlers_nest_reset_and_block_as_their_flags_say() {
    the_same("signals", "flags");
}

#[test]
fn handlers_run_on_the_stack_they_were_given() {
    the_same("signals", "stacks");
}

#[test]
fn signals_arrive_through_descriptors_and_timers() {
    the_same("signals", "descriptors");
}

#[test]
fn a_handler_that_interrupts_a_blocked_call_finds_the_thread_in_libc() {
    the_same("disturbed_code", "context");
}

#[test]
fn a_handler_that_mends_a_fault_finds_where_it_was() {
    the_same("disturbed_code", "faults");
}

#[test]
fn sigaction_tells_the_handlers_of_the_program() {
    the_same("handlers_told", "queries");
}

#[test]
fn the_child_of_a_vfork_has_handlers_of_its_own() {
    the_same("handlers_told", "vforked");
}

/// A program that gets signal after signal, 20 us apart.
#[track_caller]
fn storm(ways: [&str; 3]) {
    let bench = Workbench::new();
    let program = Program::new(bench.linked_program("signal_storm"));
    for way in ways {
        program.clone().args([way, &rounds(5_000, 200_000).to_string()]).run().success();
    }
}

#[test]
fn in_a_storm_of_signals_every_call_is_seen_once() {
    storm(["forward", "observe", "answer"]);
}

#[test]
fn handlers_may_jump_out_of_program_crossing_and_hook() {
    storm(["jforward", "jobserve", "janswer"]);
}

#[test]
fn an_exception_leaves_a_handler_through_the_call_it_has_interrupted() {
    let bench = Workbench::new();
    let source = Source::test("throws.cpp").compiler("g++", "c++").flags(&["-pthread", "-fnon-call-exceptions"]);
    let program = Program::new(source.compile(&bench.path("throws")));
    Unnoticed::at(bench, program).does(&[]);
}

#[test]
fn a_handler_that_interrupts_a_stub_finds_the_way_back_to_the_program() {
    Unnoticed::program("cancelled_at_each_instruction").untraced().does(&["unwinding", "1"]);
}
