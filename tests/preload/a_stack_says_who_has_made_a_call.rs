//! `-k`: each call comes with the functions that led to it, however the program got there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Built, Program, Source, Workbench, in_order};

struct Setting {
    bench: Workbench,
    program: PathBuf,
}

/// The functions that `tests/c/calls_deeply.c` writes from, the innermost first.
const NESTED: [&str; 3] = ["innermost", "middle", "outermost"];

/// A frame, as strace prints it: ` > FILE(FUNCTION+0x1b) [0x1234]`, the function being unknown at times.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    file: String,
    function: String,
    offset: String,
}

impl Frame {
    fn parse(line: &str) -> Frame {
        let (place, offset) = line.rsplit_once(" [").unwrap_or_else(|| panic!("no frame: {line}"));
        let (file, function) = place.split_once('(').unwrap_or((place, ")"));
        let function = function.strip_suffix(')').unwrap_or_else(|| panic!("no frame: {line}"));
        let function = function.split('+').next().unwrap();
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        Frame { file: name.to_owned(), function: function.to_owned(), offset: offset.trim_end_matches(']').to_owned() }
    }
}

impl Setting {
    /// Frame pointers are left out, as compilers do unless they are told otherwise.
    fn new() -> Setting {
        let bench = Workbench::new();
        let source = Source::test("calls_deeply.c").flags(&["-O2", "-fomit-frame-pointer", "-pthread"]);
        let program = source.compile(&bench.path("calls_deeply"));
        Setting { bench, program }
    }

    fn trace(&self, options: &[&str], how: &[&str]) -> String {
        let file = self.bench.path("trace");
        let trace = Program::new(Built::get().intercept()).args(["trace", "-k", "-o"]).args([&file]);
        trace.args(options).args(["--"]).args([&self.program]).args(how).run().success();
        fs::read_to_string(file).unwrap()
    }

    /// The frames of the call that writes this word.
    fn frames(&self, how: &[&str], word: &str) -> Vec<Frame> {
        stack(&self.trace(&["-e", "trace=write"], how), &format!("write(1, \"{word}"))
    }
}

/// The frames of the first call whose line has this in it.
fn stack(trace: &str, call: &str) -> Vec<Frame> {
    let mut lines = trace.lines().skip_while(|line| !line.contains(call));
    assert!(lines.next().is_some(), "no {call}: {trace}");
    lines.map_while(|line| line.strip_prefix(" > ")).map(Frame::parse).collect()
}

/// The functions in the program and in the library that it loads, the innermost first.
fn of_program(frames: &[Frame]) -> Vec<&str> {
    let named = frames.iter().filter(|frame| ["calls_deeply", "loaded_later.so"].contains(&frame.file.as_str()));
    named.map(|frame| frame.function.as_str()).collect()
}

#[track_caller]
fn assert_functions(frames: &[Frame], then: &[&str]) {
    assert!(frames[0].file.starts_with("libc.so") && frames[0].function.ends_with("write"), "{frames:#?}");
    assert_eq!(of_program(frames), [&NESTED[..], then].concat(), "{frames:#?}");
    // Between the program and libc, there is nothing.
    assert!(frames.iter().all(|frame| !frame.file.contains("intercept")), "{frames:#?}");
}

#[test]
fn a_call_comes_with_the_functions_that_led_to_it() {
    let setting = Setting::new();
    let frames = setting.frames(&["plain"], "plain");
    assert_functions(&frames, &["main", "_start"]);
    assert_functions(&setting.frames(&["thread"], "thread"), &["in_thread"]);
    assert_functions(&setting.frames(&["child"], "child"), &["main", "_start"]);
}

#[test]
fn code_that_was_loaded_later_is_known_too() {
    let setting = Setting::new();
    let library =
        Source::test("loaded_later.c").shared().flags(&["-O2"]).compile(&setting.bench.path("loaded_later.so"));
    let frames = setting.frames(&["library", library.to_str().unwrap()], "library");
    assert_functions(&frames, &["loaded_later", "main", "_start"]);
}

#[test]
fn the_frames_of_a_handler_lead_to_what_it_has_interrupted() {
    let setting = Setting::new();
    // In a call; in a loop; at the first instruction of a function, where what is before belongs to another one.
    for (how, word, then) in [
        ("handler", "handler", ["handler", "interrupted", "main", "_start"]),
        ("computes", "handler", ["handler", "computes", "main", "_start"]),
        ("fault", "fault", ["leave", "faults", "main", "_start"]),
    ] {
        assert_functions(&setting.frames(&[how], word), &then);
    }
}

