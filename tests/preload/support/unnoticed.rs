//! "As if the library were not there": one program, bare and under everything that can look at its calls.

use std::fs;
use std::path::Path;

use super::{Built, Outcome, Program, Workbench};

/// A program of `tests/c`, compiled once, that does the same whoever looks. What it does is what comes out of it.
#[derive(Debug)]
pub(crate) struct Unnoticed {
    bench: Workbench,
    program: Program,
    ways: fn(&str) -> bool,
}

impl Unnoticed {
    /// Compiles the program.
    pub(crate) fn program(name: &str) -> Unnoticed {
        let bench = Workbench::new();
        let program = Program::new(bench.program(name));
        Unnoticed { ways: |_| true, ..Unnoticed::at(bench, program) }
    }

    /// With a program that has been made before, and may be one that the command does not start.
    pub(crate) fn at(bench: Workbench, program: Program) -> Unnoticed {
        bench.plugin("forwarding_hook");
        Unnoticed { bench, program, ways: |way| way != TRACED }
    }

    /// Its own system calls are intercepted too, and those of the dynamic loader.
    pub(crate) fn everywhere(mut self) -> Unnoticed {
        self.program = self.program.env("INTERCEPT_ALL_OBJS", "1");
        self
    }

    /// Only with a hook that lets calls pass: those whose results somebody wants to see are made outside of libc.
    pub(crate) fn forwarding_only(mut self) -> Unnoticed {
        self.ways = |way| [FORWARDING, COPIED].contains(&way);
        self
    }

    /// Without the log and the trace, whose ways are the longest.
    pub(crate) fn unlogged(mut self) -> Unnoticed {
        self.ways = |way| way != TRACED && !way.contains("LOG");
        self
    }

    /// Without the trace, which looks at the clock and at how fast others are: the number of its instructions is not the same each
    /// time, for programs that count them.
    pub(crate) fn untraced(mut self) -> Unnoticed {
        self.ways = |way| way != TRACED;
        self
    }

    /// Runs it with these arguments. Bare it must end with status 0 and say nothing on stderr.
    #[track_caller]
    pub(crate) fn does(&self, args: &[&str]) {
        let outcome = self.compare(args, |program| program.run());
        assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{args:?}: {outcome}");
    }

    /// Runs it with these arguments in any way; answers what came out, which is always the same.
    #[track_caller]
    pub(crate) fn compare(&self, args: &[&str], run: impl Fn(&Program) -> Outcome) -> Outcome {
        let program = self.program.clone().args(args.iter().copied());
        let bare = run(&program);
        let log = self.bench.path("log");
        let ways = ways(&program, &self.bench.path("forwarding_hook.so"), &log);
        for (way, program) in ways.into_iter().filter(|(way, _)| (self.ways)(way)) {
            let outcome = run(&program);
            assert!(outcome == bare, "{args:?} under {way}: {outcome}\n=== bare: {bare}");
        }
        let logs = (self.ways)("INTERCEPT_LOG");
        assert!(!logs || fs::metadata(&log).unwrap().len() > 0, "INTERCEPT_LOG has logged nothing");
        bare
    }
}

const FORWARDING: &str = "a forwarding hook";
const COPIED: &str = "a forwarding hook in a patched copy";
const TRACED: &str = "intercept trace -o";

/// The ways of looking: a hook that forwards and clobbers, also with a libc that was patched beforehand; one that also wants the results, the log, all of that, and a trace
/// through shared memory.
fn ways(program: &Program, plugin: &Path, log: &Path) -> [(&'static str, Program); 6] {
    let trace = ["trace".as_ref(), "-o".as_ref(), log.as_os_str()];
    let hooked = || program.clone().preload([plugin]);
    [
        (FORWARDING, hooked()),
        (COPIED, hooked().env("INTERCEPT_INDEX", Built::get().index())),
        ("a hook after the kernel", hooked().env("OBSERVE", "1")),
        ("INTERCEPT_LOG", program.clone().intercepted().env("INTERCEPT_LOG", log)),
        ("hooks and INTERCEPT_LOG", hooked().env("OBSERVE", "1").env("INTERCEPT_LOG", log)),
        (TRACED, program.clone().under(Built::get().intercept(), trace)),
    ]
}
