//! The machine state across an intercepted call, whatever a hook does to it and however the call is made.

use std::path::Path;

use syscall_intercept::disasm;
use syscall_intercept::object::file::File;
use syscall_intercept::patch::{self, Rung};

use crate::support::{Program, Workbench};

/// What the program prints: the result of `getppid`, once for each way it made the call.
#[track_caller]
fn results(program: &Program) -> Vec<u32> {
    let outcome = program.run().success();
    outcome.stdout().lines().map(|line| line.parse().unwrap()).collect()
}

/// How the system calls of a program are taken.
fn rungs(program: &Path) -> Vec<Rung> {
    let file = File::open(program).unwrap();
    let elf = file.parse().unwrap();
    let patches = patch::plan(&disasm::locate(&elf.image(), &elf.functions()).unwrap());
    patches.iter().map(|patch| patch.rung).collect()
}

#[test]
fn general_registers_flags_vectors_and_the_red_zone_survive() {
    let bench = Workbench::new();
    let program = bench.program("registers");
    let rungs = rungs(&program);
    assert!(rungs.contains(&Rung::InPlace) && rungs.contains(&Rung::InStub), "both are to be shown: {rungs:?}");
    let bare = Program::new(program);
    let expected = vec![std::process::id(); results(&bare).len()];
    assert_eq!(results(&bare), expected);

    // The syscall instructions are the program's own.
    let hooked = bare.preload([bench.plugin("forwarding_hook")]).env("INTERCEPT_ALL_OBJS", "1");
    assert_eq!(results(&hooked), expected, "forwarded");
    assert_eq!(results(&hooked.clone().env("OBSERVE", "1")), expected, "its result shown to a hook");
    assert_eq!(results(&hooked.env("ANSWER", "1")), vec![4242; expected.len()], "answered");
}
