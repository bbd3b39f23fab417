//! `tests/c/faulting_hook.c` faults, and `tests/c/under_faulting_hook.c` looks what comes of it.

use std::path::PathBuf;

use crate::support::{Outcome, Program, Source, Unnoticed, Workbench, in_order};

/// The plugin and the program.
struct Setting {
    plugin: PathBuf,
    program: PathBuf,
    bench: Workbench,
}

const KINDS: [&str; 5] = ["point", "post_kernel", "plain", "before", "after"];
const DIES: &str = "the process dies of it";
const OFF: &str = "it is asked no more";

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        Setting { plugin: bench.plugin("faulting_hook"), program: bench.program("under_faulting_hook"), bench }
    }

    /// The program under a hook of this kind that faults like this, with the call it faults at made there.
    fn program(&self, hook: &str, fault: &str, place: &str) -> Program {
        let program = Program::new(&self.program).args([place]).preload([&self.plugin]);
        program.env("HOOK", hook).env("FAULT", fault)
    }

    /// Whether one line, and nothing else on stderr, says that the hook has faulted: by an instruction of this function.
    #[track_caller]
    fn says(&self, outcome: &Outcome, what: &str, function: &str, end: &str) {
        let (text, plugin) = (outcome.stderr(), self.plugin.display().to_string());
        let begin = format!("libsyscall_intercept: the hook of {plugin} has faulted: {what}");
        let offset = text.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(&format!("; {end}\n")));
        let offset = offset.and_then(|rest| rest.strip_prefix(&format!("{plugin}+0x")));
        let offset = offset.unwrap_or_else(|| panic!("{begin}..: {outcome}"));
        let offset = u64::from_str_radix(offset, 16).unwrap_or_else(|_| panic!("{offset}: {outcome}"));
        // In what linkers make by default, addresses of code are offsets.
        let symbols = Program::new("nm").args(["-S"]).args([&self.plugin]).run().success().stdout();
        let words = symbols.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let symbol = words.into_iter().find_map(|words| match words[..] {
            [start, size, _, name] if name == function => {
                Some([start, size].map(|n| u64::from_str_radix(n, 16).unwrap()))
            }
            _ => None,
        });
        let [start, size] = symbol.unwrap();
        assert!((start..=start + size).contains(&offset), "{offset:#x} is not in {function}: {symbols}");
    }
}

#[test]
fn each_kind_of_hook_is_named_and_the_process_dies_by_the_signal() {
    let setting = Setting::new();
    for hook in KINDS {
        let outcome = setting.program(hook, "null", "here").run();
        assert_eq!(outcome.signal(), Some(libc::SIGSEGV), "{hook}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", DIES);
    }
}

#[test]
fn each_kind_of_fault_is_named() {
    let setting = Setting::new();
    for (fault, signal, what) in [
        ("wild", libc::SIGSEGV, "SIGSEGV, by "),
        ("ill", libc::SIGILL, "SIGILL, by "),
        ("fpe", libc::SIGFPE, "SIGFPE, by "),
        ("jump", libc::SIGSEGV, "SIGSEGV at address 0x0, by 0x0 called from "),
    ] {
        let outcome = setting.program("before", fault, "here").run();
        assert_eq!(outcome.signal(), Some(signal), "{fault}: {outcome}");
        setting.says(&outcome, what, &format!("fault_{fault}"), DIES);
    }
    // The address is another one each time.
    let outcome = setting.program("before", "bus", "here").run();
    assert_eq!(outcome.signal(), Some(libc::SIGBUS), "{outcome}");
    let text = outcome.stderr();
    let address = text.split_once("has faulted: ").and_then(|(_, what)| what.split_once("by ")).unwrap().0;
    assert!(address.starts_with("SIGBUS at address 0x"), "{outcome}");
    setting.says(&outcome, &format!("{address}by "), "fault_bus", DIES);
}

#[test]
fn if_that_is_the_policy_the_process_goes_on_without_the_hook() {
    let setting = Setting::new();
    for hook in KINDS {
        let outcome = setting.program(hook, "null", "here").env("INTERCEPT_ON_FAULT", "disable").run().success();
        assert_eq!(outcome.stdout(), "lives on\n", "{hook}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", OFF);
    }
    for hook in ["shielded_before", "shielded_after"] {
        let program = setting.program(hook, "null", "here");
        let outcome = program.run().success();
        assert_eq!(outcome.stdout(), "lives on\n", "{hook}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", OFF);
        // Who looks for the fault wants to see it.
        let outcome = program.env("INTERCEPT_ON_FAULT", "abort").run();
        assert_eq!(outcome.signal(), Some(libc::SIGSEGV), "{hook}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", DIES);
    }
}

#[test]
fn the_program_goes_on_whatever_state_the_hook_leaves() {
    let setting = Setting::new();
    for (fault, what) in [("wild", "SIGSEGV, by "), ("ill", "SIGILL, by "), ("fpe", "SIGFPE, by ")] {
        let outcome = setting.program("shielded_before", fault, "here").run().success();
        setting.says(&outcome, what, &format!("fault_{fault}"), OFF);
    }
    for hook in ["shielded_before", "shielded_after"] {
        let program = setting.program(hook, "dirty", "here");
        for program in [program.clone(), program.env("INTERCEPT_LOG", setting.bench.path("log"))] {
            let outcome = program.run().success();
            assert_eq!(outcome.stdout(), "lives on\n", "{hook}: {outcome}");
            setting.says(&outcome, "SIGSEGV at address 0x0, by ", "fault_dirty", OFF);
        }
    }
}

