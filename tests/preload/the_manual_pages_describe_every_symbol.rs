//! `man/`: correct mdoc, and a page for everything the headers declare.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{Built, Installed, Program, in_order};

/// What the headers have beside the symbols of the library.
const IN_HEADERS: [&str; 2] = ["syscall_error_code", "INTERCEPT_SUBSCRIBE"];

fn pages(folder: &Path) -> BTreeSet<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Bold and underlined letters are struck over each other; the last one stays.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        if letter == '\u{8}' {
            plain.pop();
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[test]
fn their_markup_is_correct() {
    let pages = pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("man"));
    assert!(!pages.is_empty());
    let outcome = Program::new("mandoc").args(["-Tlint", "-Wwarning"]).args(pages).run();
    assert!(outcome.code() == Some(0) && outcome.stdout().is_empty() && outcome.stderr().is_empty(), "{outcome}");
}

#[test]
fn each_symbol_is_found_under_its_name() {
    let installed = Installed::with_libraries_in("lib");
    let folder = installed.prefix().join("share/man/man3");
    let symbols =
        Program::new("nm").args(["-D", "--defined-only"]).args([Built::get().shared_library()]).run().success();
    let symbols = symbols.stdout();
    let exported = symbols.lines().filter_map(|line| line.split(' ').next_back());
    let names: BTreeSet<&str> = exported.chain(IN_HEADERS).collect();
    for name in &names {
        let page = folder.join(format!("{name}.3"));
        let text = plain(&Program::new("mandoc").args(["-Tascii"]).args([&page]).run().success().stdout());
        // What it is called, how it is declared, what comes of it, and where it may be called.
        let sections = ["NAME", name, "SYNOPSIS", name, "DESCRIPTION", "RETURN VALUES", "ERRORS", "SIGNAL HANDLERS"];
        assert!(in_order(&text, &sections), "{name}: {text}");
    }
    // None is left of what has gone.
    let overview = "libsyscall_intercept";
    let described: BTreeSet<PathBuf> =
        names.iter().chain([&overview]).map(|name| folder.join(format!("{name}.3"))).collect();
    assert_eq!(pages(&folder), described);
}
