//! A static program may open dynamic libraries, and with them a libc.

use crate::support::{Built, Program, Source, Workbench};

/// The loader of the libc that a static program opens has no list of objects, so nothing can be intercepted. But a line says
/// so, and the program goes on.
#[test]
fn it_goes_on_un_intercepted_and_says_so() {
    let bench = Workbench::new();
    let library = Source::test("asks_getppid.c").shared().compile(&bench.path("asks_getppid.so"));
    let plugins = [bench.plugin("answers_getppid"), Built::get().shared_library(), Built::get().no_directories()];
    for kind in ["-static", "-static-pie"] {
        let source = Source::test("static_program.c").flags(&[kind]);
        let program = Program::new(source.compile(&bench.path("static_program")));
        let bare = program.clone().args([&library]).run().success();
        assert_eq!((bare.stdout().lines().count(), bare.stderr().as_str()), (2, ""), "{bare}");
        for plugin in &plugins {
            let opens = program.clone().args([plugin, &library]);
            let log = bench.path("log");
            for opens in [opens.clone(), opens.env("INTERCEPT_ALL_OBJS", "1").env("INTERCEPT_LOG", &log)] {
                let outcome = opens.run().success();
                assert_eq!(outcome.stdout(), bare.stdout(), "{kind} {plugin:?}");
                let complaint =
                    "libsyscall_intercept: no libc among the loaded objects: no system call is intercepted\n";
                assert_eq!(outcome.stderr(), complaint, "{kind} {plugin:?}");
            }
        }
    }
}
