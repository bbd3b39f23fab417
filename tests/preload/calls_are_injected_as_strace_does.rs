//! Injected errors, results, signals and delays: the same programs, under strace and under `intercept`.

use std::path::Path;

use crate::support::{Built, Outcome, Program, Source, Workbench};

const PREFIX: &str = "libsyscall_intercept: ";

fn intercept(subcommand: &str, expressions: &[&str]) -> Program {
    let expressions = expressions.iter().flat_map(|expression| ["-e", expression]);
    Program::new(Built::get().intercept()).args([subcommand]).args(expressions)
}

fn injected(expressions: &[&str], program: &Path) -> Program {
    intercept("run", expressions).args([program])
}

fn strace(calls: &str, expressions: &[&str], program: &Path) -> Program {
    let expressions = expressions.iter().flat_map(|expression| ["-e", expression]);
    Program::new("strace")
        .args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}")])
        .args(expressions)
        .args([program])
}

/// Runs a program under both; answers what came out, which is the same.
#[track_caller]
fn as_strace(calls: &str, expressions: &[&str], program: &Path, args: &[&str]) -> Outcome {
    let [theirs, ours] =
        [strace(calls, expressions, program), injected(expressions, program)].map(|program| program.args(args).run());
    assert_eq!(ours, theirs, "{expressions:?}: {ours}\n=== strace: {theirs}");
    ours
}

#[test]
fn each_thread_and_process_counts_for_itself() {
    let bench = Workbench::new();
    let program = bench.program("tampered");
    let mut seen = Vec::new();
    for when in ["", ":when=3", ":when=3+", ":when=2+3", ":when=2..5", ":when=2..8+3", ":when=1:when=9"] {
        let expression = format!("inject=chdir:retval=7{when}");
        seen.push(as_strace("chdir", &[&expression], &program, &[]).success().stdout());
    }
    assert_eq!(seen[0].lines().count(), 6, "{seen:?}");
    assert!(seen[0].lines().all(|line| line.ends_with(": 7 7 7 7 7 7 7 7 7")), "{seen:?}");
    assert!(seen[1].lines().all(|line| line.ends_with(": 0 0 7 0 0 0 0 0 0")), "{seen:?}");
}

#[test]
fn what_is_said_last_of_a_call_counts() {
    let bench = Workbench::new();
    let program = bench.program("tampered");
    for (expressions, result) in [
        (&["inject=chdir:error=EIO", "inject=%file:retval=3:when=1"][..], "3 0"),
        (&["inject=%file:retval=3:when=1", "inject=chdir:error=EIO"], "-5 -5"),
        (&["inject=chdir:error=EIO", "fault=chdir"], "-38 -38"),
        (&["fault=chdir:error=13:when=2"], "0 -13"),
    ] {
        let outcome = as_strace("chdir", expressions, &program, &[]).success();
        assert!(outcome.stdout().starts_with(&format!("main: {result} ")), "{expressions:?}: {outcome}");
    }
}

#[test]
fn signals_come_with_the_result() {
    let bench = Workbench::new();
    let program = bench.program("signalled");
    let delivered = as_strace("getppid", &["inject=getppid:signal=USR1"], &program, &[]);
    assert_eq!(delivered.signal(), Some(libc::SIGUSR1), "{delivered}");
    assert!(delivered.stdout().contains("delivered: 1 times, code 128, sender 0, value 0"), "{delivered}");
    assert!(delivered.stdout().contains("pending 1") && !delivered.stdout().contains("still"), "{delivered}");

    let instead = as_strace("getppid", &["inject=getppid:signal=SIGUSR1:retval=1"], &program, &[]);
    assert!(instead.stdout().starts_with("one\ndelivered: 1 times"), "{instead}");
    let once = as_strace("getppid", &["inject=getppid:signal=10:when=1"], &program, &[]).success();
    assert!(once.stdout().ends_with("still here: 0 times, code 128, sender 0, value 0\n"), "{once}");
    for signal in ["TERM", "SEGV", "KILL"] {
        as_strace("write", &[&format!("inject=write:signal={signal}")], &program, &[]);
        as_strace(
            "exit_group",
            &[&format!("inject=exit_group:signal={signal}:when=1")],
            &bench.program("tampered"),
            &[],
        );
    }
}

