//! Unwinders, inside the process and outside, find their way from a hook to `main`.

use crate::support::{Program, Source, Workbench, in_order};

fn gdb(commands: &[&str]) -> Program {
    let settings = ["set debuginfod enabled off", "set confirm off", "set pagination off", "set width 0"];
    let commands = settings.iter().chain(commands).flat_map(|&command| ["-ex", command]);
    Program::new("gdb").args(["-nx", "-batch"]).args(commands)
}

fn program(bench: &Workbench) -> std::path::PathBuf {
    let source = Source::test("backtrace.c").flags(&["-rdynamic", "-O0"]).linked(bench.folder());
    source.compile(&bench.path("backtrace"))
}

#[test]
fn a_hook_sees_the_function_of_libc_and_the_program_that_called_it() {
    let bench = Workbench::new();
    let outcome = Program::new(program(&bench)).run().success();
    let frames = ["(the_hook_breaks_here+", "(getppid+", "(the_program_asks+", "(main+"];
    assert!(in_order(&outcome.stdout(), &frames), "{outcome}");
}

#[test]
fn a_debugger_stopped_in_a_hook_shows_the_way_from_main() {
    let bench = Workbench::new();
    let gdb = gdb(&["break the_hook_breaks_here", "run", "backtrace"]).args(["--args".into(), program(&bench)]);
    let outcome = gdb.args(["quiet"]).run();
    let text = outcome.stdout();
    assert!(in_order(&text, &["#0 ", "the_hook_breaks_here", "getppid", "the_program_asks", "main"]), "{outcome}");
    assert!(!outcome.stderr().contains("Backtrace stopped"), "{outcome}");
}

#[test]
fn a_debugger_finds_a_blocked_thread_in_libc() {
    let bench = Workbench::new();
    let plugin = format!("set environment LD_PRELOAD {}", bench.plugin("forwarding_hook").display());
    let commands = ["set startup-with-shell off", &plugin, "break now_look", "run", "thread apply all backtrace"];
    let outcome = gdb(&commands).args(["--args".into(), bench.program("blocked_in_read")]).run();
    let text = outcome.stdout();
    let reader = text
        .split("\nThread ")
        .find(|thread| thread.contains("the_reader_waits"))
        .unwrap_or_else(|| panic!("{outcome}"));
    let innermost = reader.lines().find(|line| line.starts_with("#0 ")).unwrap();
    assert!(innermost.contains("read (") || innermost.contains("read_nocancel ("), "{innermost}: {outcome}");
    assert!(in_order(reader, &["#0 ", "#1 ", "the_reader_waits", "start_thread"]), "{outcome}");
}
