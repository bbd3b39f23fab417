//! `intercept stat`: every call is counted, once, whatever becomes of who makes it; and what is said of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::support::{Built, Outcome, Program, Source, Workbench, in_order};

/// A program that makes known numbers of calls.
struct Counted {
    bench: Workbench,
    program: PathBuf,
}

/// What is said of a call, by the names of columns.
type Row = BTreeMap<String, String>;

impl Counted {
    fn new() -> Counted {
        let bench = Workbench::new();
        let program = bench.program("counted_calls");
        Counted { bench, program }
    }

    /// Runs it, and answers what it has printed and what was counted.
    #[track_caller]
    fn run(&self, options: &[&str], args: &[&str]) -> (Outcome, Vec<Row>) {
        let file = self.bench.path("counts");
        let stat = stat(["--format", "csv", "-o", file.to_str().unwrap()]).args(options.iter().copied());
        let outcome = stat.args([&self.program]).args(args.iter().copied()).run().success();
        assert_eq!(outcome.stderr(), "", "{args:?}");
        (outcome, rows(&fs::read_to_string(file).unwrap()))
    }
}

fn stat<'a>(args: impl IntoIterator<Item = &'a str>) -> Program {
    Program::new(Built::get().intercept()).args(["stat"]).args(args)
}

fn rows(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let heads = lines.next().unwrap();
    lines
        .map(|cells| {
            assert_eq!(cells.len(), heads.len(), "{cells:?}");
            heads.iter().cloned().zip(cells).collect()
        })
        .collect()
}

fn number(row: &Row, column: &str) -> u64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

/// The sum of a column over all rows of a call.
fn sum(rows: &[Row], call: &str, column: &str) -> u64 {
    rows.iter().filter(|row| row["call"] == call).map(|row| number(row, column)).sum()
}

/// Calls of getppid, and calls of getpgid with their errors.
fn counts(rows: &[Row]) -> [u64; 3] {
    [sum(rows, "getppid", "calls"), sum(rows, "getpgid", "calls"), sum(rows, "getpgid", "errors")]
}

const BY: [&[&str]; 3] = [&[], &["--by", "process"], &["--by", "thread"]];

#[test]
fn of_one_thread_every_call_is_counted_and_timed() {
    let (_, rows) = Counted::new().run(&[], &["calls", "1000"]);
    assert_eq!(counts(&rows), [1000, 1, 1]);
    let row = rows.iter().find(|row| row["call"] == "getppid").unwrap();
    let [timed, errors, total, mean, p50, p99, max] =
        ["timed", "errors", "total_ns", "mean_ns", "p50_ns", "p99_ns", "max_ns"].map(|column| number(row, column));
    assert_eq!((timed, errors, row["number"].as_str()), (1000, 0, "110"));
    assert!((1000 * 20..1_000_000_000).contains(&total), "{row:?}");
    assert!(mean.abs_diff(total / 1000) <= 1 && 0 < p50 && p50 <= p99 && p99 <= max && mean <= max, "{row:?}");
}

#[test]
fn of_many_threads_nothing_is_lost() {
    let counted = Counted::new();
    for options in BY {
        let (_, rows) = counted.run(options, &["threads", "100", "500"]);
        assert_eq!(counts(&rows), [500 * 100, 500, 500], "{options:?}");
        assert_eq!(sum(&rows, "getppid", "timed"), 500 * 100);
    }
    let (_, rows) = counted.run(&["--by", "thread"], &["threads", "100", "500"]);
    let threads = rows.iter().filter(|row| row["call"] == "getppid");
    assert!(threads.clone().all(|row| number(row, "calls") == 100 && row["name"] == "\"counted_calls\""));
    assert_eq!(threads.count(), 500);
}

#[test]
fn threads_that_are_too_many_to_be_told_apart_are_counted_together() {
    let threads = 16_384 + 800;
    let (_, rows) = Counted::new().run(&["--by", "thread"], &["turns", "10", &threads.to_string()]);
    assert_eq!(counts(&rows), [threads * 10, threads, threads]);
    let (together, apart): (Vec<&Row>, Vec<&Row>) =
        rows.iter().filter(|row| row["call"] == "getppid").partition(|row| row["thread"].is_empty());
    assert!(together.len() == 1 && number(together[0], "calls") >= 800 * 10, "{together:?}");
    assert!(apart.len() > 16_000 && apart.iter().all(|row| number(row, "calls") == 10));
}

