//! Lines of a trace that are no calls: signals that handlers get, and the ends of processes, which others have to tell.

use std::fs;

use crate::support::{Built, Outcome, Program, Workbench};

fn trace(options: &[&str]) -> Program {
    Program::new(Built::get().intercept()).args(["trace", "-a1"]).args(options.iter().copied())
}

/// What a trace in a file says of a program, which ends in some way.
fn traced(bench: &Workbench, options: &[&str], command: &[&str]) -> (Outcome, Vec<String>) {
    let file = bench.path("trace");
    let outcome = trace(options).args(["-o"]).args([&file]).args(command.iter().copied()).run();
    (outcome, lines(&fs::read_to_string(file).unwrap()))
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Without the id before it.
fn said(line: &str) -> &str {
    line.strip_prefix("[pid ").and_then(|rest| rest.split_once("] ")).map_or(line, |(_, said)| said)
}

/// The lines about signals and ends, without what is another number each time.
fn events(lines: &[String]) -> Vec<String> {
    let said = lines.iter().map(|line| said(line)).filter(|said| said.starts_with("--- ") || said.starts_with("+++ "));
    said.map(|said| said.split(", ").map(event_field).collect::<Vec<_>>().join(", ")).collect()
}

fn event_field(field: &str) -> String {
    let (name, value) = field.split_once('=').unwrap_or((field, ""));
    // The sender of a signal is the program itself, but for one that says it is another.
    let is_id = name == "si_pid" && value.len() > 1;
    let is_time = name == "si_utime" || name == "si_stime";
    let is_address = value.starts_with("0x") && value.trim_end_matches("} ---").len() > 6;
    let end = if value.ends_with("} ---") { "} ---" } else { "" };
    if is_id || is_time || is_address { format!("{name}=...{end}") } else { field.to_owned() }
}

#[test]
fn signals_read_as_strace_prints_them() {
    let bench = Workbench::new();
    let program = bench.program("gets_signals");
    let program = program.to_str().unwrap();
    let file = bench.path("strace");
    Program::new("strace").args(["-f", "-o"]).args([&file]).args([program]).run().success();
    let by_strace = fs::read_to_string(file).unwrap();
    // `1234  --- SIGUSR1 {...} ---`
    let by_strace: Vec<String> =
        by_strace.lines().map(|line| line.split_once(' ').unwrap().1.trim().to_owned()).collect();
    let expected = events(&by_strace);
    assert!(expected.len() > 20 && expected[1].starts_with("--- SIGUSR1 {si_signo=SIGUSR1, "), "{expected:#?}");
    let (outcome, in_file) = traced(&bench, &[], &[program]);
    outcome.success();
    assert_eq!(events(&in_file), expected);
    assert_eq!(events(&lines(&trace(&[]).args([program]).run().success().stderr())), expected);
}

#[test]
fn a_signal_stands_before_what_its_handler_does() {
    let bench = Workbench::new();
    let (outcome, lines) = traced(&bench, &[], &[bench.program("gets_signals").to_str().unwrap()]);
    outcome.success();
    let signals: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].starts_with("--- ")).collect();
    assert!(signals.len() > 20 && signals.iter().all(|at| lines[at + 1].starts_with("getppid()")), "{lines:#?}");
}