#[test]
fn calls_that_wait_are_interrupted() {
    let bench = Workbench::new();
    let program = bench.program("interrupted");
    let calls = "readv,poll,nanosleep,recvfrom";
    let expressions = ["inject=readv:signal=USR1:when=1..2", "inject=poll,nanosleep,recvfrom:signal=USR1:when=1"];
    let outcome = as_strace(calls, &expressions, &program, &[]).success();
    assert_eq!(
        outcome.stdout(),
        "readv waits: -1 (errno 4), 1 times, code 128\n\
         readv need not wait: 1 (errno 0), 1 times, code 128\n\
         readv without signal: 1 (errno 0), 0 times, code 128\n\
         poll: -1 (errno 4), 1 times, code 128\n\
         nanosleep: -1 (errno 4), 1 times, code 128\n\
         recvfrom: 1 (errno 0), 1 times, code 128\n"
    );
    // The kernel describes nothing to a handler that has not asked for it; and the library has to know what it is.
    let plainly = injected(&expressions, &program).args(["plain"]).run().success();
    assert_eq!(plainly.stdout(), outcome.stdout().replace("128", "0"));
}

#[test]
fn delays_are_before_the_call_or_after_it() {
    let bench = Workbench::new();
    let program = bench.program("delayed");
    let said = |expression: &str| injected(&[expression], &program).run().success().stdout();
    let clones = "clone,clone3,fork,vfork";
    assert!(said("inject=clock_gettime:delay_enter=100ms").starts_with("before 1 "));
    assert!(said("inject=clock_gettime:delay_exit=0.1s").contains(" after 1\n"));
    assert!(said("inject=clock_gettime:delay_enter=100000:delay_exit=100000").starts_with("before 1 after 1\n"));
    assert!(said(&format!("inject={clones}:delay_enter=100ms")).ends_with("child later 1 parent later 1\n"));
    assert!(said(&format!("inject={clones}:delay_exit=100ms")).ends_with(" parent later 1\n"));
}

