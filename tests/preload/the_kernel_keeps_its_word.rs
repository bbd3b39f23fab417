//! What a program has arranged with the kernel holds, with the library in between.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{Program, Unnoticed, Workbench, in_order};

#[test]
fn wild_pointers_get_the_kernels_answer() {
    Unnoticed::program("wild_pointers").does(&[]);
}

#[test]
fn a_strict_sandbox_lets_pass_what_it_allows() {
    // The log ends there.
    Unnoticed::program("kernel_contracts").does(&["seccomp strict"]);
}

#[test]
fn a_filter_by_number_stops_the_same_calls() {
    Unnoticed::program("kernel_contracts").does(&["seccomp by number"]);
}

#[test]
fn a_trap_of_a_filter_names_the_place_of_the_call() {
    Unnoticed::program("kernel_contracts").does(&["place of the trap"]);
}

#[test]
fn a_filter_by_place_finds_forwarded_calls_in_libc() {
    Unnoticed::program("kernel_contracts").forwarding_only().does(&["seccomp by place"]);
}

#[test]
fn a_program_may_have_its_own_calls_dispatched_to_itself() {
    Unnoticed::program("kernel_contracts").forwarding_only().does(&["user dispatch"]);
}

#[test]
fn other_roots_other_namespaces_and_other_users() {
    Unnoticed::program("kernel_contracts").does(&["namespaces"]);
}

#[test]
fn calls_go_on_when_there_is_no_memory_left() {
    Unnoticed::program("kernel_contracts").does(&["memory"]);
}

#[test]
fn a_log_does_not_write_to_a_file_that_took_its_descriptor() {
    Unnoticed::program("kernel_contracts").does(&["descriptors"]);
}

#[test]
fn a_log_takes_no_descriptor_that_the_program_may_use() {
    let bench = Workbench::new();
    let program = bench.program("uses_every_descriptor");
    let program = Program::script("ulimit -Sn 200; exec \"$0\"").args([&program]);
    Unnoticed::at(bench, program).does(&[]);
}

#[test]
fn code_that_is_sealed_is_intercepted_or_left_alone() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("says_getppid"));
    let plugins = [bench.plugin("answers_getppid"), bench.plugin("seals_libc")];
    let outcome = program.preload(plugins).run().success();
    assert!(!outcome.stderr().contains("seal"), "it was to be sealed before: {outcome}");
    assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str()), ("libc intercepted, own bare, allowed 1\n", ""));
}

#[test]
fn a_program_with_more_rights_than_its_user_ignores_the_environment() {
    let bench = Workbench::new();
    let program = bench.linked_program("privileged");
    for (path, mode) in [(bench.folder(), 0o755), (program.as_path(), 0o4755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let log = bench.path("log");
    let asked = |program: Program| {
        let program = program.env("INTERCEPT_LOG", &log).env("INTERCEPT_TRACE", &log).env("INTERCEPT_DEBUG_DUMP", "1");
        program.env("INTERCEPT_HOOK_CMDLINE_FILTER", "another").run().success()
    };
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let outcome = asked(Program::new("setpriv").args(nobody).args([&program]));
    let expected = "secure 1, user 65534, for 0, allowed 1, getppid intercepted\n";
    assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str()), (expected, ""));
    assert!(!log.exists(), "a file of the user's choice, written with the rights of root");
    // For others the variables hold, so they were spelled right.
    let outcome = asked(Program::new(&program));
    assert_eq!(outcome.stdout(), "secure 0, user 0, for 0, allowed 0, getppid bare\n", "{outcome}");
}

#[test]
fn a_limit_on_memory_leaves_the_program_running() {
    let bench = Workbench::new();
    bench.program("says_getppid");
    let plugin = bench.plugin("answers_getppid");
    let (mut intercepted, mut loaded_only) = (0, 0);
    // The loader has room for the library at some limit between these, and then the library has room for more and more.
    for kilobytes in (4096..12288).step_by(96).chain([16, 24, 32, 64, 128, 256].map(|megabytes| megabytes << 10)) {
        let limited = format!("ulimit -v {kilobytes} && exec env ${{0:+LD_PRELOAD=$0}} ./says_getppid");
        let program = Program::script(&limited).folder(bench.folder());
        let bare = program.clone().args([""]).run();
        let outcome = program.args([&plugin]).run();
        // The dynamic loader gives up if it finds no room: for a library, or for its thread-locals.
        let refusals = ["failed to map segment", "cannot allocate TLS data structures"];
        let not_loaded = refusals.iter().any(|refusal| outcome.stderr().contains(refusal));
        if bare.code() == Some(0) && !not_loaded {
            assert_eq!(outcome.code(), Some(0), "with {kilobytes} KB: {outcome}");
            if outcome.stdout().starts_with("libc intercepted") {
                intercepted += 1;
            } else {
                assert!(!outcome.stderr().is_empty(), "not intercepted, and does not say so: {outcome}");
                loaded_only += 1;
            }
        }
    }
    assert!(intercepted > 0 && loaded_only > 0);
}

