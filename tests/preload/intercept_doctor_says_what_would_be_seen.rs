//! `intercept doctor`: its verdict is what happens when the program runs.

use std::ffi::{CString, OsStr};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use crate::support::{Built, Outcome, Program, Source, Workbench, libc_path, loader_path};

fn doctor(program: &Path) -> Outcome {
    Program::new(Built::get().intercept()).args(["doctor".as_ref(), program.as_os_str()]).run()
}

/// What stands behind a label.
#[track_caller]
fn line<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("{label}: {text}")).trim_start()
}

#[track_caller]
fn refuses(program: &Path, because: &str) {
    let outcome = doctor(program);
    let text = outcome.stdout();
    assert_eq!((outcome.code(), outcome.stderr().as_str()), (Some(1), ""), "{outcome}");
    assert!(text.contains(because), "{because}: {outcome}");
    assert!(line(&text, "verdict").ends_with("cannot be intercepted"), "{outcome}");
}

#[test]
fn the_machine_is_described_also_without_a_program() {
    let text = Program::new(Built::get().intercept()).args(["doctor"]).run().success().stdout();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(line(&text, "kernel"), format!("Linux {}", kernel.trim()));
    let has_avx = fs::read_to_string("/proc/cpuinfo").unwrap().contains(" avx ");
    assert_eq!(line(&text, "CPU").contains("AVX"), has_avx, "{text}");
    assert!(line(&text, "library").ends_with("/libsyscall_intercept.so"), "{text}");
    assert_eq!(line(&text, "verdict"), "programs can be intercepted");
}

#[test]
fn an_ordinary_program_can_be_intercepted_at_all_sites_of_its_libc() {
    let bench = Workbench::new();
    let program = bench.program("says_getppid");
    let text = doctor(&program).success().stdout();
    assert_eq!(line(&text, "verdict"), format!("{} can be intercepted", program.display()));
    let version = Program::new("getconf").args(["GNU_LIBC_VERSION"]).run().success().stdout();
    let (path, libc) = line(&text, "libc").split_once(", ").unwrap();
    assert_eq!((fs::canonicalize(path).unwrap(), libc), (libc_path(), version.trim()));
    // As many sites, and as many where vectors and flags are dead, as `intercept sites` has rows.
    let table = Program::new(Built::get().intercept()).args(["sites".as_ref(), libc_path().as_os_str()]).run();
    let table = table.success().stdout();
    let rows = |with: &str| table.lines().filter(|line| line.starts_with("  ") && line.contains(with)).count();
    assert!(line(&text, "sites").starts_with(&format!("{}: ", rows(" 0x"))), "{text}\n{table}");
    assert!(text.contains(&format!("at {} (", rows("vectors and flags are dead"))), "{text}");
    // The program has one of its own, and the loader has many.
    assert!(text.contains(&format!(" 1 site of {}, unless", program.display())), "{text}");
    let loader = loader_path().file_name().unwrap().to_owned();
    assert!(text.lines().any(|line| line.contains(" sites of /") && line.contains(loader.to_str().unwrap())), "{text}");
}

#[test]
fn libraries_of_the_program_with_sites_of_their_own_are_named() {
    let bench = Workbench::new();
    let library = Source::test("says_getppid.c").shared().flags(&["-DLIBRARY"]).compile(&bench.path("libown.so"));
    let folder = bench.folder().display();
    let link = [format!("-L{folder}"), format!("-Wl,-rpath,{folder}"), "-lown".to_owned()];
    let flags = ["-DELSEWHERE", &link[0], &link[1], &link[2]];
    let program = Source::test("says_getppid.c").flags(&flags).compile(&bench.path("program"));
    let text = doctor(&program).success().stdout();
    let said = format!(" 1 site of {}, unless INTERCEPT_ALL_OBJS=1", library.display());
    assert!(text.contains(&said) && !text.contains(&format!("of {},", program.display())), "{text}");
    let run = Program::new(&program).preload([bench.plugin("answers_getppid")]);
    assert!(run.run().success().stdout().starts_with("libc intercepted, own bare"));
    let all = run.env("INTERCEPT_ALL_OBJS", "1").run().success().stdout();
    assert!(all.starts_with("libc intercepted, own intercepted"), "{all}");
}

