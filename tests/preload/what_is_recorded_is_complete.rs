//! `intercept record`: every call of every thread and process arrives, whatever happens to them or to the recorder.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Built, Outcome, Program, Workbench, rounds};

struct Setting {
    bench: Workbench,
    file: PathBuf,
}

/// A recorded call, as the JSON report has it.
#[derive(Debug)]
struct Call {
    event: String,
    thread: u32,
    /// As a trace shows it.
    text: String,
}

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        let file = bench.path("recording");
        Setting { bench, file }
    }

    /// A program with its arguments, to be recorded.
    fn record<'a>(&self, options: &[&str], program: impl IntoIterator<Item = &'a str>) -> Program {
        let record = Program::new(Built::get().intercept()).args(["record"]).args(options.iter().copied());
        record.args([&self.file]).args(["--"]).args(program)
    }

    /// `tests/c/bursts.c`
    fn bursts(&self) -> PathBuf {
        self.bench.program("bursts")
    }

    fn report(&self, format: &str) -> Outcome {
        Program::new(Built::get().intercept()).args(["report", "--format", format]).args([&self.file]).run().success()
    }

    /// Everything but programs. Nothing is missing.
    fn calls(&self) -> Vec<Call> {
        let report = self.report("json");
        assert_eq!(report.stderr(), "");
        let text = report.stdout();
        let calls = text.lines().filter_map(|line| {
            let event = member(line, "event").trim_matches('"').to_owned();
            let is_call = ["call", "leaving", "unfinished"].contains(&event.as_str());
            is_call.then(|| Call {
                event,
                thread: member(line, "tid").parse().unwrap(),
                text: line.split_once("\"text\":\"").unwrap().1.trim_end_matches("\"}").to_owned(),
            })
        });
        calls.collect()
    }
}

/// The value of a member, if it has no comma in it. That the objects are JSON is shown elsewhere.
fn member<'a>(object: &'a str, name: &str) -> &'a str {
    let (_, rest) = object.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name}: {object}"));
    rest.split([',', '}']).next().unwrap()
}

/// The calls of `bursts`, by the number that each of them carries; `getpgid` and `close`, each once.
fn marked(calls: &[Call]) -> HashMap<u32, Vec<&str>> {
    let mut marked: HashMap<u32, Vec<&str>> = HashMap::new();
    for call in calls.iter().filter(|call| call.event == "call") {
        let (name, rest) = call.text.split_once('(').unwrap();
        if let Ok(number) = rest.split(')').next().unwrap().parse::<u32>()
            && ["getpgid", "close"].contains(&name)
            && number >> 29 == 1
        {
            marked.entry(number).or_default().push(&call.text);
        }
    }
    marked
}

fn complete(number: u32) -> [String; 2] {
    [
        format!("getpgid({number}) = -1 ESRCH (No such process)"),
        format!("close({number}) = -1 EBADF (Bad file descriptor)"),
    ]
}

#[test]
fn every_call_of_every_thread_arrives_once() {
    let setting = Setting::new();
    let bursts = setting.bursts();
    // Many threads that share rings, and one that goes around in one several times.
    for (processes, threads, calls) in [(2, 100, 20), (1, 1, rounds(20_000, 60_000) as usize)] {
        let numbers = [processes, threads, calls].map(|number| number.to_string());
        let args =
            [&[bursts.to_str().unwrap(), "ends"][..], &numbers.each_ref().map(|number| number.as_str())].concat();
        let outcome = setting.record(&[], args).run().success();
        assert_eq!(outcome.stderr(), "");
        let calls_seen = setting.calls();
        let marked = marked(&calls_seen);
        assert_eq!(marked.len(), processes * threads * calls);
        for (number, seen) in marked {
            assert_eq!(seen, complete(number));
        }
    }
}

#[test]
fn what_a_killed_program_has_done_is_there_up_to_the_end() {
    let setting = Setting::new();
    let bursts = setting.bursts();
    for round in 0..rounds(3, 30) {
        let outcome = setting.record(&[], [bursts.to_str().unwrap(), "killed", "8", "7"]).run().success();
        let told: Vec<u32> = outcome.stdout().lines().map(|count| count.parse().unwrap()).collect();
        assert!(told.len() == 8 && told.iter().sum::<u32>() > 1000, "{told:?}");
        let calls = setting.calls();
        let marked = marked(&calls);
        for (thread, &count) in (0..).zip(&told) {
            for count in 0..count {
                let number = 1 << 29 | thread << 16 | count;
                let found = marked.get(&number).map_or(&[][..], |found| found);
                assert_eq!(found, complete(number), "round {round}: call {count} of {thread}, which told of {told:?}");
            }
        }
    }
}

