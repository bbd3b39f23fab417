//! `intercept index`: what is found out beforehand is what would be found out each time, and nothing that does not fit is used.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::support::{Built, Outcome, Program, Workbench, libc_path};

/// An index of the libc of this machine, in a folder. No patched copy: then hardly anything in an index is looked at.
fn index(bench: &Workbench) -> PathBuf {
    let path = bench.path("libsyscall_intercept.index");
    let outcome = command(["index", "--no-copies", "-o", path.to_str().unwrap()]).success();
    let libc = format!("{}: ", libc_path().file_name().unwrap().display());
    assert!(outcome.stdout().lines().next().unwrap().contains(&libc), "{outcome}");
    path
}

fn command<const N: usize>(args: [&str; N]) -> Outcome {
    Program::new(Built::get().intercept()).args(args).run()
}

/// What the library says of every site of libc when a program starts, sorted; and whether it has that from an index.
fn dump(index: Option<&Path>) -> (Vec<String>, bool) {
    let mut program = Program::new("true").intercepted().env("INTERCEPT_DEBUG_DUMP", "1");
    if let Some(index) = index {
        program = program.env("INTERCEPT_INDEX", index);
    }
    let text = program.run().success().stderr();
    let sites = text.lines().filter(|line| line.contains(".so.6+0x") && !line.contains("no known code"));
    (sites.map(str::to_owned).collect(), text.contains(" sites from the index") || text.contains(": a patched copy"))
}

#[test]
fn every_site_is_patched_as_it_would_be_without() {
    let bench = Workbench::new();
    let (with, used) = dump(Some(&index(&bench)));
    let (without, not_used) = dump(Some(Path::new("/nowhere")));
    assert!(used && !not_used);
    assert!(with.len() > 100, "{with:?}");
    assert_eq!(with, without);
    let (copied, used) = dump(Some(&Built::get().index()));
    assert!(used && copied == without);
}

#[test]
fn hooks_and_logs_see_what_they_would_see() {
    let bench = Workbench::new();
    let (program, plugin) = (bench.program("says_getppid"), bench.plugin("answers_getppid"));
    let hooked = Program::new(program).preload([plugin]);
    let expected = hooked.run().success().stdout();
    for index in [index(&bench), Built::get().index()] {
        assert_eq!(hooked.clone().env("INTERCEPT_INDEX", index).run().success().stdout(), expected);
    }

    let log = |name: &str, index: &Path| {
        let log = bench.path(name);
        let program = Program::new("ls").args(["/"]).intercepted();
        program.env("INTERCEPT_LOG", &log).env("INTERCEPT_INDEX", index).run().success();
        let text = fs::read_to_string(log).unwrap();
        // `/lib/x86_64-linux-gnu/libc.so.6 0x1234 -- getpid() = ?`: where, and which call
        let place = |line: &str| line.split('(').next().map(str::to_owned);
        text.lines().filter_map(place).collect::<Vec<String>>()
    };
    let with = log("with", &index(&bench));
    assert!(with.len() > 20, "{with:?}");
    assert_eq!(with, log("without", Path::new("/nowhere")));
    assert_eq!(with, log("copied", &Built::get().index()));
}

#[test]
fn without_one_what_locating_took_is_given_back() {
    // Kilobytes of the heap that are there.
    let heap = |program: Program| -> i64 {
        let text = program.run().success().stdout();
        let mut lines = text.lines().skip_while(|line| !line.ends_with("[heap]"));
        let line = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let program = Program::new("cat").args(["/proc/self/smaps"]);
    let (bare, ours) = (heap(program.clone()), heap(program.intercepted().env("INTERCEPT_INDEX", "/nowhere")));
    assert!(ours <= bare + 100, "{ours} kB, and bare {bare} kB");
}

#[test]
fn the_index_beside_the_library_is_found() {
    let bench = Workbench::new();
    let library = bench.path("copy/libsyscall_intercept.so");
    fs::create_dir(library.parent().unwrap()).unwrap();
    fs::copy(Built::get().shared_library(), &library).unwrap();
    let text = || {
        let program = Program::new("true").preload([&library]).env("INTERCEPT_DEBUG_DUMP", "1");
        program.run().success().stderr()
    };
    assert!(!text().contains("from the index"));
    fs::copy(index(&bench), library.with_file_name("libsyscall_intercept.index")).unwrap();
    assert!(text().contains(" sites from the index"));
}

#[test]
fn one_that_does_not_fit_is_not_used() {
    let bench = Workbench::new();
    let path = index(&bench);
    let whole = fs::read(&path).unwrap();
    let (expected, _) = dump(Some(Path::new("/nowhere")));
    let unchanged = |index: &Path| assert_eq!(dump(Some(index)), (expected.clone(), false));

    // Cut off, changed, of another version, writable for others, no file at all.
    for cut in [0, 10, 30, 200, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        unchanged(&path);
    }
    for at in [0, 9, 17, 30, 60, 80, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        unchanged(&path);
    }
    fs::write(&path, &whole).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    unchanged(&path);
    unchanged(bench.folder());
    // Without a writer a pipe keeps whoever opens it waiting.
    let pipe = bench.path("pipe");
    Program::new("mkfifo").args([&pipe]).run().success();
    unchanged(&pipe);
    // Of another library.
    let other = bench.path("other");
    let plugin = bench.plugin("answers_getppid");
    command(["index", "-o", other.to_str().unwrap(), plugin.to_str().unwrap()]).success();
    unchanged(&other);
}

#[test]
fn the_doctor_says_whether_there_is_one() {
    let bench = Workbench::new();
    let says = |index: &Path, what: &str| {
        let program = Program::new(Built::get().intercept()).args(["doctor", "/bin/true"]);
        let text = program.env("INTERCEPT_INDEX", index).run().success().stdout();
        assert!(text.lines().any(|line| line.starts_with("index") && line.contains(what)), "{what}: {text}");
    };
    let path = index(&bench);
    says(&path, &format!("{} knows it: programs start faster", path.display()));
    let copied = Built::get().index();
    says(&copied, &format!("{} knows it, and has a patched copy: programs start faster", copied.display()));
    says(Path::new("/nowhere"), "none; programs start faster with one");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    says(&path, "or others may write to it; make it again");
    let other = bench.path("other");
    let plugin = bench.plugin("answers_getppid");
    command(["index", "-o", other.to_str().unwrap(), plugin.to_str().unwrap()]).success();
    says(&other, "does not know it; make it again");
}

#[test]
fn what_cannot_be_in_an_index_is_said_in_one_line() {
    let bench = Workbench::new();
    let path = bench.path("index");
    let refused = command(["index", "-o", path.to_str().unwrap(), "/bin/sh", "/etc/passwd"]);
    assert_eq!((refused.code(), refused.stderr().lines().count()), (Some(1), 1), "{refused}");
    assert!(!path.exists());
    let refused = command(["index", "-o", "/nowhere/index"]);
    assert!(refused.stderr().contains("/nowhere/index: cannot be written"), "{refused}");
    assert_eq!(refused.code(), Some(1));
}