#[test]
fn what_stays_unseen_is_said_and_is_not_seen() {
    let bench = Workbench::new();
    let program = bench.program("unseen_calls");
    let text = doctor(&program).success().stdout();
    for what in ["loader before main", "vdso", "int 0x80", "opened later", "JIT"] {
        assert!(text.contains(what), "{what}: {text}");
    }
    let trace = Program::new(Built::get().intercept()).args(["trace".as_ref(), program.as_os_str()]);
    let trace = trace.env("INTERCEPT_ALL_OBJS", "1").run().success().stderr();
    // That of libc alone; and the loader has opened libc.
    assert_eq!(trace.matches("getppid(").count(), 1, "{trace}");
    assert!(!trace.contains("clock_gettime(") && !trace.contains("libc.so.6"), "{trace}");
}

#[test]
fn a_script_is_what_its_interpreter_is() {
    let bench = Workbench::new();
    let script = bench.file("script", "#!/usr/bin/env bash\necho it was run\n");
    let text = doctor(&script).success().stdout();
    assert!(line(&text, "script").starts_with(script.to_str().unwrap()), "{text}");
    assert!(line(&text, "program").ends_with("/bash") && !text.contains("it was run"), "{text}");
    let interpreter = Source::test("prints_maps.c").flags(&["-static"]).compile(&bench.path("static"));
    let script = bench.file("other", &format!("#!{}\n", interpreter.display()));
    refuses(&script, "statically linked");
}

#[test]
fn what_cannot_be_preloaded_is_said_and_why() {
    let bench = Workbench::new();
    let compiled = |source: &str, flags: &[&str]| Source::test(source).flags(flags).compile(&bench.path("program"));
    refuses(&compiled("prints_maps.c", &["-static"]), "statically linked");
    refuses(&compiled("marked_by_go.c", &["-static"]), "made by Go and statically linked");
    refuses(&compiled("without_libc.c", &["-nostdlib", "-pie", "-fpie"]), "libc     none is loaded");
    let loader = "-Wl,--dynamic-linker=/no/such/\x1b[31mloader";
    refuses(&compiled("prints_maps.c", &[loader]), r"its dynamic loader /no/such/\u{1b}[31mloader is not there");
}

#[test]
fn of_a_dynamic_program_of_go_only_calls_of_libc_are_seen() {
    let bench = Workbench::new();
    let text = doctor(&bench.program("marked_by_go")).success().stdout();
    assert!(text.contains("calls of goroutines"), "{text}");
}

#[test]
fn a_program_with_more_rights_is_said_to_ignore_what_is_preloaded_and_does() {
    let bench = Workbench::new();
    let (program, plugin) = (bench.program("says_getppid"), bench.plugin("answers_getppid"));
    let run = || Program::new(&program).preload([&plugin]).run().success().stdout();
    assert!(run().starts_with("libc intercepted"));
    doctor(&program).success();
    // The other user may go there.
    fs::set_permissions(bench.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(&program, Some(65534), Some(65534)).expect("the tests run as root");
    for (mode, why) in [(0o4755, "(setuid)"), (0o2755, "(setgid)")] {
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        refuses(&program, why);
        assert!(run().starts_with("libc bare"), "{why}");
        let outcome = Program::new(Built::get().intercept()).args(["trace".as_ref(), program.as_os_str()]).run();
        assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(1), ""), "{outcome}");
        assert!(outcome.stderr().contains(why) && outcome.stderr().lines().count() == 1, "{outcome}");
    }
    // The bit without the right to execute means something else.
    fs::set_permissions(&program, fs::Permissions::from_mode(0o2705)).unwrap();
    doctor(&program).success();
    assert!(run().starts_with("libc intercepted"));
}

