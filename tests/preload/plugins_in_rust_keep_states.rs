//! `ThreadState`, `ProcessState` and `Heap`: `tests/plugin` has them, and `tests/c/states_of_plugin.c` looks at them.

use crate::support::{Built, Program, Workbench};

#[test]
fn values_come_and_go_with_threads_and_processes() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("states_of_plugin")).preload([Built::get().test_plugin()]);
    let outcome = program.run().success();
    assert_eq!(outcome.stderr(), "");
}
