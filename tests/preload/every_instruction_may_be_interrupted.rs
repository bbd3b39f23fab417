//! A tracer stops the program at each instruction between the program's code and the kernel, one after the other, and sends it a
//! signal there. `signals_find_what_they_would_find` has storms of them, which come when they come.

use crate::support::{Program, Workbench, rounds};

/// What the tracer has counted.
#[derive(Debug)]
struct Counts {
    steps: u64,
    signals: u64,
    unasked: u64,
}

fn counts(program: &Program) -> Counts {
    let outcome = program.run().success();
    assert!(outcome.stdout().ends_with(": all was right\n"), "{outcome}");
    let text = outcome.stderr();
    let numbers: Vec<u64> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [steps, signals, unasked] = numbers[..] else { panic!("{outcome}") };
    Counts { steps, signals, unasked }
}

/// Forwarded, observed and answered calls, and the calls that return twice; answers what was counted bare and in each way.
fn trace(what: &str) -> Vec<(Counts, Counts)> {
    let bench = Workbench::new();
    let program = Program::new(bench.program("single_steps")).env("INTERCEPT_ALL_OBJS", "1");
    let plugin = bench.plugin("counting_hook");
    let mut all = Vec::new();
    for call in ["getppid", "fork", "vfork"] {
        let program = program.clone().args([what, call]);
        let hooked = program.clone().preload([&plugin]);
        let observed = hooked.clone().env("OBSERVE", "1");
        let logged = observed.clone().env("INTERCEPT_LOG", bench.path("log"));
        let mut ways = vec![hooked.clone(), observed, hooked.env("ANSWER", "1")];
        // Ten times as long as all the rest of the way; and another one each time where it writes the id of a new process.
        if call == "getppid" && rounds(0, 1) == 1 {
            ways.push(logged);
        }
        all.extend(ways.iter().map(|way| (counts(&program), counts(way))));
    }
    for (bare, hooked) in &all {
        assert!(hooked.steps > bare.steps + 200, "the way through the library is longer than that: {all:?}");
    }
    all
}

#[test]
fn who_steps_through_a_call_finds_everything_as_it_was() {
    let all = trace("step");
    assert!(
        all.iter().all(|(bare, hooked)| bare.unasked == 0 && hooked.unasked == 0),
        "traps of single steps: {all:?}"
    );
}

/// A signal for each instruction but the breakpoint at the end.
#[track_caller]
fn at_each_instruction(what: &str) {
    let all = trace(what);
    assert!(all.iter().all(|(_, counts)| counts.signals == counts.steps - 1), "{all:?}");
}

#[test]
fn a_handler_may_run_at_each_instruction() {
    at_each_instruction("signal");
}

#[test]
fn a_handler_may_jump_away_from_each_instruction() {
    at_each_instruction("jump");
}
