//! `include/*.h` in both languages, with every warning an error.

use crate::support::{Program, Source, Workbench};

const LANGUAGES: [(&str, &str, &str); 4] =
    [("gcc", "c", "-std=c99"), ("gcc", "c", "-std=c17"), ("g++", "c++", "-std=c++11"), ("g++", "c++", "-std=c++20")];

#[test]
fn everything_they_declare_has_the_promised_type_and_exists() {
    let bench = Workbench::new();
    for (compiler, language, standard) in LANGUAGES {
        let source = Source::test("headers.c").compiler(compiler, language).flags(&["-pedantic", standard]);
        let program = source.linked(bench.folder()).compile(&bench.path("headers"));
        Program::new(program).run().success();
    }
}

#[test]
fn each_stands_alone_and_may_be_included_twice() {
    let bench = Workbench::new();
    for header in ["libsyscall_intercept_hook_point.h", "syscall_intercept.h"] {
        for (compiler, language, standard) in LANGUAGES {
            let text = format!("#include <{header}>\n#include <{header}>\nint unused;\n");
            compiles(&bench, compiler, language, standard, &text);
        }
    }
}

/// C has no empty declarations, which a semicolon of the user's would be, and C++ has.
#[test]
fn a_subscription_ends_by_itself() {
    let bench = Workbench::new();
    let text = "#include <syscall_intercept.h>\nINTERCEPT_SUBSCRIBE(39, 110)";
    for (compiler, language, standard) in LANGUAGES {
        compiles(&bench, compiler, language, standard, &format!("{text}\nint next(void);\n"));
        compiles(&bench, compiler, language, standard, &format!("{text}\n"));
        if language == "c++" {
            compiles(&bench, compiler, language, standard, &format!("{text};\n"));
        }
    }
}

/// Compiles a text without a warning.
#[track_caller]
fn compiles(bench: &Workbench, compiler: &str, language: &str, standard: &str, text: &str) {
    let include = format!("-I{}/include", env!("CARGO_MANIFEST_DIR"));
    let flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", standard, &include, "-x", language, "-"];
    Program::new(compiler).args(flags).stdin(text).folder(bench.folder()).run().success();
}