#[test]
fn frames_are_those_that_strace_finds() {
    let setting = Setting::new();
    let file = setting.bench.path("strace");
    let strace = Program::new("strace").args(["-k", "-e", "trace=write", "-o"]).args([&file]);
    strace.args([&setting.program]).args(["plain"]).run().success();
    let places = |frames: Vec<Frame>| -> Vec<(String, String)> {
        frames.into_iter().map(|frame| (frame.file, frame.offset)).collect()
    };
    let expected = stack(&fs::read_to_string(file).unwrap(), "write(1, \"plain");
    assert!(expected.len() > NESTED.len(), "strace has found nothing: {expected:?}");
    assert_eq!(places(setting.frames(&["plain"], "plain")), places(expected));
}

#[test]
fn of_stripped_programs_there_are_places() {
    let setting = Setting::new();
    let places = |frames: &[Frame]| -> Vec<String> { frames.iter().map(|frame| frame.offset.clone()).collect() };
    let frames = setting.frames(&["plain"], "plain");
    Program::new("strip").args([&setting.program]).run().success();
    let stripped = setting.frames(&["plain"], "plain");
    assert_eq!(places(&stripped), places(&frames));
    assert_eq!(of_program(&stripped), ["", "", "", "", ""]);
}

#[test]
fn a_program_that_is_built_anew_is_another_one() {
    let setting = Setting::new();
    let source = Source::test("calls_deeply.c").flags(&["-O2", "-pthread", "-Dinnermost=renamed"]);
    let other = source.compile(&setting.bench.path("other"));
    let file = setting.bench.path("trace");
    let trace = Program::new(Built::get().intercept()).args(["trace", "-k", "-e", "trace=write", "-o"]).args([&file]);
    let script = r#""$0" plain; mv "$1" "$0"; "$0" thread"#;
    trace.args(["--", "sh", "-c", script]).args([&setting.program, &other]).run().success();
    let trace = fs::read_to_string(file).unwrap();
    // If the first one is gone before it is looked at, its functions have no names.
    let functions = of_program(&stack(&trace, "write(1, \"plain")).join(" ");
    assert!(functions.starts_with("innermost middle ") || functions.trim().is_empty(), "{trace}");
    assert_eq!(
        of_program(&stack(&trace, "write(1, \"thread")),
        ["renamed", "middle", "outermost", "in_thread"],
        "{trace}"
    );
}

#[test]
fn the_rest_of_a_deep_stack_is_said_to_be_missing() {
    let setting = Setting::new();
    let trace = |options: &[&str]| setting.trace(&[&["-e", "trace=write"], options].concat(), &["deep", "100"]);
    let (cut, whole) = (trace(&[]), trace(&["--stack-traces=65536"]));
    let recursions = |trace: &str| trace.matches("(recursive+").count();
    assert_eq!(recursions(&whole), 101, "{whole}");
    assert!(!whole.contains(" > ...\n") && whole.contains("(main+"), "{whole}");
    assert!((10..50).contains(&recursions(&cut)), "{cut}");
    assert!(cut.contains(" > ...\n") && !cut.contains("(main+"), "{cut}");
}

#[test]
fn a_recording_keeps_stacks_of_programs_that_are_killed() {
    let setting = Setting::new();
    let file = setting.bench.path("recording");
    let intercept = || Program::new(Built::get().intercept());
    // Until it has written and waits.
    let script = r#"
        "$0" blocks > "$1" &
        until [ -s "$1" ] && grep -q 'State:.*S (' /proc/$!/status; do sleep 0.05; done
        kill -9 $!; wait"#;
    let record = intercept().args(["record", "-k"]).args([&file]).args(["--", "bash", "-c", script]);
    record.args([&setting.program, &setting.bench.path("written")]).run();
    // Names are in the file: the program need not be there any more.
    fs::remove_file(&setting.program).unwrap();
    let report = |format: &str| intercept().args(["report", "-f", format]).args([&file]).run().success().stdout();
    let text = report("text");
    assert_functions(&stack(&text, "write(1, \"blocks"), &["main", "_start"]);
    let unfinished = stack(&text, "<unfinished ...>");
    assert_eq!(of_program(&unfinished), ["main", "_start"], "{text}");
    let folded = report("folded");
    let line = folded.lines().find(|line| line.contains(";innermost;")).unwrap_or_else(|| panic!("{folded}"));
    assert!(line.starts_with("calls_deeply;_start;") && line.contains(";main;outermost;middle;innermost;"), "{line}");
    assert!(line.contains("write;write "), "{line}");
    let json = report("json");
    let call =
        json.lines().find(|line| line.contains(r#""text":"write(1, \"blocks"#)).unwrap_or_else(|| panic!("{json}"));
    assert!(in_order(call, &["\"stack\":[", "\"innermost\"", "\"middle\"", "\"outermost\"", "\"main\""]), "{call}");
    let page = report("html");
    let (_, names) = page.split_once("\"functions\":[").unwrap();
    assert!(in_order(names, &["\"outermost\"", "\"middle\"", "\"innermost\"", "]"]), "{names}");
}