#[test]
fn strace_sees_the_calls_of_the_program() {
    let bench = Workbench::new();
    bench.program("many");
    let calls = "--trace=getppid,clone,clone3,fork,vfork,access,exit_group";
    let strace = Program::new("strace").args(["-f", "-o", "calls", calls]).folder(bench.folder());
    let plugin = bench.plugin("forwarding_hook");
    let bare = strace.clone().args(["./many", "threads", "50"]);
    let hooked = strace.args([format!("--env=LD_PRELOAD={}", plugin.display()).as_str(), "./many", "threads", "50"]);
    let count = |program: Program| -> Vec<usize> {
        program.run().success();
        let text = fs::read_to_string(bench.path("calls")).unwrap();
        ["getppid(", "clone3(", "exit_group("].map(|call| text.matches(call).count()).to_vec()
    };
    let bare = count(bare);
    assert!(bare[0] == 100 && bare[1] >= 100, "{bare:?}");
    assert_eq!(count(hooked), bare);
}

/// The functions that gdb finds in the core of a program that was blocked in `read`, innermost first.
///
/// The kernel writes the core, unless the machine has it sent to a program or to another folder, which is no business of a test
/// to change. Then gdb writes it.
fn functions_in_core(bench: &Workbench, program: &Path, preload: Option<&Path>) -> Vec<String> {
    let folder = bench.empty_folder("dump");
    let start = |script| {
        let program = Program::script(script).args([program]).folder(&folder);
        program.preload(preload)
    };
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    let outcome = if pattern.contains(['|', '/']) {
        let script =
            "coproc \"$0\" 0; read <&${COPROC[0]}; env -u LD_PRELOAD gcore -o core $COPROC_PID; kill $COPROC_PID";
        start(script).run()
    } else {
        start("\"$0\" 3").run()
    };
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [core] = &files[..] else { panic!("{files:?} with core_pattern {pattern:?}: {outcome}") };
    let gdb = Program::new("gdb").args(["-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "backtrace"]);
    let shown = gdb.args([program, core]).run().success();
    let text = shown.stdout();
    let frames = text.lines().filter_map(|line| line.strip_prefix('#')?.split_once(' '));
    let functions = frames.map(|(_, frame)| {
        let frame = frame.trim_start();
        let name = frame.strip_prefix("0x").and_then(|rest| rest.split_once(" in ")).map_or(frame, |(_, name)| name);
        name.split(' ').next().unwrap().to_owned()
    });
    let functions: Vec<String> = functions.collect();
    assert!(in_order(&functions.join(" "), &["read", "the_program_waits", "main"]), "{shown}");
    functions
}

#[test]
fn the_core_of_a_program_that_was_blocked_is_that_of_the_bare_one() {
    let bench = Workbench::new();
    let program = bench.program("dumps_core");
    let plugin = bench.plugin("forwarding_hook");
    let bare = functions_in_core(&bench, &program, None);
    assert_eq!(functions_in_core(&bench, &program, Some(&plugin)), bare);
}

#[test]
fn a_core_dump_shows_a_blocked_thread_in_libc() {
    let bench = Workbench::new();
    let program = bench.program("blocked_in_read");
    let settings = ["-nx", "-batch", "-ex", "set debuginfod enabled off", "-ex", "set startup-with-shell off"];
    let plugin = format!("set environment LD_PRELOAD {}", bench.plugin("forwarding_hook").display());
    let dump = ["-ex", &plugin, "-ex", "break now_look", "-ex", "run", "-ex", "generate-core-file core", "-ex", "kill"];
    let gdb = || Program::new("gdb").folder(bench.folder()).args(settings);
    let dumped = gdb().args(dump).args(["--args".into(), program.clone()]).run();
    assert!(bench.path("core").exists(), "{dumped}");
    let shown = gdb().args(["-ex", "thread apply all backtrace"]).args([program, bench.path("core")]).run();
    let text = shown.stdout();
    let reader = text.split("\nThread ").find(|thread| thread.contains("the_reader_waits"));
    let reader = reader.unwrap_or_else(|| panic!("{shown}"));
    assert!(in_order(reader, &["#0 ", "read", "the_reader_waits", "start_thread"]), "{shown}");
}