#[test]
fn what_is_no_program_costs_one_line() {
    let bench = Workbench::new();
    let cases = [
        (bench.path("missing"), "no such program"),
        (bench.file("text", "text\n"), "not an ELF file"),
        (bench.file("script", "#!/no/such/interpreter\n"), "/no/such/interpreter: No such file"),
        (bench.file("odd", "#!/no/such/\x1b[31minterpreter\n"), "not an ELF file"),
        ("/".into(), "/: "),
    ];
    for (program, about) in cases {
        let outcome = doctor(&program);
        assert_eq!((outcome.code(), outcome.stderr().lines().count()), (Some(1), 1), "{outcome}");
        assert!(
            outcome.stdout().is_empty() && outcome.stderr().contains(about) && !outcome.stderr().contains('\x1b'),
            "{outcome}"
        );
    }
}

#[test]
fn a_program_with_capabilities_ignores_what_users_preload_and_not_what_root_does() {
    let bench = Workbench::new();
    let (program, plugin) = (bench.program("says_getppid"), bench.plugin("answers_getppid"));
    // Where the other user can go, there must be all that runs.
    fs::set_permissions(bench.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = bench.empty_folder("bin");
    let command = folder.join("intercept");
    fs::copy(Built::get().intercept(), &command).unwrap();
    fs::copy(Built::get().shared_library(), folder.join("libsyscall_intercept.so.0")).unwrap();
    fs::copy(Built::get().shared_library(), folder.join("libsyscall_intercept.so")).unwrap();
    // The variables are for the program alone.
    let variables = [format!("LD_PRELOAD={}", plugin.display()), format!("LD_LIBRARY_PATH={}", folder.display())];
    let root = || Program::new("env").args(&variables).args([&program]).run().success().stdout();
    let user = |args: Vec<&OsStr>| {
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        Program::new("setpriv").args(nobody).args(args).run()
    };
    let run_by_user = || {
        let args = ["env", &variables[0], &variables[1]].map(OsStr::new).into_iter().chain([program.as_os_str()]);
        user(args.collect()).success().stdout()
    };
    let asked_by_user = |what: &str| user(vec![command.as_os_str(), OsStr::new(what), program.as_os_str()]);
    assert!(run_by_user().starts_with("libc intercepted") && root().starts_with("libc intercepted"));
    asked_by_user("doctor").success();
    give_capability(&program);
    assert!(run_by_user().starts_with("libc bare") && root().starts_with("libc intercepted"));
    let outcome = asked_by_user("doctor");
    assert_eq!((outcome.code(), outcome.stderr().as_str()), (Some(1), ""), "{outcome}");
    assert!(outcome.stdout().contains("(file capabilities)"), "{outcome}");
    let outcome = asked_by_user("trace");
    assert_eq!((outcome.code(), outcome.stdout().as_str()), (Some(1), ""), "{outcome}");
    assert!(outcome.stderr().contains("(file capabilities)") && outcome.stderr().lines().count() == 1, "{outcome}");
    doctor(&program).success();
}

/// Gives who runs a program the right to give files away: `struct vfs_cap_data` of include/uapi/linux/capability.h.
#[allow(unsafe_code, reason = "asks libc to set an attribute")]
fn give_capability(program: &Path) {
    const REVISION_2_EFFECTIVE: u32 = 0x0200_0001;
    const CHOWN: u32 = 1;
    // Permitted and inheritable, the lower halves first.
    let value = [REVISION_2_EFFECTIVE, CHOWN, 0, 0, 0].map(u32::to_le_bytes).concat();
    let path = CString::new(program.as_os_str().as_bytes()).unwrap();
    let name = c"security.capability".as_ptr();
    // SAFETY: C strings, and so many bytes.
    let set = unsafe { libc::setxattr(path.as_ptr(), name, value.as_ptr().cast(), value.len(), 0) };
    assert_eq!(set, 0, "the tests run as root: {}", std::io::Error::last_os_error());
}
