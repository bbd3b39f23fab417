//! libc decides by the program counter whether a thread is inside a call that may be cancelled.

use crate::support::{Program, Workbench};

#[test]
fn under_a_hook_that_lets_the_call_pass() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("cancelled_in_read"));
    program.run().success();
    program.preload([bench.plugin("forwarding_hook")]).run().success();
}
