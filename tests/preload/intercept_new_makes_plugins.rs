//! `intercept new`: what it makes builds as it is, and does what its README says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Built, Outcome, Program, Workbench};

fn intercept(bench: &Workbench, args: &[&str]) -> Program {
    Program::new(Built::get().intercept()).folder(bench.folder()).args(args.iter().copied())
}

/// The line of a README that runs the plugin, and what it prints.
#[track_caller]
fn example(project: &Path) -> (Vec<String>, String) {
    let text = fs::read_to_string(project.join("README.md")).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.starts_with("$ intercept "));
    let command = lines.next().unwrap().split(' ').skip(2).map(str::to_owned).collect();
    (command, format!("{}\n", lines.next().unwrap()))
}

#[track_caller]
fn does_what_its_readme_says(bench: &Workbench, project: &Path, plugin: impl Fn(&str) -> String) {
    let (command, printed) = example(project);
    let command: Vec<String> = command.iter().map(|word| plugin(word)).collect();
    let outcome = intercept(bench, &[]).args(command).folder(project).run().success();
    assert_eq!((outcome.stdout(), outcome.stderr()), (printed, String::new()));
}

#[test]
fn a_plugin_in_rust() {
    let bench = Workbench::new();
    let outcome = intercept(&bench, &["new", "my-plugin"]).run().success();
    assert!(outcome.stdout().contains("\n    cargo build --release\n"), "{outcome}");
    let project = bench.path("my-plugin");
    // The same versions as everywhere, which are there: nothing needs to be fetched.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    fs::copy(lock, project.join("Cargo.lock")).unwrap();
    // What it depends on need not be built again next time.
    let target = Built::get().folder().join("intercept-new");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--target-dir"]).arg(&target).current_dir(&project);
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    does_what_its_readme_says(&bench, &project, |word| match word.strip_prefix("target/release/") {
        Some(file) => target.join("debug").join(file).to_str().unwrap().to_owned(),
        None => word.to_owned(),
    });
}

#[test]
fn a_plugin_in_c() {
    let bench = Workbench::new();
    let outcome = intercept(&bench, &["new", "--lang", "c", "my-plugin"]).run().success();
    assert!(outcome.stdout().contains("\n    make\n"), "{outcome}");
    let project = bench.path("my-plugin");
    let made = Program::new("make").folder(&project).args(["CFLAGS=-Wall -Wextra -Werror"]).run().success();
    assert_eq!(made.stderr(), "");
    does_what_its_readme_says(&bench, &project, str::to_owned);
}

#[track_caller]
fn is_refused(bench: &Workbench, args: &[&str], cause: &str, remedy: &str) {
    let before = files(bench);
    let outcome: Outcome = intercept(bench, args).run();
    let text = outcome.stderr();
    assert_eq!((outcome.code(), outcome.stdout().as_str(), text.lines().count()), (Some(1), "", 1), "{outcome}");
    assert!(text.starts_with("intercept: ") && text.contains(cause) && text.contains(remedy), "{outcome}");
    assert_eq!(files(bench), before);
}

fn files(bench: &Workbench) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(bench.folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn nothing_is_made_that_would_not_build() {
    let bench = Workbench::new();
    bench.file("there", "");
    is_refused(&bench, &["new", "there"], "there: is there already", "choose another name");
    is_refused(&bench, &["new", "9lives"], "not a name for a plugin", "like my-plugin");
    is_refused(&bench, &["new", "my plugin"], "not a name for a plugin", "like my-plugin");
    is_refused(&bench, &["new", ".."], "not a name for a plugin", "like my-plugin");
    is_refused(&bench, &["new", "syscall-intercept"], "the name is taken", "like my-plugin");
    is_refused(&bench, &["new", "no/where"], "no/where: cannot be made", "No such file");
    is_refused(&bench, &["new", "--source", "/", "plugin"], "/: not the library's source", "Cargo.toml");
}