#[test]
fn a_call_that_never_ended_is_shown_as_unfinished() {
    let setting = Setting::new();
    let script = "cat <&0 & sleep 0.3; kill -KILL $!; wait";
    // Nobody writes into the pipe, and nobody closes it before the end.
    let script = format!("coproc sleep 3; exec 0<&${{COPROC[0]}}; {script}; kill $COPROC_PID");
    setting.record(&[], ["bash", "-c", &script]).run();
    let calls = setting.calls();
    let unfinished: Vec<&Call> = calls.iter().filter(|call| call.event == "unfinished").collect();
    let read = unfinished.iter().find(|call| call.text.starts_with("read(0, 0x"));
    let read = read.unwrap_or_else(|| panic!("{unfinished:?}"));
    assert!(read.text.ends_with(" <unfinished ...>"), "{read:?}");
    let ended = calls.iter().filter(|call| call.thread == read.thread && call.event == "call").count();
    assert!(ended > 3, "the calls before it have ended: {calls:?}");
}

#[test]
fn each_call_is_told_of_by_who_has_made_it() {
    let setting = Setting::new();
    let program = setting.bench.program("tells_who_it_is");
    let outcome = setting.record(&[], [program.to_str().unwrap()]).run().success();
    let expected: usize = outcome.stdout().trim().parse().unwrap();
    let calls = setting.calls();
    let mut told = 0;
    for call in &calls {
        let asked = call.text.strip_prefix("getpgid(").and_then(|rest| rest.split(')').next()?.parse::<u32>().ok());
        if let Some(number) = asked.filter(|number| number >> 29 == 1) {
            assert_eq!(number & !(1 << 29), call.thread, "{call:?}");
            told += 1;
        }
    }
    assert_eq!(told, 2 * expected);
}

#[test]
fn nothing_is_missed_after_chroot_and_without_descriptors() {
    let setting = Setting::new();
    let script = "import os\n\
                  os.closerange(3, 1 << 16)\n\
                  os.chroot('/proc/self/fdinfo')\n\
                  if os.fork() == 0: os._exit(os.umask(0o123) & 0)\n\
                  os.wait()\n";
    setting.record(&[], ["python3", "-c", script]).run().success();
    let calls = setting.calls();
    let after: Vec<&str> =
        calls.iter().map(|call| call.text.as_str()).skip_while(|text| !text.starts_with("chroot(")).collect();
    assert!(after.iter().any(|text| text.starts_with("umask(0123) = ")), "{after:?}");
}

#[test]
fn what_a_program_leaves_behind_is_waited_for() {
    let setting = Setting::new();
    let script = "(sleep 0.5; umask 0123) & exit 5";
    assert_eq!(setting.record(&[], ["bash", "-c", script]).run().code(), Some(5));
    assert!(setting.calls().iter().any(|call| call.text.starts_with("umask(0123) = ")));
}

