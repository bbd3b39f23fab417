//! Programs built with a sanitizer: its runtime intercepts libc from the other side, and looks at memory, stacks and threads of the
//! whole process when the program ends.

use crate::support::{Program, Source, Unnoticed, Workbench};

/// Builds the program with a sanitizer. (The runtime of `address` wants to be in the program, or the first of `LD_PRELOAD`.)
fn finds_nothing(flags: &[&str]) {
    let bench = Workbench::new();
    let sanitized = Source::test("sanitized.c").flags(&["-pthread"]).flags(flags).compile(&bench.path("sanitized"));
    Unnoticed::at(bench, Program::new(sanitized)).does(&[]);
}

#[test]
fn address_sanitizer() {
    finds_nothing(&["-fsanitize=address", "-static-libasan"]);
}

#[test]
fn leak_sanitizer() {
    finds_nothing(&["-fsanitize=leak"]);
}

#[test]
fn thread_sanitizer() {
    finds_nothing(&["-fsanitize=thread", "-static-libtsan"]);
}

#[test]
fn undefined_behaviour_sanitizer() {
    finds_nothing(&["-fsanitize=undefined", "-static-libubsan"]);
}
