//! Drop-in: no recompilation, only another library in the loader's path.

use crate::support::{Program, Source, Workbench};

#[test]
fn its_copy_relocations_are_where_the_hooks_are_read() {
    let bench = Workbench::new();
    let pmem = bench.empty_folder("pmem");
    let soname = "-Wl,-soname,libsyscall_intercept.so.0";
    Source::test("pmem_library.c").shared().flags(&[soname]).compile(&pmem.join("libsyscall_intercept.so"));
    std::os::unix::fs::symlink("libsyscall_intercept.so", pmem.join("libsyscall_intercept.so.0")).unwrap();
    let search = format!("-L{}", pmem.display());
    let source = Source::test("hooks_itself.c").flags(&["-fno-pie", "-no-pie", &search, "-lsyscall_intercept"]);
    let program = source.compile(&bench.path("program"));

    let relocations = Program::new("readelf").args(["-rW".as_ref(), program.as_os_str()]).run().success().stdout();
    for symbol in ["intercept_hook_point", "intercept_hook_point_clone_parent"] {
        let copied = |line: &str| line.contains("R_X86_64_COPY") && line.split(' ').any(|word| word == symbol);
        assert!(relocations.lines().any(copied), "{symbol} is not copied, so this test shows nothing: {relocations}");
    }

    let with = |library| Program::new(&program).env("LD_LIBRARY_PATH", library).run().success().stdout();
    assert_eq!(with(pmem.as_path()), "getppid bare, fork bare, allowed 0\n");
    assert_eq!(with(bench.folder()), "getppid intercepted, fork intercepted, allowed 1\n");
}