#[test]
fn of_processes_nothing_is_lost_however_they_are_made() {
    let counted = Counted::new();
    for options in BY {
        let (_, rows) = counted.run(options, &["forks", "100", "20"]);
        assert_eq!(counts(&rows), [21 * 100, 21, 21], "{options:?}");
        let (_, rows) = counted.run(options, &["programs", "100", "20"]);
        assert_eq!(counts(&rows), [2 * 20 * 100, 2 * 20, 2 * 20], "{options:?}");
        // Half of the programs were looked for in a place where they are not.
        assert_eq!([sum(&rows, "execve", "calls"), sum(&rows, "execve", "errors")], [10 + 20, 10], "{options:?}");
        assert_eq!(sum(&rows, "execve", "timed"), 10, "who has become another program does not return");
    }
    let (_, rows) = counted.run(&["--by", "process"], &["forks", "100", "20"]);
    let processes = rows.iter().filter(|row| row["call"] == "getppid");
    assert!(processes.clone().all(|row| number(row, "calls") == 100));
    assert_eq!(processes.count(), 21);
}

#[test]
fn of_processes_that_are_killed_everything_is_there() {
    let counted = Counted::new();
    for options in BY {
        let (_, rows) = counted.run(options, &["killed", "1000", "10"]);
        assert_eq!(counts(&rows), [10 * 1000, 10, 10], "{options:?}");
        // The last thing they did, and what has never returned.
        assert_eq!([sum(&rows, "kill", "calls"), sum(&rows, "kill", "timed")], [10, 0], "{options:?}");
    }
}

#[test]
fn calls_of_signal_handlers_are_counted_wherever_they_interrupt() {
    let counted = Counted::new();
    let (outcome, rows) = counted.run(&[], &["handlers", "100", "2000"]);
    let handled: u64 = outcome.stdout().trim().parse().unwrap();
    let [calls, rounds, _] = counts(&rows);
    assert_eq!((calls, sum(&rows, "getppid", "timed")), (handled + 100 * rounds, calls));
    assert_eq!(sum(&rows, "rt_sigreturn", "calls"), handled);
}

#[test]
fn where_the_clock_must_not_be_looked_at_calls_are_counted_without_it() {
    let counted = Counted::new();
    let (_, rows) = counted.run(&[], &["tsc", "100"]);
    assert_eq!((counts(&rows), sum(&rows, "getppid", "timed")), ([200, 2, 2], 100));
    let (_, rows) = counted.run(&[], &["strict", "100"]);
    assert_eq!((counts(&rows), sum(&rows, "getppid", "timed")), ([100, 1, 1], 100));
    assert_eq!([sum(&rows, "write", "calls"), sum(&rows, "exit", "calls")], [1, 1]);
}

#[test]
fn where_the_clock_must_not_be_looked_at_from_the_beginning_none_is() {
    let counted = Counted::new();
    let library = Source::test("forbids_the_counter.c").shared().compile(&counted.bench.path("forbids.so"));
    // The loader runs the constructors of what is preloaded from the last to the first.
    let script = "LD_PRELOAD=$LD_PRELOAD:$0 exec \"$@\"";
    let stat = stat(["-f", "csv", "sh", "-c", script]).args([&library, &counted.program]).args(["calls", "100"]);
    let rows = rows(&stat.run().success().stderr());
    let [calls, _, errors] = counts(&rows);
    // The shell may ask, too.
    assert_eq!((calls - sum(&rows, "getppid", "timed"), errors, sum(&rows, "getpgid", "timed")), (100, 1, 0));
}

