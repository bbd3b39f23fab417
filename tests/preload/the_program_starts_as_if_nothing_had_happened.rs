//! What `main` finds.

use crate::support::{Program, Workbench};

#[test]
fn errno_arguments_environment_files_and_signals_are_those_of_the_bare_program() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("says_how_it_starts")).args(["one", "", "three words here"]);
    let bare = program.run().success().stdout();
    assert!(bare.starts_with("errno 0\nargument 0: ") && bare.contains("open file: 2\n"), "{bare}");
    let plugin = bench.plugin("forwarding_hook");
    assert_eq!(program.clone().intercepted().run().success().stdout(), bare);
    assert_eq!(program.preload([plugin]).run().success().stdout(), bare);
}

#[test]
fn without_anything_to_say_the_library_is_silent() {
    let outcome = Program::new("true").intercepted().run().success();
    assert_eq!((outcome.stdout(), outcome.stderr()), (String::new(), String::new()));
}
