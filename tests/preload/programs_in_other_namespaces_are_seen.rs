//! `intercept` looks into sandboxes: programs that cannot open its files any more are traced, recorded and counted all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Built, Outcome, Program, Workbench};

/// `tests/c/leaves.c`, and a command that other users can run, too.
struct Setting {
    bench: Workbench,
    leaves: PathBuf,
    command: PathBuf,
}

/// The ways of looking at a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    TraceOnStderr,
    TraceToFile,
    TraceOfOneCall,
    Record,
    Stat,
}

const WAYS: [Way; 5] = [Way::TraceOnStderr, Way::TraceToFile, Way::TraceOfOneCall, Way::Record, Way::Stat];

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        let leaves = bench.program("leaves");
        fs::set_permissions(bench.folder(), fs::Permissions::from_mode(0o755)).unwrap();
        let bin = bench.empty_folder("bin");
        let command = bin.join("intercept");
        fs::copy(Built::get().intercept(), &command).unwrap();
        fs::copy(Built::get().shared_library(), bin.join("libsyscall_intercept.so")).unwrap();
        Setting { bench, leaves, command }
    }

    fn file(&self) -> PathBuf {
        self.bench.path("seen")
    }

    /// Looks at a program.
    fn look(&self, way: Way) -> Program {
        let options: &[&str] = match way {
            Way::TraceOnStderr => &["trace"],
            Way::TraceToFile => &["trace", "-o", "FILE"],
            Way::TraceOfOneCall => &["trace", "-e", "trace=getpgid", "-o", "FILE"],
            Way::Record => &["record", "FILE"],
            Way::Stat => &["stat", "--format", "csv", "-o", "FILE"],
        };
        let file = self.file().to_str().unwrap().to_owned();
        let options = options.iter().map(|&option| if option == "FILE" { file.clone() } else { option.to_owned() });
        Program::new(&self.command).args(options)
    }

    /// Looks at a program, which is given by its path and goes on as `leaves inside`; says what was seen of that.
    #[track_caller]
    fn sees(&self, way: Way, program: &Path, args: &[&str]) -> Outcome {
        let inside = [self.leaves.to_str().unwrap(), "inside"];
        let outcome = self.look(way).args([program]).args(args.iter().copied()).args(inside).run();
        assert_eq!(outcome.code(), Some(7), "{way:?} of {args:?}: {outcome}");
        outcome
    }

    /// The calls that were seen of `leaves inside`; or as many as were counted.
    fn seen(&self, way: Way, outcome: &Outcome) -> Vec<String> {
        let text = match way {
            Way::TraceOnStderr => outcome.stderr(),
            Way::Record => Program::new(&self.command).args(["report"]).args([self.file()]).run().success().stdout(),
            Way::TraceToFile | Way::TraceOfOneCall | Way::Stat => fs::read_to_string(self.file()).unwrap(),
        };
        if way == Way::Stat {
            // process,thread,name,call,number,calls,...
            let count = text.lines().find_map(|row| row.strip_prefix(",,,getpgid,")?.split(',').nth(1));
            let count = count.map_or(0, |count| count.parse().unwrap());
            return (0..count).map(call).collect();
        }
        let calls = text.lines().filter_map(|line| line.find("getpgid(").and_then(|at| line.get(at..)));
        calls.map(|call| call.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// All of them were seen, and nobody complains.
    #[track_caller]
    fn sees_all(&self, way: Way, program: &Path, args: &[&str]) {
        let outcome = self.sees(way, program, args);
        assert_eq!(self.seen(way, &outcome), (0..100).map(call).collect::<Vec<_>>(), "{way:?} of {args:?}: {outcome}");
        assert!(!outcome.stderr().contains("libsyscall_intercept"), "{way:?} of {args:?}: {outcome}");
    }

    /// What `leaves lists` prints.
    fn descriptors(&self, look: Option<Way>, args: &[&str]) -> Vec<i32> {
        let program = match look {
            Some(way) => self.look(way).args([&self.leaves]),
            None => Program::new(&self.leaves),
        };
        let outcome = program.args(args.iter().copied()).run().success();
        let mut numbers: Vec<i32> = outcome.stdout().lines().map(|number| number.parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn call(number: u32) -> String {
    format!("getpgid({}) = -1 ESRCH (No such process)", 1 << 29 | number)
}

#[test]
fn whatever_puts_the_command_out_of_reach() {
    let setting = Setting::new();
    for leaving in ["unshare", "clone", "clone3", "setns", "processes", "no-proc", "user", "capability"] {
        for way in WAYS {
            setting.sees_all(way, &setting.leaves, &[leaving, "keeps"]);
        }
    }
}

#[test]
fn in_sandboxes_within_sandboxes() {
    let setting = Setting::new();
    let again = setting.leaves.to_str().unwrap();
    for way in WAYS {
        setting.sees_all(
            way,
            &setting.leaves,
            &["processes", "keeps", again, "unshare", "keeps", again, "clone3", "keeps"],
        );
    }
}

#[test]
fn in_bubblewrap() {
    let setting = Setting::new();
    let sandbox = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-all"];
    // So that it is said which package is missing.
    Program::new(sandbox[0]);
    for way in WAYS {
        setting.sees_all(way, Path::new(sandbox[0]), &sandbox[1..]);
    }
}

#[test]
fn when_descriptors_are_closed_for_children() {
    let setting = Setting::new();
    for closing in ["in-child", "marks"] {
        for way in WAYS {
            setting.sees_all(way, &setting.leaves, &["unshare", closing]);
        }
    }
}

#[test]
fn or_it_is_said_that_they_are_not() {
    let setting = Setting::new();
    for (way, complaint) in [
        (Way::TraceToFile, "nothing of this program is recorded, cannot use /proc/"),
        (Way::Stat, "calls are not counted: what INTERCEPT_STAT names: EACCES (Permission denied)"),
    ] {
        let outcome = setting.sees(way, &setting.leaves, &["unshare", "closes"]);
        assert!(setting.seen(way, &outcome).is_empty() && outcome.stderr().contains(complaint), "{outcome}");
    }
    // Its stderr a program has kept.
    setting.sees_all(Way::TraceOnStderr, &setting.leaves, &["unshare", "closes"]);
}

#[test]
fn who_stays_has_no_descriptor_more_and_who_leaves_has_one() {
    let setting = Setting::new();
    let path = setting.leaves.to_str().unwrap();
    for way in WAYS {
        // A trace on stderr is written through a descriptor, as a log is.
        let more = if way == Way::TraceOnStderr { 1 } else { 0 };
        let bare = setting.descriptors(None, &["stays", "keeps", path, "lists"]);
        let staying = setting.descriptors(Some(way), &["stays", "keeps", path, "lists"]);
        assert_eq!(staying.len(), bare.len() + more, "{way:?}: {staying:?}, bare {bare:?}");
        assert!(staying.starts_with(&bare), "{way:?}: {staying:?}, bare {bare:?}");
        // However often.
        for args in [
            &["unshare", "keeps", path, "lists"][..],
            &["unshare", "keeps", path, "unshare", "keeps", path, "unshare", "keeps", path, "lists"],
        ] {
            let leaving = setting.descriptors(Some(way), args);
            assert_eq!(leaving.len(), bare.len() + more + 1, "{way:?}: {leaving:?}, bare {bare:?}");
            assert!(leaving.starts_with(&bare), "{way:?}: {leaving:?}, bare {bare:?}");
        }
    }
}

#[test]
fn the_file_of_a_stranger_is_not_taken_for_that_of_the_command() {
    let setting = Setting::new();
    let stranger = setting.bench.file("stranger", "");
    // Whoever comes second in the new namespace has the number that the command has outside, and another stderr.
    let (command, leaves, file) = (setting.command.display(), setting.leaves.display(), stranger.display());
    let second = format!("exec 3>&2 2>{file}; sleep 30 & exec 2>&3 3>&-");
    let inner = format!("{second}; echo inner $!; {leaves} inside; status=$?; kill $!; exit $status");
    let outer = format!("{command} trace {leaves} processes keeps /bin/bash -c '{inner}' & echo outer $!; wait $!");
    let outcome = Program::new("unshare").args(["-p", "-f", "--mount-proc", "bash", "-c", &outer]).run();
    assert_eq!(outcome.code(), Some(7), "{outcome}");
    let mut lines: Vec<String> = outcome.stdout().lines().map(str::to_owned).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["inner 2", "outer 2"], "the test has missed what it was to hit");
    assert_eq!(fs::read_to_string(stranger).unwrap(), "");
    let seen = setting.seen(Way::TraceOnStderr, &outcome);
    assert_eq!(seen, (0..100).map(call).collect::<Vec<_>>(), "{outcome}");
    // Programs tell who they are as they know it themselves.
    assert!(outcome.stderr().contains("[pid     3] getpgid("), "{outcome}");
}
