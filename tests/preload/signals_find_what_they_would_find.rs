//! What signals interrupt, what their handlers see, and what of it is intercepted.

use crate::support::{Program, Source, Unnoticed, Workbench, rounds};

fn signals() -> Unnoticed {
    let bench = Workbench::new();
    let source = Source::test("signals.c").flags(&["-pthread", "-rdynamic", "-fno-omit-frame-pointer"]);
    let program = Program::new(source.compile(&bench.path("signals")));
    Unnoticed::at(bench, program)
}

#[test]
fn calls_restart_after_handlers_that_ask_for_it() {
    signals().does(&["restart"]);
}

#[test]
fn calls_fail_with_eintr_after_other_handlers() {
    signals().does(&["fail"]);
}

#[test]
fn calls_go_on_after_stop_and_continue() {
    signals().does(&["stop"]);
}

#[test]
fn handlers_nest_reset_and_block_as_their_flags_say() {
    signals().does(&["flags"]);
}

#[test]
fn handlers_run_on_the_stack_they_were_given() {
    signals().does(&["stacks"]);
}

#[test]
fn signals_arrive_through_descriptors_and_timers() {
    signals().does(&["descriptors"]);
}

#[test]
fn a_handler_that_interrupts_a_blocked_call_finds_the_thread_in_libc() {
    signals().does(&["context"]);
}

#[test]
fn a_handler_that_mends_a_fault_finds_where_it_was() {
    signals().does(&["faults"]);
}

#[test]
fn sigaction_tells_the_handlers_of_the_program() {
    signals().does(&["queries"]);
}

#[test]
fn the_child_of_a_vfork_has_handlers_of_its_own() {
    signals().does(&["vforked"]);
}

/// A program with a signal every 20 us.
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
