//! Hooks with data, before and after calls: `intercept_add_hooks` and what goes with it.

use crate::support::{Program, Workbench};

#[test]
fn in_order_and_with_what_they_change() {
    let bench = Workbench::new();
    let program = Program::new(bench.linked_program("added_hooks"));
    for program in [program.clone(), program.clone().env("INTERCEPT_ALL_OBJS", "1")] {
        let outcome = program.run();
        assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{outcome}");
    }
}

#[test]
fn the_log_sees_what_they_make_of_calls() {
    let bench = Workbench::new();
    let log = bench.path("log");
    let outcome = Program::new(bench.linked_program("added_hooks")).env("INTERCEPT_LOG", &log).run();
    assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{outcome}");
    let log = std::fs::read_to_string(log).unwrap();
    // An answer of a hook's, with what a hook further out has made of it; and a call as it was meant, and as it was made.
    assert!(log.contains(") = 4001\n"));
    let writes: Vec<&str> =
        log.lines().filter_map(|line| line.split_once("write(")?.1.split_once(", \"one\"")).map(|(fd, _)| fd).collect();
    let [asked, made] = writes[..] else { panic!("{writes:?}") };
    assert_eq!(asked.parse::<i32>().unwrap() + 1, made.parse::<i32>().unwrap());
}
