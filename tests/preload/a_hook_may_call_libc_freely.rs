//! The guard: what a hook calls passes straight through, and what the program calls does not.

use crate::support::{Program, Workbench};

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
fn a_hook_left_by_longjmp_leaves_calls_from_farther_down_the_stack_intercepted() {
    let bench = Workbench::new();
    Program::new(bench.linked_program("hook_left_by_longjmp")).args(["deeper"]).run().success();
}
