//! The machine state across a million system calls with random values everywhere, through every rung of the ladder.

use std::path::PathBuf;

use syscall_intercept::disasm;
use syscall_intercept::object::file::File;
use syscall_intercept::patch::{self, Rung};

use crate::support::{Outcome, Program, Source, Workbench, rounds};

/// How much stack a crossing takes below the red zone, with every register in use and a hook that needs nearly nothing. An
/// unoptimised build of the library may take more.
const STACK_NEED: u64 = if cfg!(debug_assertions) { 6 << 10 } else { 9 << 9 };

struct Rack {
    bench: Workbench,
    program: PathBuf,
}

impl Rack {
    fn new() -> Rack {
        let bench = Workbench::new();
        let sites = Source::test("torture_sites.c").shared().compile(&bench.path("libpthread-torture.so"));
        let [search, path] = ["-L", "-Wl,-rpath,"].map(|flag| format!("{flag}{}", bench.folder().display()));
        let source = Source::test("torture.c").flags(&[&search, &path, "-l:libpthread-torture.so"]);
        let program = source.compile(&bench.path("torture"));

        // The library is what the program's comments say: a site for each rung.
        let file = File::open(&sites).unwrap();
        let elf = file.parse().unwrap();
        let patches = patch::plan(&disasm::locate(&elf.image(), &elf.functions()).unwrap());
        let rungs: Vec<Rung> = patches.iter().map(|patch| patch.rung).collect();
        assert_eq!(rungs, [Rung::InPlace, Rung::InPlaceShort, Rung::InStub, Rung::InStubShort]);
        Rack { bench, program }
    }

    fn program(&self, args: &[&str]) -> Program {
        Program::new(&self.program).args(args.iter().copied())
    }

    /// The program with forwarded, observed and answered calls, and what `getppid` returns then.
    fn ways(&self, plugin: &str) -> [(Program, String); 3] {
        let hooked = self.program(&[]).preload([self.bench.plugin(plugin)]);
        let parent = std::process::id().to_string();
        [
            (hooked.clone(), parent.clone()),
            (hooked.clone().env("OBSERVE", "1"), parent),
            (hooked.env("ANSWER", "1"), "4242".to_owned()),
        ]
    }
}

#[test]
fn a_million_calls_with_random_registers_through_every_rung() {
    let rack = Rack::new();
    let rounds = rounds(100_000, 1_000_000).to_string();
    let parent = std::process::id().to_string();
    rack.program(&["10000", &parent]).run().success();
    for (program, parent) in rack.ways("forwarding_hook") {
        assert_eq!(program.args([&rounds, &parent]).run().success().stdout(), format!("{rounds} rounds\n"));
    }
}

#[test]
fn exceptions_of_the_x87_that_a_hook_causes_are_not_the_programs() {
    let rack = Rack::new();
    rack.program(&["10000", &std::process::id().to_string(), "status"]).run().success();
    for (program, parent) in rack.ways("forwarding_hook") {
        program.args(["10000", &parent, "status"]).run().success();
    }
}

#[test]
fn a_handler_after_each_instruction_of_stub_crossing_and_hook_is_intercepted_and_changes_nothing() {
    let rack = Rack::new();
    let parent = std::process::id().to_string();
    let counts = |outcome: Outcome| -> Vec<(u64, u64)> {
        let count = |line: &str| {
            let (steps, seen) = line.rsplit_once(": ").unwrap().1.split_once(' ').unwrap();
            (steps.parse().unwrap(), seen.parse().unwrap())
        };
        outcome.stdout().lines().map(count).collect()
    };
    let bare = counts(rack.program(&["step", &parent]).run().success());
    assert!(bare.len() == 8 && bare.iter().all(|&(steps, seen)| steps > 30 && seen == 0), "{bare:?}");
    for (program, parent) in rack.ways("asked_in_handlers_hook") {
        let hooked = counts(program.args(["step", &parent]).run().success());
        for ((bare, _), (steps, seen)) in bare.iter().zip(&hooked) {
            assert!(*steps > bare + 200, "the way through the library is longer than that: {hooked:?}");
            assert_eq!(steps, seen, "calls of the handler, and those that were seen: {hooked:?}");
        }
    }
}

#[test]
fn a_crossing_needs_little_stack() {
    let rack = Rack::new();
    for (program, _) in rack.ways("forwarding_hook") {
        let outcome = program.args(["stack"]).run().success().stdout();
        let needs: Vec<u64> = outcome.lines().map(|line| line.rsplit_once(": ").unwrap().1.parse().unwrap()).collect();
        assert!(needs.len() == 4 && needs.iter().all(|&need| need > 500 && need <= STACK_NEED), "{needs:?}");
    }
}