#[test]
fn wherever_the_call_is_made() {
    let setting = Setting::new();
    for place in ["thread", "handler"] {
        let program = setting.program("point", "null", place);
        let outcome = program.run();
        assert_eq!(outcome.signal(), Some(libc::SIGSEGV), "{place}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", DIES);
    }
    for (hook, place) in
        KINDS.iter().flat_map(|hook| ["thread", "threads", "handler", "vfork"].map(|place| (hook, place)))
    {
        let outcome = setting.program(hook, "null", place).env("INTERCEPT_ON_FAULT", "disable").run().success();
        assert_eq!(outcome.stdout(), "lives on\n", "{hook}, {place}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", OFF);
    }
}

#[test]
fn the_child_of_a_vfork_dies_alone() {
    let setting = Setting::new();
    let outcome = setting.program("before", "null", "vfork").run();
    assert_eq!(
        (outcome.signal(), outcome.stdout().as_str()),
        (Some(libc::SIGSEGV), "the child died of 11\n"),
        "{outcome}"
    );
    let text = outcome.stderr();
    let lines: Vec<&str> = text.lines().collect();
    // The parent comes to the same call, and its handlers are as they were.
    assert!(matches!(lines[..], [child, parent] if child == parent && child.ends_with(DIES)), "{outcome}");
}

#[test]
fn a_stack_that_is_used_up_is_the_end_unless_there_is_another_one() {
    let setting = Setting::new();
    for hook in ["before", "shielded_before"] {
        let outcome = setting.program(hook, "overflow", "here").run();
        assert_eq!((outcome.signal(), outcome.stderr().as_str()), (Some(libc::SIGSEGV), ""), "{outcome}");
    }
    let outcome = setting.program("before", "overflow", "stack").run();
    assert!(
        outcome.signal() == Some(libc::SIGSEGV) && outcome.stderr().ends_with("the process dies of it\n"),
        "{outcome}"
    );
    let outcome = setting.program("shielded_before", "overflow", "stack").run().success();
    assert!(outcome.stdout() == "lives on\n" && outcome.stderr().ends_with("it is asked no more\n"), "{outcome}");
}

#[test]
fn where_the_signal_is_blocked_the_kernel_ends_the_process() {
    let setting = Setting::new();
    for hook in ["before", "shielded_before"] {
        let outcome = setting.program(hook, "null", "blocked").run();
        assert_eq!((outcome.signal(), outcome.stderr().as_str()), (Some(libc::SIGSEGV), ""), "{outcome}");
    }
}

#[test]
fn a_handler_of_the_program_is_called_as_ever_unless_the_hook_is_switched_off() {
    let setting = Setting::new();
    for hook in KINDS {
        let program = setting.program(hook, "null", "handled");
        let outcome = program.run().success();
        assert_eq!(outcome.stdout(), "handled code 1 address 0x10\n".repeat(2), "{hook}: {outcome}");
        setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", "the program's handler is called");
        let once = setting.program(hook, "null", "once");
        for program in [program, once] {
            let outcome = program.env("INTERCEPT_ON_FAULT", "disable").run().success();
            assert_eq!(outcome.stdout(), "lives on\n", "{hook}: {outcome}");
            setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", OFF);
        }
    }
}

#[test]
fn of_two_plugins_the_one_that_has_faulted_is_named() {
    let setting = Setting::new();
    let other = setting.bench.plugin("answers_getppid");
    for hook in ["before", "after"] {
        for order in [[&other, &setting.plugin], [&setting.plugin, &other]] {
            let program = Program::new(&setting.program).args(["here"]).preload(order);
            let outcome = program.env("HOOK", hook).env("FAULT", "null").run();
            assert_eq!(outcome.signal(), Some(libc::SIGSEGV), "{hook}: {outcome}");
            setting.says(&outcome, "SIGSEGV at address 0x10, by ", "fault_null", DIES);
        }
    }
}

#[test]
fn nobody_notices_that_hooks_are_in_the_shield() {
    let shielded = |program: Program| program.env("INTERCEPT_ON_FAULT", "disable");
    let compared = |name: &str, args: &[&str]| {
        let bench = Workbench::new();
        let program = shielded(Program::new(bench.program(name)));
        Unnoticed::at(bench, program).does(args);
    };
    // What leaves a hook, and what looks through one, has to find the way.
    compared("cancelled", &["deferred"]);
    for place in ["computing", "forwarding", "reading"] {
        compared("cancelled_in_hook", &["asynchronous", place]);
    }
    compared("many", &["threads", "50"]);
    let bench = Workbench::new();
    for name in ["hook_left_by_longjmp", "hook_results", "added_hooks", "post_kernel", "clone_hooks"] {
        let outcome = shielded(Program::new(bench.linked_program(name))).run();
        assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{name}: {outcome}");
    }
    let source = Source::test("backtrace.c").flags(&["-rdynamic", "-O0"]).linked(bench.folder());
    let outcome = shielded(Program::new(source.compile(&bench.path("backtrace")))).run().success();
    let frames = ["(the_hook_breaks_here+", "(getppid+", "(the_program_asks+", "(main+"];
    assert!(in_order(&outcome.stdout(), &frames), "{outcome}");
}

#[test]
fn a_policy_that_is_none_is_named() {
    let setting = Setting::new();
    let outcome = setting.program("before", "fpe", "here").env("INTERCEPT_ON_FAULT", "explode").run();
    let expected = "libsyscall_intercept: INTERCEPT_ON_FAULT: neither `abort` nor `disable`; hooks are treated as they were added\n";
    assert!(outcome.stderr().starts_with(expected) && outcome.signal() == Some(libc::SIGFPE), "{outcome}");
}
