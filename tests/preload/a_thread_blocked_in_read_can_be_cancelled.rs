//! libc decides by the program counter whether a thread is inside a call that may be cancelled.

use crate::support::{Program, Unnoticed, Workbench};

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
