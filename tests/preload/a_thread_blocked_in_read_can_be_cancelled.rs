//! libc decides by the program counter whether a thread is inside a call that may be cancelled.

use crate::support::{Program, Unnoticed, Workbench, rounds};

#[test]
fn under_a_hook_that_lets_the_call_pass() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("cancelled_in_read"));
    program.run().success();
    program.preload([bench.plugin("forwarding_hook")]).run().success();
}

#[test]
fn deferred_and_in_every_other_call_and_under_every_hook() {
    Unnoticed::program("cancelled").does(&["deferred"]);
}

#[test]
fn asynchronously_and_in_every_other_call_and_under_every_hook() {
    Unnoticed::program("cancelled").does(&["asynchronous"]);
}

/// Also while a hook runs, and at each instruction of stubs and crossing. Under the log `tests/run-matrix` does it.
#[test]
fn wherever_it_is_on_its_way_into_the_call() {
    let program = Unnoticed::program("cancelled_at_each_instruction").unlogged();
    let rounds = rounds(8, 100_000).to_string();
    program.does(&["deferred", &rounds]);
    program.does(&["asynchronous", &rounds]);
}

#[test]
fn in_a_hook_that_is_not_left_before_it_is_done() {
    let program = Unnoticed::program("cancelled_in_hook");
    for how in ["deferred", "asynchronous"] {
        for place in ["computing", "allocating", "forwarding", "reading"] {
            program.does(&[how, place]);
        }
    }
}
