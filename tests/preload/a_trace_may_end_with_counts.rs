//! `-c`, `-C` and `-S` of a trace: the table that strace prints, which differs from strace's in times alone.

use std::fs;

use crate::support::{Built, Outcome, Program, Workbench};

/// Where the columns for times end, and those for counts and names begin.
const TIMES: usize = 30;

fn trace<'a>(options: impl IntoIterator<Item = &'a str>) -> Program {
    Program::new(Built::get().intercept()).args(["trace"]).args(options)
}

/// A table without its times. strace's hold system time, to the microsecond, ours what the program has waited.
fn without_times(table: &str) -> Vec<String> {
    let lines = table.lines().map(|line| {
        let (times, counts) = line.split_at(TIMES);
        let shape: String = times.chars().map(|c| if c.is_ascii_digit() || c == ' ' { ' ' } else { c }).collect();
        format!("{shape}{counts}")
    });
    lines.collect()
}

/// What strace counts of a command, and what a trace does.
#[track_caller]
fn same_counts(options: &[&str], command: &[&str]) -> Vec<String> {
    let bench = Workbench::new();
    let table = |tracer: Program| {
        let file = bench.path("table");
        let tracer = tracer.args(["-f", "-c", "-o"]).args([&file]).args(options.iter().chain(command).copied());
        assert_eq!(tracer.run().success().stderr(), "", "{options:?}");
        without_times(&fs::read_to_string(file).unwrap())
    };
    let by_strace = table(Program::new("strace"));
    assert_eq!(by_strace, table(trace([])), "{options:?} {command:?}");
    by_strace
}

#[test]
fn as_strace_counts() {
    let bench = Workbench::new();
    let program = bench.program("counted_calls");
    let program = program.to_str().unwrap();
    for way in [["calls", "100", "1"], ["threads", "100", "5"], ["forks", "100", "20"], ["killed", "100", "10"]] {
        let set = "trace=getppid,getpgid,wait4,fork,clone,clone3,exit,exit_group";
        let table = same_counts(&["-e", set, "-S", "name"], &[&[program][..], &way].concat());
        assert!(table.iter().any(|line| line.ends_with(" getppid")), "{table:#?}");
        assert!(!table.iter().any(|line| line.contains(" exit")), "strace counts what returns: {table:#?}");
    }
    let injected = "inject=getppid:error=EPERM:when=3+2";
    let table = same_counts(&["-e", "getppid,getpgid", "-e", injected], &[program, "calls", "100", "1"]);
    assert!(table.iter().any(|line| line.ends_with("       100        49 getppid")), "{table:#?}");
}

