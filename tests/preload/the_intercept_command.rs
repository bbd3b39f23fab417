//! `intercept trace` and `intercept sites`, as people run them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Built, Outcome, Program, Source, Workbench, libc_path};

fn intercept<'a>(args: impl IntoIterator<Item = &'a str>) -> Program {
    Program::new(Built::get().intercept()).args(args)
}

#[test]
fn trace_shows_what_ls_does_and_ls_does_what_it_always_does() {
    let bare = Program::new("ls").args(["/"]).run().success();
    let outcome = intercept(["trace", "ls", "/"]).run().success();
    assert_eq!(outcome.stdout(), bare.stdout());
    let text = outcome.stderr();
    let first = bare.stdout().lines().next().unwrap().to_owned();
    for call in [
        r#"openat(AT_FDCWD, "/", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = "#.to_owned(),
        "getdents64(".to_owned(),
        format!(r#"write(1, "{first}\n"#),
        format!("{:39} = ?", "exit_group(0)"),
    ] {
        assert!(text.lines().any(|line| line.starts_with(&call)), "{call}: {text}");
    }
}

#[test]
fn trace_writes_to_a_file_if_asked() {
    let bench = Workbench::new();
    let file = bench.file("trace", "what was there before\n");
    let script = ["trace", "-o", file.to_str().unwrap(), "bash", "-c", "cd /; exec cat /dev/null"];
    let outcome = intercept(script).run().success();
    assert_eq!((outcome.stdout(), outcome.stderr()), (String::new(), String::new()));
    let trace = fs::read_to_string(file).unwrap();
    // Both programs are there: the one that was started and the one it became.
    for call in [r#"chdir("/") "#, r#"execve(""#, r#"openat(AT_FDCWD, "/dev/null", O_RDONLY) = "#] {
        assert!(trace.lines().any(|line| line.starts_with(call)), "{call}: {trace}");
    }
    assert!(!trace.contains("what was there before"), "{trace}");
}

#[test]
fn trace_tells_processes_apart() {
    let outcome = intercept(["trace", "bash", "-c", "(exit 3); true"]).run().success();
    let text = outcome.stderr();
    let child = text.lines().find(|line| line.contains("exit_group(3) ")).unwrap_or_else(|| panic!("{text}"));
    assert!(child.starts_with("[pid "), "{child}");
    assert!(text.lines().any(|line| line.starts_with("exit_group(0) ")), "{text}");
}

#[test]
fn trace_ends_as_the_program_did() {
    let end = |script: &str| intercept(["trace", "-o", "/dev/null", "bash", "-c", script]).run();
    assert_eq!(end("exit 0").code(), Some(0));
    assert_eq!(end("exit 42").code(), Some(42));
    for signal in [libc::SIGKILL, libc::SIGTERM, libc::SIGSEGV] {
        assert_eq!(end(&format!("kill -{signal} $$")).signal(), Some(signal));
    }
}

#[track_caller]
fn complains(outcome: &Outcome, status: i32, about: &str) {
    let text = outcome.stderr();
    assert_eq!((outcome.code(), text.lines().count(), outcome.stdout().as_str()), (Some(status), 1, ""), "{outcome}");
    assert!(text.starts_with("intercept: ") && text.contains(about), "{outcome}");
}

#[test]
fn a_program_that_cannot_be_traced_costs_one_clear_line() {
    let bench = Workbench::new();
    complains(&intercept(["trace", "no-such-program"]).run(), 127, "no-such-program");
    let no_program = bench.file("data", "");
    complains(&intercept(["trace", no_program.to_str().unwrap()]).run(), 126, "data");
    let program = Source::test("prints_maps.c").flags(&["-static"]).compile(&bench.path("static"));
    complains(&intercept(["trace", program.to_str().unwrap()]).run(), 1, "statically linked");
}

#[test]
fn sites_shows_that_all_of_libc_is_intercepted_nearly_all_in_place() {
    let outcome = intercept(["sites", libc_path().to_str().unwrap()]).run().success();
    let text = outcome.stdout();
    // 526 sites: 524 in place (99.6 %), 2 in stub, 0 left alone; 3 lookalikes are no system calls
    let summary = text.lines().last().unwrap();
    let numbers: Vec<f64> = summary.split([' ', '(', ',']).filter_map(|word| word.parse().ok()).collect();
    let [sites, in_place, percent, in_stub, left_alone, ..] = numbers[..] else { panic!("{summary}") };
    assert!(sites > 400.0 && in_place + in_stub + left_alone == sites, "{summary}");
    assert!(percent >= 98.0 && left_alone == 0.0, "{summary}");
    // One row each, with the function and the call.
    let rows = text.lines().filter(|line| line.trim_start().starts_with("0x")).count();
    assert_eq!(rows, sites as usize);
    assert!(text.lines().any(|line| line.contains("getppid+0x") && line.contains(" in place ")), "{text}");
}

#[test]
fn sites_of_a_process_are_said_to_be_patched_or_not() {
    let bench = Workbench::new();
    for plugin in [None, Some(bench.plugin("forwarding_hook"))] {
        let mut cat = Command::new("cat");
        cat.envs(plugin.iter().map(|plugin| ("LD_PRELOAD", plugin))).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut cat = cat.spawn().unwrap();
        // When it answers it has started.
        cat.stdin.as_mut().unwrap().write_all(b"x").unwrap();
        cat.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let outcome = intercept(["sites", &cat.id().to_string()]).run();
        drop(cat.stdin.take());
        cat.wait().unwrap();
        let text = outcome.success().stdout();
        let libc = text.split("\n/").find(|table| table.contains("  getppid+")).unwrap();
        let states = |state: &str| libc.lines().filter(|line| line.contains(state)).count();
        let (patched, left) = (states("  patched  "), states("  as ever  "));
        if plugin.is_some() {
            assert!(patched > 400 && left == 0, "{libc}");
        } else {
            assert!(left > 400 && patched == 0, "{libc}");
        }
        assert!(libc.contains(&format!("\n{patched} of them patched now\n")), "{libc}");
    }
    complains(&intercept(["sites", "4194305"]).run(), 1, "no such process");
}

#[test]
fn sites_of_what_is_no_elf_file_costs_one_clear_line() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    complains(&intercept(["sites", source.to_str().unwrap()]).run(), 1, "Cargo.toml: not an ELF file");
    complains(&intercept(["sites", "/no/such/file"]).run(), 1, "/no/such/file");
}
