//! `intercept` also sees programs that are started with an environment in which nothing of it is left; and they do not see it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Built, Outcome, Program, Source, Workbench, rounds};

/// How `tests/c/clears_the_environment.c` starts a program.
const STARTS: [&str; 12] = [
    "execve",
    "no array",
    "without LD_PRELOAD",
    "with another LD_PRELOAD",
    "with an empty LD_PRELOAD",
    "with many variables",
    "execveat",
    "fexecve",
    "fails first",
    "posix_spawn",
    "vfork",
    "thread",
];

/// How the command looks at programs; the last one writes to stderr.
const LOOKS: [&[&str]; 5] = [
    &["trace", "-o", "FILE"],
    &["trace", "-e", "trace=getpgid", "-o", "FILE"],
    &["record", "FILE"],
    &["stat", "--format", "csv", "-o", "FILE"],
    &["trace"],
];

struct Setting {
    bench: Workbench,
    program: PathBuf,
}

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        let program = bench.program("clears_the_environment");
        Setting { bench, program }
    }

    fn file(&self) -> PathBuf {
        self.bench.path("seen")
    }

    /// The command, looking at the program.
    fn look(&self, look: &[&str]) -> Program {
        let file = self.file().to_str().unwrap().to_owned();
        let words = look.iter().map(|&word| if word == "FILE" { file.clone() } else { word.to_owned() });
        Program::new(Built::get().intercept()).args(words).args([&self.program])
    }

    /// How many of the hundred calls were seen.
    fn seen(&self, look: &[&str], outcome: &Outcome) -> usize {
        let text = match look {
            ["trace"] => outcome.stderr(),
            ["record", _] => {
                Program::new(Built::get().intercept()).args(["report".into(), self.file()]).run().success().stdout()
            }
            _ => fs::read_to_string(self.file()).unwrap(),
        };
        if look.contains(&"stat") {
            // process,thread,name,call,number,calls,...
            let count = text.lines().find_map(|row| row.strip_prefix(",,,getpgid,")?.split(',').nth(1));
            return count.map_or(0, |count| count.parse().unwrap());
        }
        let is_seen = |number: &u32| text.contains(&format!("getpgid({})", 1 << 29 | number));
        (0..100).filter(is_seen).count()
    }

    /// The calls of the last program are seen, and it prints the environment that it prints bare.
    #[track_caller]
    fn sees_all(&self, look: &[&str], args: &[&str]) {
        let bare = Program::new(&self.program).args(args.iter().copied()).run();
        let outcome = self.look(look).args(args.iter().copied()).run();
        assert_eq!((bare.code(), outcome.code()), (Some(7), Some(7)), "{look:?} of {args:?}: {outcome}");
        // Of the command's own variables the program has passed on what it has found.
        let passes_on = args.iter().any(|arg| arg.starts_with("without") || arg.contains("many"));
        let is_meant = |line: &&str| !passes_on || !line.starts_with("INTERCEPT_");
        let (stdout, expected) = (outcome.stdout(), bare.stdout());
        let printed: Vec<&str> = stdout.lines().filter(is_meant).collect();
        assert_eq!(printed, expected.lines().collect::<Vec<_>>(), "{look:?} of {args:?}: {outcome}");
        assert_eq!(self.seen(look, &outcome), 100, "{look:?} of {args:?}: {outcome}");
        assert!(!outcome.stderr().contains("libsyscall_intercept"), "{look:?} of {args:?}: {outcome}");
    }
}

#[test]
fn however_the_program_is_started() {
    let setting = Setting::new();
    let again = setting.program.to_str().unwrap();
    for start in STARTS {
        for look in LOOKS {
            setting.sees_all(look, &[start, again, "inside"]);
        }
    }
}

#[test]
fn one_after_the_other() {
    let setting = Setting::new();
    let again = setting.program.to_str().unwrap();
    for look in LOOKS {
        setting.sees_all(look, &["execve", again, "with another LD_PRELOAD", again, "vfork", again, "inside"]);
        setting.sees_all(look, &["posix_spawn", again, "execve", again, "with another LD_PRELOAD", again, "inside"]);
    }
}

#[test]
fn calls_are_seen_that_come_after_those_of_a_child_that_shared_the_stack() {
    let setting = Setting::new();
    let again = setting.program.to_str().unwrap();
    for look in LOOKS {
        setting.sees_all(look, &["execve", again, "inside", "after", "vfork"]);
    }
}

