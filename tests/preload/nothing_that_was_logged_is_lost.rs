//! `INTERCEPT_LOG` under load: whatever happens to the program or to the file, lines are whole, and those that can be there are.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Program, Workbench, rounds};

const THREADS: usize = 100;

struct Setting {
    bench: Workbench,
    program: PathBuf,
    log: PathBuf,
}

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        let (program, log) = (bench.program("bursts"), bench.path("log"));
        Setting { bench, program, log }
    }

    /// See `tests/c/bursts.c`.
    fn bursts<const N: usize>(&self, args: [&str; N]) -> Program {
        let program = Program::new(&self.program).args(args).intercepted();
        program.env("INTERCEPT_LOG", &self.log).env("INTERCEPT_LOG_TRUNC", "0")
    }
}

/// The name, the arguments and the result in a whole line; `None` if it is not one.
fn call(line: &str) -> Option<(&str, &str, &str)> {
    let (place, call) = line.split_once(" -- ")?;
    let (object, offset) = place.rsplit_once(" 0x")?;
    let (name, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ").or_else(|| Some((rest.strip_suffix(')')?, "")))?;
    let is_place = object.starts_with('/') && u64::from_str_radix(offset, 16).is_ok();
    let is_one = !line.contains('\0') && call.matches(" -- ").count() == 0 && !name.contains(' ');
    (is_place && is_one).then_some((name, arguments, result))
}

/// What the calls of `bursts` have become: by process, thread and count, what `getpgid` and `close` left in the log, in order.
fn results(log: &str) -> HashMap<(u32, u32, u32), Vec<String>> {
    let mut results: HashMap<_, Vec<String>> = HashMap::new();
    for line in log.lines() {
        let (name, arguments, result) = call(line).unwrap_or_else(|| panic!("not a line: {line}"));
        let number = match name {
            "getpgid" => u32::from_str_radix(arguments.trim_start_matches("0x"), 16).ok(),
            "close" => arguments.parse().ok(),
            _ => None,
        };
        if let Some(number) = number.filter(|number| number >> 29 == 1) {
            let key = (number >> 24 & 0x1f, number >> 16 & 0xff, number & 0xffff);
            results.entry(key).or_default().push(format!("{name} {result}"));
        }
    }
    results
}

const COMPLETE: [&str; 4] =
    ["getpgid ?", "getpgid -3 ESRCH (No such process)", "close ?", "close -9 EBADF (Bad file number)"];

fn read(log: &Path) -> String {
    String::from_utf8(fs::read(log).unwrap()).unwrap()
}

/// Takes out the beginnings of lines that the kernel has not written to their end, each of which runs into the line after it; says
/// how many there were. A write that reaches into another page stops between the two when its thread is killed
/// (`generic_perform_write` in mm/filemap.c). The call it is about was not over.
fn without_torn_lines(log: &str) -> (String, usize) {
    let mut torn = 0;
    let mut whole = String::new();
    for line in log.lines() {
        let mut ends = line.match_indices('/').map(|(start, _)| line.split_at(start).1);
        torn += usize::from(call(line).is_none());
        whole.extend(ends.find(|end| call(end).is_some()).into_iter().flat_map(|line| [line, "\n"]));
    }
    (whole, torn)
}

#[test]
fn the_lines_of_a_killed_program_are_there_up_to_the_end() {
    let setting = Setting::new();
    for round in 0..rounds(3, 30) {
        let _ = fs::remove_file(&setting.log);
        let outcome = setting.bursts(["killed", "8", "7"]).run().success();
        let told: Vec<u32> = outcome.stdout().lines().map(|count| count.parse().unwrap()).collect();
        assert!(told.len() == 8 && told.iter().sum::<u32>() > 1000, "{told:?}");
        let (log, torn) = without_torn_lines(&read(&setting.log));
        assert!(torn <= told.len(), "{torn} torn lines");
        let results = results(&log);
        for (thread, &count) in (0..).zip(&told) {
            for count in 0..count {
                let found = results.get(&(0, thread, count)).map_or(&[][..], |found| found);
                assert_eq!(found, COMPLETE, "round {round}: call {count} of thread {thread}, which told of {told:?}");
            }
        }
    }
}

#[test]
fn lines_of_threads_processes_and_programs_do_not_mix() {
    const PROCESSES: usize = 2;
    const CALLS: usize = 20;
    let setting = Setting::new();
    let (processes, threads, calls) = (PROCESSES.to_string(), THREADS.to_string(), CALLS.to_string());
    let program = setting.bursts(["ends", &processes, &threads, &calls]);
    let programs = 2;
    thread::scope(|scope| {
        (0..programs).for_each(|_| drop(scope.spawn(|| program.run().success())));
    });
    let results = results(&read(&setting.log));
    assert_eq!(results.len(), PROCESSES * THREADS * CALLS);
    for (key, mut found) in results {
        // The same from each of the programs.
        let mut expected = COMPLETE.repeat(programs);
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{key:?}");
    }
}

#[test]
fn a_log_may_be_emptied_while_it_is_written() {
    let setting = Setting::new();
    let over = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let empties = scope.spawn(|| {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let text = fs::read(&setting.log).unwrap_or_default();
                if !text.is_empty() {
                    fs::File::options().write(true).open(&setting.log).unwrap().set_len(0).unwrap();
                    seen.push(String::from_utf8(text).unwrap());
                }
                thread::sleep(Duration::from_millis(1));
            }
            seen
        });
        let outcome = setting.bursts(["ends", "2", "20", "200"]).run();
        over.store(true, Ordering::Relaxed);
        assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{outcome}");
        empties.join().unwrap()
    });
    // How often depends on what else the machine does.
    assert!(seen.len() >= 2, "emptied {} times only", seen.len());
    for text in seen {
        // A line that was just being written may be there in part.
        results(text.rsplit_once('\n').map_or("", |(lines, _)| lines));
    }
}

#[test]
fn a_file_system_without_room_disturbs_nobody() {
    let setting = Setting::new();
    let folder = setting.bench.empty_folder("small");
    // The mount is there for this program alone, and goes with it.
    let script = "mount -t tmpfs -o size=64k none small && \
                  LD_PRELOAD=$LIBRARY INTERCEPT_LOG=$PWD/small/log ./bursts ends 2 20 50 && cat small/log";
    let program = Program::new("unshare").args(["--mount", "sh", "-c", script]).folder(setting.bench.folder());
    let outcome = program.env("LIBRARY", setting.bench.path("libsyscall_intercept.so")).run();
    assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{outcome}");
    let log = outcome.stdout();
    assert_eq!(log.len(), 64 << 10, "the file system did not become full");
    // The last line may be cut.
    results(log.rsplit_once('\n').unwrap().0);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn the_call_that_a_program_is_killed_for_is_the_last_in_the_log() {
    let setting = Setting::new();
    let program = Program::new(setting.bench.program("killed_by_filter")).intercepted();
    // By its own filter, and in a program that is started under one.
    for args in [&[][..], &["another"]] {
        let outcome = program.clone().args(args.iter().copied()).env("INTERCEPT_LOG", &setting.log).run();
        assert_eq!(outcome.signal(), Some(libc::SIGSYS), "{outcome}");
        let log = read(&setting.log);
        assert!(log.ends_with(" -- getpgid(0x0) = ?\n"), "{args:?}: {log}");
    }
}
