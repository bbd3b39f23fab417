//! `intercept run`: a program with plugins, which does not notice who has started it.

use std::path::{Path, PathBuf};

use crate::support::{Built, Outcome, Program, Source, Workbench};

const ASKS: [&str; 3] = ["/usr/bin/python3", "-c", "import os; print(os.getppid())"];

fn run(bench: &Workbench, plugins: &[&str]) -> Program {
    let plugins = plugins.iter().flat_map(|plugin| ["--plugin", plugin]);
    Program::new(Built::get().intercept()).folder(bench.folder()).args(["run"]).args(plugins)
}

/// A plugin that finds the library only because `intercept run` has loaded it: nobody has installed any.
fn answering(bench: &Workbench, answer: &str) -> PathBuf {
    let source = Source::test("answers_getppid.c").shared().flags(&["-DADDED", &format!("-DANSWER={answer}")]);
    source.compile(&bench.path(&format!("answers_{answer}.so")))
}

#[test]
fn plugins_in_c_and_in_rust_work_together_from_any_folder() {
    let bench = Workbench::new();
    answering(&bench, "4242");
    let no_directories = Built::get().no_directories();
    let script = "echo $(sh -c 'echo $PPID'); cd /; ls";
    let plugins = ["./answers_4242.so", no_directories.to_str().unwrap()];
    let outcome = run(&bench, &plugins).args(["--", "bash", "-c", script]).run();
    // `$PPID` is what the shell was told when it started; `ls` was started from another folder.
    assert_eq!(outcome.stdout(), "4242\n", "{outcome}");
    assert_eq!(outcome.stderr(), "ls: reading directory '.': Operation not supported\n");
    assert_eq!(outcome.code(), Some(2));
}

#[test]
fn plugins_are_asked_in_the_order_they_are_given_in() {
    let bench = Workbench::new();
    for answer in ["11", "22"] {
        answering(&bench, answer);
    }
    for (plugins, answer) in
        [(["answers_11.so", "answers_22.so"], "11\n"), (["answers_22.so", "answers_11.so"], "22\n")]
    {
        assert_eq!(run(&bench, &plugins).args(ASKS).run().success().stdout(), answer, "{plugins:?}");
    }
}

#[test]
fn what_was_preloaded_before_stays_behind_the_plugins() {
    let bench = Workbench::new();
    // The command starts with it, too, so it has to find the library by itself.
    let (before, plugin) = (bench.plugin("answers_getppid"), answering(&bench, "22"));
    let program = run(&bench, &["answers_22.so"]).preload([&before]);
    let list = program.args(["--", "sh", "-c", "echo $LD_PRELOAD"]).run().success().stdout();
    let start = format!("{}:{}:", plugin.display(), before.display());
    let library = list.strip_prefix(&start).unwrap_or_else(|| panic!("{list}"));
    assert_eq!(Path::new(library.trim_end()).file_name().unwrap(), "libsyscall_intercept.so");
}

#[test]
fn the_program_reads_writes_and_ends_as_ever() {
    let bench = Workbench::new();
    answering(&bench, "4242");
    let end = |script: &str| run(&bench, &["answers_4242.so"]).args(["--", "bash", "-c", script]).stdin("in").run();
    let outcome = end("cat; echo err >&2; exit 42");
    assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str(), outcome.code()), ("in", "err\n", Some(42)));
    assert_eq!(end("kill -9 $BASHPID; echo").signal(), Some(libc::SIGKILL));
    // A signal for the command is one for the program. Its parent is the command, whatever the plugin says of that.
    let script =
        "trap 'echo got it; exit 143' TERM; kill -TERM $(cut -d ' ' -f 4 /proc/$$/stat); while :; do sleep 0.01; done";
    let outcome = end(script);
    assert_eq!((outcome.stdout().as_str(), outcome.code()), ("got it\n", Some(143)), "{outcome}");
}

#[test]
fn flags_behind_the_programs_name_are_the_programs() {
    let bench = Workbench::new();
    let outcome = run(&bench, &[]).args(["echo", "--strict", "--plugin", "-p", "--help"]).run().success();
    assert_eq!(outcome.stdout(), "--strict --plugin -p --help\n");
}

#[test]
fn strict_does_not_start_a_program_with_a_call_that_cannot_be_intercepted() {
    let bench = Workbench::new();
    let library = Source::test("unpatchable.c").shared().compile(&bench.path("libpthread-unpatchable.so"));
    let plugin = library.to_str().unwrap();
    let lenient = run(&bench, &[plugin]).args(["echo", "started"]).run().success();
    assert_eq!(lenient.stdout(), "started\n");
    let outcome = run(&bench, &[plugin]).args(["--strict"]).args(["echo", "started"]).run();
    assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(127), ""), "{outcome}");
}

#[track_caller]
fn is_refused(outcome: &Outcome, cause: &str, remedy: &str) {
    let text = outcome.stderr();
    assert_eq!((outcome.code(), outcome.stdout().as_str(), text.lines().count()), (Some(1), "", 1), "{outcome}");
    assert!(text.starts_with("intercept: ") && text.contains(cause) && text.contains(remedy), "{outcome}");
}

#[test]
fn what_cannot_be_a_plugin_is_said_before_the_program_starts() {
    let bench = Workbench::new();
    let refusal = |plugin: &str| run(&bench, &[plugin]).args(["echo", "started"]).run();
    is_refused(&refusal("missing.so"), "missing.so: no such plugin", "give the path");
    is_refused(&refusal("/"), "/: not an ELF shared object", "cc -fpic -shared");
    bench.file("text.so", "int main;");
    is_refused(&refusal("text.so"), "text.so: not an ELF shared object", "cc -fpic -shared");
    Source::test("prints_maps.c").flags(&["-pie", "-fpie"]).compile(&bench.path("program.so"));
    is_refused(&refusal("program.so"), "program.so: not an ELF shared object", "cc -fpic -shared");
    std::fs::copy(answering(&bench, "11"), bench.path("with space.so")).unwrap();
    is_refused(&refusal("with space.so"), "a space or a colon", "move the file");
}
