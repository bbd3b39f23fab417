//! What one system call costs: `getppid`, which does next to nothing in the kernel.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, file_system, needed, text};
use crate::caller::{Caller, EMULATED};
use crate::machine::OneCpu;
use crate::row::{Row, Unit};
use crate::statistics::{added, in_turns, spread, times};
use crate::way::Way;

/// How long the calls of one round take that are timed together.
const BATCH: f64 = 1e6;

/// What a caller is to show before it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The plugin has seen its call.
    Asked,
    /// It has not.
    NotAsked,
    /// The plugin has answered its call.
    Answered,
    /// Whatever looks at the calls, a line of each is in the log in the end.
    Logged,
    /// There is no plugin; each call has been counted in the end.
    Counted,
}

/// One row to be.
struct Case {
    what: String,
    /// Where the calls are made: an argument of the caller.
    site: &'static str,
    way: Result<Way, String>,
    proof: Proof,
    /// The log it writes, or what was counted.
    log: Option<PathBuf>,
    /// At most so many nanoseconds: in all if the call is answered, otherwise added.
    target: Option<(f64, &'static str)>,
    quoted: &'static str,
}

/// Sites of the caller, in this order the first cases: the bare runs that the others are compared with.
const SITES: [&str; 4] = ["getppid", "syscall", "vectors", "everything"];

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let _pinned = OneCpu::keep();
    let program = bench.program("caller");
    let mut cases: Vec<Case> = Vec::new();
    cases.extend(SITES.map(|site| case(format!("bare, {}", place(site)), site, Ok(Way::bare()), Proof::NotAsked)));
    cases.extend(of_the_library(bench));
    cases.extend(logs(bench));
    cases.push(trace(bench));
    cases.extend(yardsticks(bench));

    let mut figures = vec![Vec::new(); cases.len()];
    let mut failures: Vec<Option<String>> = vec![None; cases.len()];
    // A process may be lucky or not with where its pages are: so there are several.
    let rounds = bench.rounds(30, 4);
    for _ in 0..bench.rounds(20, 1) {
        let mut callers: Vec<(usize, Caller, usize)> = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            match case.start(&program) {
                Ok(mut caller) => {
                    let calls = caller.calls_in(BATCH);
                    callers.push((index, caller, calls));
                }
                Err(why) => failures[index] = Some(why),
            }
        }
        let measured = in_turns(callers.len(), rounds, |turn| {
            let (_, caller, calls) = &mut callers[turn];
            caller.a_call(*calls)
        });
        for ((index, ..), measured) in callers.iter().zip(measured) {
            figures[*index].extend(measured);
        }
        for (index, caller, calls) in callers {
            drop(caller);
            cases[index].check_log(calls * rounds);
        }
    }
    let base = |case: &Case| &figures[SITES.iter().position(|&site| site == case.site).unwrap()];
    let row = |(index, case): (usize, &Case)| match &failures[index] {
        Some(why) => case.unmeasured(why),
        None => case.row(&figures[index], base(case), index < SITES.len()),
    };
    cases.iter().enumerate().map(row).collect()
}

fn case(what: impl Into<String>, site: &'static str, way: Result<Way, String>, proof: Proof) -> Case {
    Case { what: what.into(), site, way, proof, log: None, target: None, quoted: "" }
}

fn place(site: &str) -> &'static str {
    match site {
        "getppid" => "libc's getppid()",
        "syscall" => "libc's syscall()",
        "vectors" => "the program's own site, where vector state is not proved dead",
        _ => "the program's own site, where nothing is proved",
    }
}

impl Case {
    fn target(self, most: f64, target: &'static str) -> Case {
        Case { target: Some((most, target)), ..self }
    }

    fn quoted(self, quoted: &'static str) -> Case {
        Case { quoted, ..self }
    }