#[test]
fn the_signals_that_are_shown_can_be_chosen() {
    let bench = Workbench::new();
    let program = bench.program("gets_signals");
    let signals = |option: &str| {
        let (outcome, lines) = traced(&bench, &["-qq", "-e", "trace=none", "-e", option], &[program.to_str().unwrap()]);
        outcome.success();
        lines.iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(signals("signal=none"), [""; 0]);
    assert_eq!(signals("signal=SIGTRAP,ill"), ["SIGILL", "SIGTRAP"]);

    let outcome = trace(&["-e", "signal=SIGNOTHING", "true"]).run();
    assert_eq!((outcome.code(), outcome.stderr().lines().count()), (Some(1), 1), "{outcome}");
}

#[test]
fn a_program_that_is_killed_is_said_to_be() {
    let bench = Workbench::new();
    let command = [bench.program("gets_signals").to_str().unwrap().to_owned(), "and is killed".to_owned()];
    let command = command.each_ref().map(String::as_str);
    let killed = "+++ killed by SIGKILL +++";
    let (outcome, in_file) = traced(&bench, &[], &command);
    assert_eq!((outcome.signal(), in_file.last().map(String::as_str)), (Some(9), Some(killed)), "{outcome}");
    assert!(in_file[in_file.len() - 2].ends_with(", SIGKILL <unfinished ...>"), "{in_file:#?}");
    let outcome = trace(&[]).args(command).run();
    assert_eq!((outcome.signal(), outcome.stderr().lines().last()), (Some(9), Some(killed)), "{outcome}");
    for lines in [traced(&bench, &["-qq"], &command).1, lines(&trace(&["-qq"]).args(command).run().stderr())] {
        assert!(lines.len() > 20 && !lines.iter().any(|line| line.starts_with("+++")), "{lines:#?}");
    }
}

#[test]
fn a_child_that_is_killed_is_said_to_be_before_its_parent_hears_of_it() {
    let bench = Workbench::new();
    let (outcome, lines) =
        traced(&bench, &[], &["bash", "-c", "sleep 100 & kill -9 $!; wait $!; (kill -SEGV $BASHPID); true"]);
    outcome.success();
    for signal in ["SIGKILL", "SIGSEGV"] {
        let place =
            |end: &str| lines.iter().position(|line| line.contains(end)).unwrap_or_else(|| panic!("{end}: {lines:#?}"));
        let end = place(&format!("+++ killed by {signal}"));
        assert!(lines[end].starts_with("[pid ") && end < place(&format!("WTERMSIG(s) == {signal}")), "{lines:#?}");
    }
}

#[test]
fn an_orphan_that_is_killed_is_said_to_be() {
    let bench = Workbench::new();
    let script = "(sleep 0.3; kill -9 $BASHPID) & exit 0";
    let (outcome, lines) = traced(&bench, &["-e", "trace=kill"], &["bash", "-c", script]);
    outcome.success();
    let found = events(&lines);
    let mut killed = lines.iter().filter(|line| line.ends_with("] +++ killed by SIGKILL +++"));
    assert!(killed.next().is_some() && killed.next().is_none(), "{lines:#?}");
    assert!(found.iter().filter(|line| *line == "+++ exited with 0 +++").count() >= 2, "{lines:#?}");
}

#[test]
fn every_thread_ends_with_its_process() {
    let bench = Workbench::new();
    let script = "import os, threading, time
threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
time.sleep(0.2)
os._exit(3)";
    let (outcome, lines) = traced(&bench, &[], &["/usr/bin/python3", "-c", script]);
    assert_eq!(outcome.code(), Some(3), "{outcome}");
    assert_eq!(events(&lines), ["+++ exited with 3 +++"; 2]);
    let other = lines.iter().filter(|line| line.starts_with("[pid ")).collect::<Vec<_>>();
    assert!(other[other.len() - 2].ends_with(" <unfinished ...>"), "{other:#?}");
}

#[test]
fn a_recording_has_signals_and_ends_in_it() {
    let bench = Workbench::new();
    let file = bench.path("recording");
    let intercept = || Program::new(Built::get().intercept());
    let command = ["bash", "-c", "trap : USR1; kill -USR1 $$; (kill -9 $BASHPID); exit 4"];
    let outcome = intercept().args(["record"]).args([&file]).args(command).run();
    assert_eq!(outcome.code(), Some(4), "{outcome}");
    let json = intercept().args(["report", "-f", "json"]).args([&file]).run().success().stdout();
    let with = |words: &str| json.lines().filter(|line| line.contains(words)).count();
    assert_eq!(with(r#""event":"signal""#), with(r#""text":"--- SIG"#));
    assert_eq!(with(r#""signal":"SIGUSR1","number":10,"text":"--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER"#), 1);
    assert_eq!((with(r#""event":"over""#), with(r#""text":"+++ killed by SIGKILL +++""#)), (2, 1), "{json}");
    let text = intercept().args(["report"]).args([&file]).run().success().stdout();
    assert!(text.contains("\n--- SIGUSR1 {") && text.contains("] +++ killed by SIGKILL +++\n"), "{text}");
    for format in ["csv", "chrome", "perfetto", "folded", "html"] {
        intercept().args(["report", "-f", format, "-o"]).args([bench.path(format)]).args([&file]).run().success();
    }
}
