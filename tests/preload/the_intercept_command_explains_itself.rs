//! Help, mistakes, completions and manual pages of `intercept`, which all come from one definition.

use std::fs;

use crate::support::{Built, Outcome, Program, Workbench};

const SUBCOMMANDS: [&str; 11] =
    ["trace", "stat", "record", "report", "run", "new", "sites", "index", "doctor", "completions", "man"];

fn intercept(args: &[&str]) -> Program {
    Program::new(Built::get().intercept()).args(args.iter().copied())
}

#[test]
fn every_help_fits_a_screen() {
    let help = intercept(&["--help"]).run().success().stdout();
    for subcommand in SUBCOMMANDS {
        assert!(help.contains(&format!("\n  {subcommand} ")), "{subcommand}: {help}");
    }
    let each = SUBCOMMANDS.map(|subcommand| intercept(&[subcommand, "--help"]).run().success().stdout());
    for help in each.iter().chain([&help]) {
        assert!(help.lines().count() <= 24 && help.lines().all(|line| line.chars().count() <= 80), "{help}");
        assert!(help.contains("Usage: intercept"), "{help}");
    }
}

#[track_caller]
fn suggests(outcome: &Outcome, what: &str) {
    assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(2), ""), "{outcome}");
    assert!(outcome.stderr().contains(&format!("exists: '{what}'")), "{outcome}");
}

#[test]
fn who_mistypes_is_told_the_right_word() {
    suggests(&intercept(&["trase", "ls"]).run(), "trace");
    suggests(&intercept(&["trace", "--outptu", "file", "ls"]).run(), "--output");
    suggests(&intercept(&["run", "--plugn", "file", "ls"]).run(), "--plugin");
    suggests(&intercept(&["run", "--stric", "ls"]).run(), "--strict");
}

#[test]
fn nothing_is_coloured_for_who_does_not_want_it() {
    let mistake = |variables: &[&str]| {
        let program = variables.iter().fold(intercept(&["trace", "--outptu"]), |program, name| program.env(name, "1"));
        program.run().stderr()
    };
    // Both commands are asked as at a terminal.
    assert!(mistake(&["CLICOLOR_FORCE"]).contains('\x1b'));
    assert!(!mistake(&["CLICOLOR_FORCE", "NO_COLOR"]).contains('\x1b'));
    assert!(!mistake(&[]).contains('\x1b'), "to a pipe");
}

#[test]
fn bash_completes_subcommands_and_flags() {
    let completed = |words: &str, at: usize| {
        let script = format!(
            "eval \"$($0 completions bash)\"; COMP_WORDS=({words}); COMP_CWORD={at}
            _intercept intercept \"${{COMP_WORDS[at]}}\" \"${{COMP_WORDS[at-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let outcome = Program::script(&script.replace("[at", &format!("[{at}"))).args([Built::get().intercept()]).run();
        assert_eq!(outcome.stderr(), "", "{outcome}");
        outcome.success().stdout()
    };
    assert_eq!(completed("intercept tr", 1), "trace\n");
    assert_eq!(completed("intercept run --pl", 2), "--plugin\n");
    assert_eq!(completed("intercept run --st", 2), "--strict\n");
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = intercept(&["completions", shell]).run().success().stdout();
        for word in SUBCOMMANDS.iter().chain(&["plugin", "output"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn every_subcommand_has_a_manual_page() {
    let bench = Workbench::new();
    let folder = bench.empty_folder("man");
    let outcome = intercept(&["man", folder.to_str().unwrap()]).run().success();
    assert_eq!((outcome.stdout(), outcome.stderr()), (String::new(), String::new()));
    let page = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(page("intercept.1"), intercept(&["man"]).run().success().stdout());
    for subcommand in SUBCOMMANDS {
        let text = page(&format!("intercept-{subcommand}.1"));
        assert!(text.contains(&format!("\n.TH intercept-{subcommand} 1")), "{text}");
        assert!(page("intercept.1").contains(&format!("intercept\\-{subcommand}(1)")));
    }
    assert!(page("intercept-run.1").contains(r"\fB\-\-plugin\fR \fI<FILE>\fR"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), SUBCOMMANDS.len() + 1);
}

#[test]
fn manual_pages_that_cannot_be_written_cost_one_line() {
    let bench = Workbench::new();
    let outcome = intercept(&["man", bench.path("missing").to_str().unwrap()]).run();
    let text = outcome.stderr();
    assert_eq!((outcome.code(), outcome.stdout().as_str(), text.lines().count()), (Some(1), "", 1), "{outcome}");
    assert!(text.contains("missing/intercept.1: cannot be written") && text.contains("name a folder"), "{outcome}");
}