#[test]
fn time_that_is_waited_is_counted() {
    let (_, rows) = Counted::new().run(&[], &["sleeps", "20", "5"]);
    // glibc makes nanosleep() of it.
    let row = rows.iter().find(|row| row["call"].ends_with("nanosleep")).unwrap();
    let [p50, max, total] = ["p50_ns", "max_ns", "total_ns"].map(|column| number(row, column));
    // Buckets are at most a quarter wider than what is in them.
    assert!(p50 > 15_000_000 && max >= 20_000_000 && total >= 100_000_000, "{row:?}");
    assert!(total < 10_000_000_000, "{row:?}");
}

#[test]
fn what_a_hook_answers_is_counted_too() {
    let bench = Workbench::new();
    let (program, plugin) = (bench.program("says_getppid"), bench.plugin("answers_getppid"));
    let outcome = stat(["-f", "csv"]).args([&program]).env("LD_PRELOAD", plugin).run().success();
    assert!(outcome.stdout().starts_with("libc intercepted"), "{outcome}");
    assert!(sum(&rows(&outcome.stderr()), "getppid", "timed") > 0, "{outcome}");
}

#[test]
fn who_is_counted_does_not_notice() {
    let bench = Workbench::new();
    for (program, args) in [
        ("cancelled", &["deferred"][..]),
        ("cancelled", &["asynchronous"]),
        ("many", &["threads", "200"]),
        ("many", &["processes", "100"]),
        ("ends", &["exit_group"]),
    ] {
        let program = bench.program(program);
        let bare = Program::new(&program).args(args.iter().copied()).run().success();
        let counted = stat(["-o", bench.path("counts").to_str().unwrap()]).args([&program]).args(args.iter().copied());
        assert_eq!(counted.run(), bare, "{args:?}");
        assert!(fs::read_to_string(bench.path("counts")).unwrap().contains("(all)"));
    }
}

#[test]
fn it_ends_as_the_program_did_and_says_what_it_has_counted_also_then() {
    let end = |script: &str| stat(["bash", "-c", script]).run();
    let exited = end("cat; echo out; exit 42");
    assert_eq!((exited.code(), exited.stdout().as_str()), (Some(42), "out\n"));
    let killed = end("kill -KILL $$");
    assert_eq!(killed.signal(), Some(libc::SIGKILL));
    for outcome in [exited, killed] {
        assert!(outcome.stderr().starts_with("call "), "{outcome}");
        assert!(
            outcome.stderr().lines().last().unwrap().is_empty() && outcome.stderr().contains("\n(all) "),
            "{outcome}"
        );
    }
}

