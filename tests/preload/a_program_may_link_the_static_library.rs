//! `libsyscall_intercept.a`: a program that is its own plugin.

use crate::support::{Built, Program, Source, Workbench};

#[test]
fn it_sees_its_own_calls_without_anything_preloaded() {
    let bench = Workbench::new();
    let library = Built::get().static_library();
    // What Rust's standard library needs: `rustc --print native-static-libs`.
    let needed = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];
    let source = Source::test("hooks_itself.c").flags(&[library.to_str().unwrap()]).flags(&needed);
    let program = source.compile(&bench.path("program"));
    let dynamic = Program::new("readelf").args(["-d".as_ref(), program.as_os_str()]).run().success();
    assert!(!dynamic.stdout().contains("libsyscall_intercept"), "{dynamic}");
    let outcome = Program::new(program).run().success();
    assert_eq!(outcome.stdout(), "getppid intercepted, fork intercepted, allowed 1\n");
}