    /// Starts a caller and makes sure that what is about to be measured happens.
    fn start(&self, program: &Path) -> Result<Caller, String> {
        let caller = Caller::start(self.way.clone()?.command(program, &[self.site]))?;
        let holds = match self.proof {
            Proof::Asked => caller.asked && caller.result != EMULATED,
            Proof::NotAsked => !caller.asked && caller.result != EMULATED,
            Proof::Answered => caller.asked && caller.result == EMULATED,
            Proof::Logged | Proof::Counted => caller.result != EMULATED,
        };
        assert!(holds, "{}: {:?} does not hold: {caller:?}", self.what, self.proof);
        Ok(caller)
    }

    /// A caller has ended that has made more calls than this.
    fn check_log(&self, calls: usize) {
        let Some(log) = &self.log else { return };
        let text = fs::read_to_string(log).unwrap();
        let seen = if self.proof == Proof::Counted { counted(&text) } else { text.lines().count() };
        assert!(seen > calls, "{}: {seen} of more than {calls} calls", self.what);
        fs::remove_file(log).unwrap();
    }

    fn row(&self, figures: &[f64], bare: &[f64], is_bare: bool) -> Row {
        let in_all = times(figures);
        let is_in_all = is_bare || self.proof == Proof::Answered;
        let row = if is_bare {
            return Row::new(&self.what, in_all, Unit::NANOSECONDS);
        } else if is_in_all {
            Row::new(format!("{}: in all", self.what), in_all, Unit::NANOSECONDS)
        } else {
            Row::new(format!("{}: added", self.what), added(figures, bare), Unit::NANOSECONDS.added())
        };
        let figure = if is_in_all { in_all.median } else { added(figures, bare).median };
        let row = row.bare(spread(bare.iter().copied()).median, Unit::NANOSECONDS).quoted(self.quoted);
        match self.target {
            Some((most, target)) => row.target(target, figure <= most),
            None => row,
        }
    }

    fn unmeasured(&self, why: &str) -> Row {
        let row = Row::impossible(&self.what, why).quoted(self.quoted);
        match self.target {
            Some((_, target)) => row.target(target, false),
            None => row,
        }
    }
}

fn of_the_library(bench: &Bench) -> Vec<Case> {
    let plugin = |name: &str| Ok(bench.with_plugin(name));
    let everywhere = |name: &str| Ok(bench.with_plugin(name).env("INTERCEPT_ALL_OBJS", "1"));
    let subscribing = plugin("subscribing_hook");
    vec![
        case("forwarded", "getppid", plugin("forwarding_hook"), Proof::Asked)
            .target(5.0, "<= +5 ns")
            .quoted("+25, +15 ns"),
        // As most sites of libc are.
        case("forwarded, x87 empty, all else saved", "vectors", everywhere("forwarding_hook"), Proof::Asked),
        case("forwarded, all state saved", "everything", everywhere("forwarding_hook"), Proof::Asked)
            .target(16.0, "<= +16 ns")
            .quoted("+25, +15 ns"),
        case("forwarded, number not constant", "syscall", plugin("forwarding_hook"), Proof::Asked),
        case("emulated", "getppid", plugin("emulating_hook"), Proof::Answered)
            .target(5.0, "<= 5 ns")
            .quoted("12.7, 4.0 ns"),
        case("emulated, x87 empty, all else saved", "vectors", everywhere("emulating_hook"), Proof::Answered),
        case("emulated, all state saved", "everything", everywhere("emulating_hook"), Proof::Answered)
            .target(16.0, "<= 16 ns")
            .quoted("12.7, 4.0 ns"),
        // Nothing at all cannot be measured. A call that passes the library by differs from a bare one by the noise alone.
        case("not wanted, number constant", "getppid", subscribing.clone(), Proof::NotAsked)
            .target(0.5, "0 (0.5 ns of noise)")
            .quoted("+25, +15 ns"),
        case("not wanted, number not constant", "syscall", subscribing, Proof::NotAsked)
            .target(1.0, "<= +1 ns")
            .quoted("+25, +15 ns"),
        case("the library without a hook", "getppid", Ok(Way::with(bench.library())), Proof::NotAsked),
        case("its result observed", "getppid", plugin("observing_hook"), Proof::Asked),
        stat(bench),
    ]
}