#[test]
fn what_others_have_left_behind_is_not_waited_for() {
    let setting = Setting::new();
    // It writes nothing to the streams that the test reads to their end.
    let script = r#"sleep 20 </dev/null >/dev/null 2>&1 & exec "$INTERCEPT" record "$FILE" -- bash -c 'exit 6'"#;
    let program = Program::script(script).env("INTERCEPT", Built::get().intercept()).env("FILE", &setting.file);
    let started = Instant::now();
    assert_eq!(program.run().code(), Some(6));
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn each_call_is_told_of_by_who_has_made_it_also_where_nothing_else_is_traced() {
    let setting = Setting::new();
    let program = setting.bench.program("tells_who_it_is");
    let trace = Program::new(Built::get().intercept()).args(["trace", "-qq", "-e", "trace=getpgid", "-o"]);
    let outcome = trace.args([&setting.file, &program]).run().success();
    let trace = fs::read_to_string(&setting.file).unwrap();
    assert!(trace.lines().all(|line| line.contains("getpgid(")), "{trace}");
    assert_eq!(trace.lines().count(), 2 * outcome.stdout().trim().parse::<usize>().unwrap(), "{trace}");
    let mut of_others = 0;
    for line in trace.lines().filter_map(|line| line.strip_prefix("[pid ")) {
        let (thread, call) = line.split_once("] getpgid(").unwrap();
        let number: u32 = call.split(')').next().unwrap().parse().unwrap();
        assert_eq!(number & !(1 << 29), thread.trim().parse::<u32>().unwrap(), "{trace}");
        of_others += 1;
    }
    // All but the first thread of the first program, which tells five times.
    assert_eq!(trace.lines().count() - of_others, 2 * 5, "{trace}");
}

/// Makes more calls than a ring has room for.
const MANY_CALLS: &str = "for i in {1..6000}; do cd .; done";

/// What is missing according to the command, and according to the recording.
fn losses(setting: &Setting, outcome: &Outcome) -> u64 {
    let said = outcome.stderr();
    let lost = |text: &str| {
        text.split("intercept: ").last().unwrap().split(": ").last().unwrap().split(' ').next().unwrap().parse()
    };
    let lost: u64 = lost(&said).unwrap_or_else(|_| panic!("{outcome}"));
    let report = setting.report("json");
    let end = report.stdout().lines().last().unwrap().to_owned();
    assert_eq!((member(&end, "event"), member(&end, "lost")), ("\"end\"", lost.to_string().as_str()), "{end}");
    assert!(report.stderr().contains(&format!("{lost} events were lost")), "{report}");
    lost
}

#[test]
fn what_is_lost_when_that_is_preferred_is_counted() {
    let setting = Setting::new();
    let script = format!("kill -STOP $PPID; {MANY_CALLS}; kill -CONT $PPID");
    let outcome = setting.record(&["--lossy"], ["bash", "-c", &script]).run().success();
    assert!(losses(&setting, &outcome) > 1000, "{outcome}");
}

#[test]
fn a_program_waits_for_a_recorder_that_is_slow_and_loses_nothing() {
    let setting = Setting::new();
    // Not as long as one that is taken for dead. Who is recorded cannot wake the recorder: it may wait for it itself.
    let script = r#"
        "$INTERCEPT" record "$FILE" -- bash -c "kill -STOP \$PPID; $MANY_CALLS" &
        until [[ $(cut -d' ' -f3 /proc/$!/stat) == T ]]; do sleep 0.01; done
        sleep 0.7
        kill -CONT $!
        wait $!"#;
    let program = Program::script(script).env("INTERCEPT", Built::get().intercept()).env("FILE", &setting.file);
    let outcome = program.env("MANY_CALLS", MANY_CALLS).run().success();
    assert_eq!(outcome.stderr(), "");
    let calls = setting.calls();
    assert!(calls.iter().filter(|call| call.text.starts_with("chdir(")).count() >= 6000);
}

#[test]
fn a_program_outlives_a_recorder_that_is_stopped_or_dies() {
    let setting = Setting::new();
    let started = Instant::now();
    let script = format!("kill -STOP $PPID; {MANY_CALLS}; kill -CONT $PPID");
    let outcome = setting.record(&[], ["bash", "-c", &script]).run().success();
    assert!(losses(&setting, &outcome) > 1000, "{outcome}");
    assert!(started.elapsed() > Duration::from_secs(1), "nobody has waited");

    let done = setting.bench.path("done");
    let script = format!("kill -KILL $PPID; {MANY_CALLS}; echo $? >{}", done.display());
    let outcome = setting.record(&[], ["bash", "-c", &script]).run();
    assert_eq!(outcome.signal(), Some(libc::SIGKILL));
    let deadline = Instant::now() + Duration::from_secs(50);
    while fs::read_to_string(&done).unwrap_or_default() != "0\n" {
        assert!(Instant::now() < deadline, "the program does not come to its end");
        thread::sleep(Duration::from_millis(20));
    }
    let report = setting.report("text");
    assert!(report.stderr().contains("the recording was not completed"), "{report}");
}

#[test]
fn a_recording_ends_when_it_is_long_enough() {
    let setting = Setting::new();
    let program = ["bash", "-c", "for i in {1..200}; do cd .; done; sleep 0.5; umask 0123; exit 3"];
    assert_eq!(setting.record(&["--max-events", "25"], program).run().code(), Some(3));
    assert_eq!(setting.calls().len(), 25);
    assert_eq!(setting.record(&["--duration", "0.25"], program).run().code(), Some(3));
    let calls = setting.calls();
    assert!(!calls.iter().any(|call| call.text.starts_with("umask(0123)")), "it went on: {}", calls.len());
}

#[test]
fn files_that_are_no_recordings_cost_one_clear_line() {
    let setting = Setting::new();
    let report = |file: &Path| Program::new(Built::get().intercept()).args(["report"]).args([file]).run();
    for (contents, about) in
        [("", "not a file that `intercept record` has written"), ("intercpt\u{3}", "another version")]
    {
        let outcome = report(&setting.bench.file("other", contents));
        let said = outcome.stderr();
        assert!(outcome.code() == Some(1) && said.lines().count() == 1 && said.contains(about), "{outcome}");
    }
    let outcome = report(&setting.bench.path("none"));
    assert!(outcome.code() == Some(1) && outcome.stderr().contains("No such file"), "{outcome}");
}

#[test]
fn memory_that_is_none_costs_each_program_one_line() {
    let setting = Setting::new();
    let file = setting.bench.file("file", &"x".repeat(5000));
    for path in ["/none", "/", "/dev/zero", "/dev/null", "", file.to_str().unwrap()] {
        let program = Program::script("echo out; exit 3").intercepted().env("INTERCEPT_EVENTS", path).run();
        assert_eq!((program.stdout().as_str(), program.code()), ("out\n", Some(3)), "{path}: {program}");
        let said = program.stderr();
        let about = format!("libsyscall_intercept: nothing of this program is recorded, cannot use {path}: ");
        assert!(said.is_empty() == path.is_empty() && said.lines().all(|line| line.starts_with(&about)), "{program}");
        assert!(said.lines().count() <= 1, "{program}");
    }
}