#[test]
fn tables_are_sorted_and_cut_as_asked() {
    let script = ["bash", "-c", "for i in {1..50}; do echo $i; done; cd /; cd /no/such/folder || true"];
    let table = |options: &[&str]| {
        let outcome = stat(options.iter().copied()).args(script).run().success();
        outcome.stderr().lines().filter(|line| !line.contains("cd:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = |line: &str| line.split_ascii_whitespace().next().unwrap_or_default().to_owned();
    let by_calls = table(&["--sort", "calls", "-n", "3"]);
    assert_eq!((by_calls.len(), first(&by_calls[1]).as_str()), (1 + 3 + 1 + 1, "write"), "{by_calls:#?}");
    let by_name: Vec<String> = table(&["-s", "name"]).iter().map(|line| first(line)).collect();
    let names: Vec<&String> = by_name[1..].iter().take_while(|name| *name != "(all)").collect();
    assert!(names.len() > 10 && names.is_sorted(), "{by_name:?}");
    let by_errors = table(&["-s", "errors"]);
    let errors = |line: &String| line.split_ascii_whitespace().nth(2).unwrap().replace(',', "").parse::<u64>().unwrap();
    let errors: Vec<u64> = by_errors[1..].iter().take_while(|line| !line.starts_with("(all)")).map(errors).collect();
    assert!(errors[0] > 0 && errors.is_sorted_by(|one, next| one >= next), "{by_errors:#?}");
}

#[test]
fn a_summary_has_the_look_of_straces() {
    let text = stat(["-f", "strace", "bash", "-c", "cd /no/such/folder"]).run().stderr();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("cd:")).collect();
    assert_eq!(lines[0], "% time     seconds  usecs/call     calls    errors syscall");
    assert_eq!(lines[1], "------ ----------- ----------- --------- --------- ----------------");
    assert_eq!(lines[lines.len() - 2], lines[1]);
    let total: Vec<&str> = lines[lines.len() - 1].split_ascii_whitespace().collect();
    assert!(total.len() == 6 && total[0] == "100.00" && total[5] == "total", "{text}");
    let calls = |line: &&str| line.split_ascii_whitespace().nth(3).unwrap().parse::<u64>().unwrap();
    let sum: u64 = lines[2..lines.len() - 2].iter().map(calls).sum();
    assert_eq!(total[3], sum.to_string(), "{text}");
}

#[test]
fn a_histogram_shows_every_call() {
    let counted = Counted::new();
    let outcome = stat(["-n", "1", "-H", "getppid"]).args([&counted.program]).args(["calls", "1234"]).run().success();
    let text = outcome.stderr();
    let (_, histogram) = text.split_once("getppid: 1,234 calls, 1,234 timed\n").unwrap_or_else(|| panic!("{text}"));
    // `     118 ns ..   148 ns    12  ###`
    let count = |line: &str| {
        let (_, rest) = line.split_once(" .. ")?;
        rest.split_ascii_whitespace().nth(2)?.replace(',', "").parse::<u64>().ok()
    };
    let counts: Vec<u64> =
        histogram.lines().take_while(|line| !line.is_empty()).map(|line| count(line).unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 1234, "{text}");
    let longest = histogram.lines().map(|line| line.matches('#').count()).max();
    assert_eq!(longest, Some(40), "{text}");
}

#[test]
fn json_is_json() {
    let counted = Counted::new();
    let file = counted.bench.path("counts.json");
    let options = ["-f", "json", "--by", "thread", "-o", file.to_str().unwrap()];
    stat(options).args([&counted.program]).args(["threads", "100", "3"]).run().success();
    let script = "import json, sys\n\
                  groups = json.load(open(sys.argv[1]))['groups']\n\
                  calls = [call for group in groups for call in group['calls'] if call['call'] == 'getppid']\n\
                  assert all(sum(count for _, _, count in call['histogram']) == call['timed'] for call in calls)\n\
                  assert all(isinstance(group['process'], int) and group['name'] == 'counted_calls' for group in groups)\n\
                  print(len(groups), sum(call['calls'] for call in calls))";
    let python = Program::new("python3").args(["-c", script]).args([&file]).run().success();
    assert_eq!(python.stdout(), "4 300\n");
}

#[test]
fn a_live_view_is_drawn_on_a_terminal_while_the_program_runs() {
    // script(1) runs it on a terminal of its own, and prints what it would show.
    let command = format!("{} stat --live=0.1 sleep 1", Built::get().intercept().display());
    let shown = Program::new("script").args(["-qec", &command, "/dev/null"]).run().success().stdout();
    let views = shown.matches(" a second").count();
    assert!((3..40).contains(&views), "{shown:?}");
    // Each is drawn over the one before: back to its first line, and what was there is erased.
    assert_eq!(shown.matches("F\x1b[J").count(), views, "{shown:?}");
    assert!(in_order(&shown, &[" a second", "call ", "(all)", "F\x1b[J", " a second"]), "{shown:?}");
    let (_, last) = shown.rsplit_once("F\x1b[J").unwrap();
    assert!(last.starts_with("call ") && last.contains("nanosleep"), "the table stays: {shown:?}");
}

#[test]
fn what_is_wrong_is_said_before_the_program_runs() {
    let cases = [
        (&["--live", "echo", "ran"][..], 1, "--live needs a terminal"),
        (&["-o", "/no/such/folder/file", "echo", "ran"], 1, "/no/such/folder/file: cannot be written"),
        (&["-H", "getpidd", "echo", "ran"], 1, "getpidd"),
        (&["--live=0", "echo", "ran"], 2, "seconds"),
    ];
    for (args, status, about) in cases {
        let outcome = stat(args.iter().copied()).run();
        assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(status), ""), "{outcome}");
        assert!(outcome.stderr().contains(about), "{outcome}");
    }
}
