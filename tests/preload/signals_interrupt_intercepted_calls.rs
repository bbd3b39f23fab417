//! Signals: what they interrupt goes on as it would, and what their handlers call is seen.

use crate::support::{Program, Workbench};

#[test]
fn a_blocked_read_is_restarted_or_fails_as_the_handler_asks() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("restarted_in_read"));
    program.run().success();
    let plugin = bench.plugin("forwarding_hook");
    program.clone().preload([&plugin]).run().success();
    // The call is made elsewhere when its result is to be shown.
    program.env("OBSERVE", "1").preload([&plugin]).run().success();
}

#[test]
fn the_calls_of_a_handler_are_intercepted() {
    Workbench::new().holds("handler_is_intercepted");
}