#[test]
fn a_trace_says_what_was_tampered_with() {
    let bench = Workbench::new();
    let program = bench.program("tampered");
    let first = |expression: &str| {
        let outcome = intercept("trace", &[expression]).args([&program]).run().success();
        let trace = outcome.stderr();
        // Without the spaces that put results in a column.
        let line = trace.lines().find(|line| line.starts_with("chdir")).unwrap_or(&trace);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(first("inject=chdir:error=EIO"), r#"chdir(".") = -1 EIO (Input/output error) (INJECTED)"#);
    assert_eq!(first("inject=chdir:retval=0:delay_enter=1"), r#"chdir(".") = 0 (INJECTED) (DELAYED)"#);
    assert_eq!(first("inject=chdir:delay_exit=1"), r#"chdir(".") = 0 (DELAYED)"#);
    assert_eq!(first("inject=chdir:signal=CHLD"), r#"chdir(".") = 0"#);
    assert_eq!(first("inject=chdir:error=EIO:when=2"), r#"chdir(".") = 0"#);
}

#[test]
fn programs_that_are_started_are_injected_into_from_their_first_call() {
    let bench = Workbench::new();
    let program = bench.program("tampered");
    let outcome = injected(&["inject=chdir:error=EPERM:when=2"], &program).args(["again"]).run().success();
    let text = outcome.stdout();
    let lines: Vec<&str> = text.lines().collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    assert!(first == second && first[0] == "main: 0 -1 0 0 0 0 0 0 0", "{outcome}");
}

#[test]
fn hooks_are_asked_first() {
    let bench = Workbench::new();
    let plugin = bench.plugin("answers_getppid");
    let asks = ["/usr/bin/python3", "-c", "import os; print(os.getppid(), os.getpgid(0))"];
    let program =
        intercept("run", &["inject=getppid,getpgid:retval=5"]).args(["--plugin".as_ref(), plugin.as_os_str()]);
    assert_eq!(program.args(asks).run().success().stdout(), "4242 5\n");
}

/// What the library says of a value of its variable, and what the program then says.
fn set_by_hand(program: &Path, value: &str) -> (Vec<String>, String) {
    let outcome = Program::new(program).intercepted().env("INTERCEPT_INJECT", value).run().success();
    (outcome.stderr().lines().map(str::to_owned).collect(), outcome.stdout().lines().next().unwrap().to_owned())
}

#[test]
fn the_variable_can_be_set_by_hand() {
    let bench = Workbench::new();
    let program = bench.program("tampered");
    let (said, results) = set_by_hand(&program, "getpid:delay_enter=1; chdir,1000-1002:error=ENOENT:when=1");
    assert_eq!((said.len(), results.as_str()), (0, "main: -2 0 0 0 0 0 0 0 0"), "{said:?}");

    let enormous = "x".repeat(100_000);
    let many = "chdir:error=EIO;".repeat(256);
    for value in [
        "chdir",
        "chdir:",
        ":",
        "chdir:error=E\x1b[2J",
        "80:error=1:when=0",
        "-:error=1",
        &enormous,
        &many,
        "1e9:error=1",
    ] {
        let (said, results) = set_by_hand(&program, value);
        let what = &value[..value.len().min(80)];
        assert_eq!(results, "main: 0 0 0 0 0 0 0 0 0", "{what}");
        let [line] = &said[..] else { panic!("{what}: {said:?}") };
        assert!(
            line.starts_with(&format!("{PREFIX}INTERCEPT_INJECT: ")) && line.ends_with("; nothing is injected"),
            "{line}"
        );
        assert!(line.len() < 250 && !line.contains('\x1b'), "{line}");
    }
}

#[test]
fn calls_that_are_not_traced_are_left_alone() {
    let bench = Workbench::new();
    let program = bench.program("tampered");
    for (traced, result) in [("openat", "0 0"), ("!openat", "-5 -5"), ("%file", "-5 -5")] {
        let injection = "inject=chdir:error=EIO";
        let theirs = strace(traced, &[injection], &program).run().success();
        let traced = format!("trace={traced}");
        let ours = intercept("trace", &[&traced, injection]).args(["-o", "/dev/null"]).args([&program]).run().success();
        assert_eq!(ours.stdout(), theirs.stdout(), "{traced}");
        assert!(ours.stdout().starts_with(&format!("main: {result} ")), "{traced}: {ours}");
    }
}

/// The names of calls that end with EXDEV in a trace, in their order; and how many calls there are.
fn with_exdev(trace: &Path) -> (Vec<String>, usize) {
    let text = std::fs::read_to_string(trace).unwrap();
    let injected: Vec<&str> = text.lines().filter(|line| line.contains("(INJECTED)")).collect();
    let names = injected.iter().filter(|line| line.contains(" EXDEV ")).filter_map(|line| line.split('(').next());
    (names.map(str::to_owned).collect(), injected.len())
}

#[test]
fn groups_are_those_of_strace() {
    let bench = Workbench::new();
    let source = || Source::test("every_call.c").flags(&["-O0"]);
    let alone = source().flags(&["-DALONE", "-nostdlib", "-static"]).compile(&bench.path("alone"));
    let with_libc = source().compile(&bench.path("with_libc"));
    let log = bench.path("log");
    let groups = [
        "file", "process", "net", "network", "signal", "ipc", "desc", "memory", "creds", "clock", "stat", "lstat",
        "fstat", "%stat", "statfs", "fstatfs", "%statfs", "pure",
    ];
    for group in groups {
        let expressions = ["inject=all:error=ENOSYS", &format!("inject=%{group}:error=EXDEV")].map(str::to_owned);
        let arguments = expressions.iter().flat_map(|expression| ["-e", expression]);
        let traces =
            [(Program::new("strace"), &alone), (intercept("trace", &[]), &with_libc)].map(|(tracer, program)| {
                let outcome =
                    tracer.args(arguments.clone()).args(["-o".as_ref(), log.as_os_str()]).args([program]).run();
                assert_eq!(outcome.signal(), Some(libc::SIGILL), "{group}: {outcome}");
                with_exdev(&log)
            });
        let [theirs, ours] = traces;
        assert!(ours == theirs && ours.1 == 361 && !ours.0.is_empty(), "{group}: {ours:?}\n=== strace: {theirs:?}");
    }
}

#[test]
fn mistakes_are_said_before_the_program_starts() {
    for (expression, cause, remedy) in [
        ("inject=opena:error=EIO", "opena: no such system call", "is it openat?"),
        ("inject=openat:error=EOI", "EOI: no such error", "ENOENT"),
        ("inject=openat:when=2+0:error=1", "2+0: does not say which calls", "FIRST+STEP"),
        ("fault=openat:signal=1", "a fault has no signal", "use inject="),
    ] {
        for subcommand in ["run", "trace"] {
            let outcome = intercept(subcommand, &[expression]).args(["echo", "started"]).run();
            let text = outcome.stderr();
            assert_eq!(
                (outcome.code(), outcome.stdout().as_str(), text.lines().count()),
                (Some(1), "", 1),
                "{outcome}"
            );
            assert!(text.starts_with("intercept: ") && text.contains(cause) && text.contains(remedy), "{outcome}");
        }
    }
}