#[test]
fn rows_stand_in_the_order_that_is_asked_for() {
    let bench = Workbench::new();
    let program = bench.program("counted_calls");
    let command = [program.to_str().unwrap(), "forks", "100", "20"];
    let rows = |sort: &str, set: &str| {
        let table = same_counts(&["-S", sort, "-e", set], &command);
        let names = table[2..table.len() - 2].iter().map(|line| line.rsplit(' ').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let set = "getpgid,wait4,getppid";
    for sort in ["calls", "count"] {
        assert_eq!(rows(sort, set), ["getppid", "getpgid", "wait4"]);
    }
    for sort in ["name", "syscall-name"] {
        assert_eq!(rows(sort, set), ["getpgid", "getppid", "wait4"]);
    }
    for sort in ["nothing", "none"] {
        assert_eq!(rows(sort, set), ["wait4", "getppid", "getpgid"]);
    }
    assert_eq!(rows("errors", "getppid,getpgid"), ["getpgid", "getppid"]);
    // Times differ; who has waited for others has taken longest.
    for sort in [&[][..], &["-S", "time"], &["-S", "max-time"]] {
        let slept = trace(["-c", "-e", "getppid,/nanosleep"]).args(sort.iter().copied());
        let outcome = slept.args(["sh", "-c", "sleep 0.1"]).run().success();
        let first = outcome.stderr().lines().nth(2).unwrap().to_owned();
        assert!(first.ends_with("nanosleep"), "{outcome}");
    }
}

#[test]
fn long_names_have_a_wide_column() {
    let script = "import os; os.sched_getscheduler(0); os.sched_get_priority_max(0)";
    let set = "sched_get_priority_max,sched_getscheduler";
    let table = same_counts(&["-e", set, "-S", "nothing"], &["/usr/bin/python3", "-c", script]);
    assert!(table[1].ends_with(&"-".repeat("sched_get_priority_max".len() + 1)), "{table:#?}");
}

#[test]
fn who_counts_calls_sees_them_too_if_that_is_asked_for() {
    let bench = Workbench::new();
    let file = bench.path("trace");
    let script = "cd /; cd /no/such/folder; exit 7";
    let command = ["-e", "chdir", "sh", "-c", script];
    let in_file = trace(["-C", "-o"]).args([&file]).args(command).run();
    let at_once = trace(["-C"]).args(command).run();
    let with_times = trace(["-C", "-r"]).args(command).run();
    for (outcome, text) in [
        (&in_file, fs::read_to_string(&file).unwrap()),
        (&at_once, at_once.stderr()),
        (&with_times, with_times.stderr()),
    ] {
        assert_eq!(outcome.code(), Some(7), "{outcome}");
        let (calls, table) = text.split_once("% time").unwrap_or_else(|| panic!("{text}"));
        assert_eq!(calls.matches("chdir(").count(), 2, "{text}");
        assert!(calls.ends_with("+++ exited with 7 +++\n"), "the table stands behind all lines: {text}");
        assert!(table.contains("         2         1 chdir\n") && !table.contains("chdir("), "{text}");
    }
    let alone = trace(["-c"]).args(command).run();
    assert!(alone.stderr().contains(" 1 chdir\n") && !alone.stderr().contains("chdir("), "{alone}");
    assert_eq!((alone.code(), alone.stdout()), (Some(7), String::new()));
}

#[test]
fn of_nothing_nothing_is_said() {
    let counted = trace(["-c", "-e", "reboot", "true"]).run().success();
    assert_eq!((counted.stdout(), counted.stderr()), (String::new(), String::new()));
}

#[test]
fn what_a_program_leaves_behind_is_counted_to_its_end() {
    let counted = trace(["-c", "-e", "/nanosleep", "sh", "-c", "(sleep 0.5) & exit 3"]).run();
    assert_eq!(counted.code(), Some(3));
    assert!(counted.stderr().contains(" 1           clock_nanosleep\n"), "{counted}");
}

#[test]
fn what_does_not_go_together_is_said_before_the_program_runs() {
    let says = |outcome: Outcome, status, about: &str| {
        assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(status), ""), "{outcome}");
        assert!(outcome.stderr().contains(about), "{outcome}");
    };
    let ran = ["echo", "ran"];
    says(trace(["-c", "-C"]).args(ran).run(), 2, "--summary-only' cannot be used with '--summary'");
    says(trace(["-c", "--format", "json"]).args(ran).run(), 2, "cannot be used with '--format");
    says(trace(["-C", "--format", "json"]).args(ran).run(), 2, "cannot be used with '--format");
    says(trace(["-c", "--duration", "3"]).args(ran).run(), 2, "cannot be used with '--duration");
    says(trace(["-c", "-S", "colour"]).args(ran).run(), 2, "invalid value 'colour'");
    let bench = Workbench::new();
    let name = bench.path("trace");
    says(trace(["-c", "-ff", "-o", name.to_str().unwrap()]).args(ran).run(), 1, "-c and -C make one table");
    says(trace(["-c", "-o", "/no/such/folder/file"]).args(ran).run(), 1, "cannot be written");
    // As with strace the rest is done all the same.
    for (options, about) in [(["-S", "calls"], "no effect without -c or -C"), (["-c", "-tt"], "no effect with -c")] {
        let outcome = trace(options).args(ran).run().success();
        assert!(outcome.stdout() == "ran\n" && outcome.stderr().contains(about), "{outcome}");
    }
}
