//! Every Rust plugin contains the engine, and the shared library is one more.

use std::path::PathBuf;

use crate::support::{Built, Program, Workbench};

/// A program that opens a file that is redirected, reads a directory and asks for its parent, under these plugins.
fn outcome(bench: &Workbench, plugins: &[PathBuf]) -> (String, String) {
    let (from, to) = (bench.file("from", "asked for\n"), bench.file("to", "redirected\n"));
    bench.program("says_getppid");
    let script = Program::script("cat from; ./says_getppid; ls").folder(bench.folder());
    let script = script.env("REDIRECT_FROM", "from").env("REDIRECT_TO", &to).preload(plugins);
    assert!(from.exists());
    let outcome = script.run();
    (outcome.stdout(), outcome.stderr())
}

const UNREADABLE: &str = "ls: reading directory '.': Operation not supported\n";

#[test]
fn two_plugins_in_rust_both_take_effect() {
    let bench = Workbench::new();
    let plugins = [Built::get().open_redirect(), Built::get().no_directories()];
    for plugins in [plugins.clone(), [plugins[1].clone(), plugins[0].clone()]] {
        let (stdout, stderr) = outcome(&bench, &plugins);
        assert_eq!((stdout.as_str(), stderr.as_str()), ("redirected\nlibc bare, own bare, allowed 1\n", UNREADABLE));
    }
}

#[test]
fn plugins_in_rust_and_in_c_with_the_shared_library_all_take_effect() {
    let bench = Workbench::new();
    let c = bench.plugin("answers_getppid");
    let (redirect, unreadable) = (Built::get().open_redirect(), Built::get().no_directories());
    for plugins in [[&c, &redirect, &unreadable], [&redirect, &c, &unreadable], [&redirect, &unreadable, &c]] {
        let plugins = plugins.map(PathBuf::clone);
        let (stdout, stderr) = outcome(&bench, &plugins);
        assert_eq!(stdout, "redirected\nlibc intercepted, own bare, allowed 1\n", "{plugins:?}");
        assert_eq!(stderr, UNREADABLE, "{plugins:?}");
    }
}

#[test]
fn the_shared_library_under_two_names_is_one() {
    let bench = Workbench::new();
    let plugin = bench.plugin("answers_getppid");
    let plugins = [Built::get().shared_library(), bench.path("libsyscall_intercept.so.0"), plugin];
    let (stdout, _) = outcome(&bench, &plugins);
    assert_eq!(stdout.lines().nth(1), Some("libc intercepted, own bare, allowed 1"));
}

#[test]
fn an_engine_in_another_namespace_leaves_the_program_alone() {
    let bench = Workbench::new();
    let program = Program::new(bench.program("opens_namespace"));
    let program = program.args([bench.plugin("forwarding_hook"), Built::get().no_directories()]);
    assert_eq!(program.run().success().stdout(), "libc bare\n");
    let program = program.preload([bench.plugin("answers_getppid")]);
    let outcome = program.run().success();
    assert_eq!((outcome.stdout().as_str(), outcome.stderr().as_str()), ("libc intercepted\n", ""));
    // The dynamic loader is in all of them, so the copies meet at its sites.
    assert_eq!(program.env("INTERCEPT_ALL_OBJS", "1").run().success().stdout(), "libc intercepted\n");
}