#[test]
fn plugins_come_along() {
    let setting = Setting::new();
    let (plugin, says) = (setting.bench.plugin("answers_getppid"), setting.bench.program("says_getppid"));
    let run = |args: &[&str]| {
        let program =
            Program::new(Built::get().intercept()).args(["run".as_ref(), "--plugin".as_ref(), plugin.as_path()]);
        program.args(args.iter().copied()).run().success()
    };
    let (again, says) = (setting.program.to_str().unwrap(), says.to_str().unwrap());
    for start in ["execve", "posix_spawn", "with another LD_PRELOAD"] {
        let outcome = run(&[again, start, says]);
        assert!(outcome.stdout().starts_with("libc intercepted"), "{start}: {outcome}");
    }
    let outcome = run(&["env", "-i", says]);
    assert!(outcome.stdout().starts_with("libc intercepted"), "{outcome}");
    let outcome = run(&["env", "-i", "env"]);
    assert_eq!((outcome.stdout(), outcome.stderr()), (String::new(), String::new()));
    // What hooks see is what `--only` says, and the library sees the call that it needs.
    let outcome = run(&["--only", "getppid", again, "execve", says]);
    assert!(outcome.stdout().starts_with("libc intercepted"), "{outcome}");
}

#[test]
fn who_starts_many_programs_needs_no_memory_for_it() {
    let setting = Setting::new();
    let times = rounds(100, 500).to_string();
    for look in [&["trace", "-o", "FILE"][..], &["stat", "-o", "FILE"]] {
        let outcome = setting.look(look).args(["many", &times]).run().success();
        assert_eq!(outcome.stdout(), "0 pages more\n", "{look:?}: {outcome}");
    }
}

#[test]
fn what_the_kernel_refuses_it_refuses_still() {
    let setting = Setting::new();
    Program::new(&setting.program).args(["wild"]).run().success();
    for look in LOOKS {
        setting.look(look).args(["wild"]).run().success();
    }
}

/// The dynamic loader would complain about a library that it cannot find.
#[test]
fn where_the_library_cannot_be_found_nothing_is_added() {
    let places = ["--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64"];
    let args = ["bwrap"].into_iter().chain(places).chain(["--clearenv", "/usr/bin/env"]);
    // So that it is said which package is missing.
    Program::new("bwrap");
    let bare = Program::new("env").args(args.clone()).run().success();
    let setting = Setting::new();
    let command = Program::new(Built::get().intercept());
    let outcome = command.args(["trace".into(), "-o".into(), setting.file()]).args(args).run();
    assert_eq!(outcome, bare);
}

/// There is nobody in it to take the variables out again.
#[test]
fn a_static_program_runs_as_it_does_bare() {
    let setting = Setting::new();
    let program = Source::test("clears_the_environment.c").flags(&["-static"]).compile(&setting.bench.path("static"));
    let args = ["execve", program.to_str().unwrap(), "inside"];
    let outcome = setting.look(&["trace", "-o", "FILE"]).args(args).run();
    assert_eq!((outcome.code(), outcome.stderr()), (Some(7), String::new()), "{outcome}");
    let is_ours = |line: &str| line.starts_with("LD_PRELOAD=") || line.starts_with("INTERCEPT_");
    assert!(outcome.stdout().lines().all(is_ours), "{outcome}");
}

/// Without the command nobody has asked for it.
#[test]
fn a_plugin_that_is_preloaded_stays_in_its_program() {
    let setting = Setting::new();
    let (plugin, says) = (setting.bench.plugin("answers_getppid"), setting.bench.program("says_getppid"));
    let seen = Setting::new();
    let outcome = seen.look(&["trace", "-o", "FILE"]).env("INTERCEPT_KEEP", "0");
    let outcome = outcome.args(["execve", seen.program.to_str().unwrap(), "inside"]).run();
    assert_eq!((outcome.code(), seen.seen(&["trace", "-o"], &outcome)), (Some(7), 0), "{outcome}");
    let runs = |variables: &[(&str, &str)], path: &Path| {
        let program = Program::new(&setting.program).args(["execve".as_ref(), path.as_os_str()]).preload([&plugin]);
        let program = variables.iter().fold(program, |program, (name, value)| program.env(name, *value));
        program.run().success().stdout()
    };
    assert!(runs(&[], &says).starts_with("libc bare"));
    assert!(runs(&[("INTERCEPT_KEEP", "0")], &says).starts_with("libc bare"));
    assert!(runs(&[("INTERCEPT_KEEP", "1")], &says).starts_with("libc intercepted"));
}