/// A program that is counted.
fn stat(bench: &Bench) -> Case {
    let file = bench.path("counts");
    let way = Way::under([text(&bench.intercept()), "stat", "--format=csv", "-o", text(&file)]);
    let case = case("intercept stat", "getppid", Ok(way), Proof::Counted);
    Case { log: Some(file), ..case }.target(40.0, "<= +40 ns")
}

/// How many calls of getppid `intercept stat` has counted, all in all.
fn counted(csv: &str) -> usize {
    let row = csv.lines().find_map(|line| line.split_once(",getppid,110,")).unwrap();
    row.1.split(',').next().unwrap().parse().unwrap()
}

/// `INTERCEPT_LOG` in memory and on a disk, as far as this machine has both; and what a write of as many bytes costs there, which
/// is what no log can do without whose lines are to outlive the program.
fn logs(bench: &Bench) -> Vec<Case> {
    let appended_to = |folder: &Path, name: &str, what: &str, way: Way, variable: &'static str| {
        let file = folder.join(format!("syscall_intercept_bench.{}.{name}", std::process::id()));
        let what = format!("{what}, {}", file_system(folder));
        Case { log: Some(file.clone()), ..case(what, "getppid", Ok(way.env(variable, file)), Proof::Logged) }
    };
    let log = |folder: &Path| {
        let case = appended_to(folder, "log", "INTERCEPT_LOG", Way::with(bench.library()), "INTERCEPT_LOG");
        case.target(200.0, "<= +200 ns").quoted("+550 ns")
    };
    let write = |folder: &Path| {
        let way = Way::with(bench.yardstick("appending", false));
        appended_to(folder, "appended", "yardstick: the write of a log alone", way, "APPEND_TO")
    };
    let (memory, disk) = (Path::new("/dev/shm"), bench.results());
    vec![log(memory), write(memory), log(&disk), write(&disk)]
}

/// A trace into a file: the program and the command that reads what it tells share one CPU, as all that is measured here.
fn trace(bench: &Bench) -> Case {
    let file = bench.path("trace");
    let way = Way::under([text(&bench.intercept()), "trace", "-o", text(&file)]);
    let case = case("intercept trace -o", "getppid", Ok(way), Proof::Logged);
    Case { log: Some(file), ..case }.target(300.0, "<= +300 ns")
}

fn yardsticks(bench: &Bench) -> Vec<Case> {
    let library = |what: &str, name: &str| {
        let way = |emulate| Ok(Way::with(bench.yardstick(name, emulate)));
        [
            case(format!("yardstick: {what}, forwarded"), "getppid", way(false), Proof::Asked),
            case(format!("yardstick: {what}, emulated"), "getppid", way(true), Proof::Answered),
        ]
    };
    let tracer = Way::under([bench.program("tracer")]);
    let strace = needed("strace", "strace").map(|strace| Way::under([text(&strace), "-f", "-o", "/dev/null"]));
    let traced = |what: &str, way| case(format!("yardstick: {what}"), "getppid", way, Proof::NotAsked);
    [
        library("LD_PRELOAD of the one function", "interposing"),
        library("the least a crossing does", "bare_crossing"),
        library("the same with all vector registers saved", "bare_crossing_with_vectors"),
        library("int3 and SIGTRAP", "breakpoint"),
        library("Syscall User Dispatch and SIGSYS", "user_dispatch"),
        library("seccomp's RET_TRAP", "seccomp_trap"),
        [traced("a minimal ptrace tracer", Ok(tracer)), traced("strace -f -o /dev/null", strace)],
    ]
    .into_iter()
    .flatten()
    .collect()
}
