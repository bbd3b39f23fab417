//! Patched copies of libraries: mapped where they fit and nowhere else, and programs are intercepted either way.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::support::{Built, Outcome, Program, Source, Workbench, libc_path, loader_path};

/// A libc with an index and a patched copy.
struct Shelf {
    bench: Workbench,
    libc: PathBuf,
    index: PathBuf,
}

impl Shelf {
    fn new() -> Shelf {
        let bench = Workbench::new();
        let libc = bench.empty_folder("libs").join("libc.so.6");
        fs::copy(libc_path(), &libc).unwrap();
        let index = bench.path("index");
        let shelf = Shelf { bench, libc, index };
        let text = shelf.look(&[]).success().stdout();
        assert!(text.ends_with(&format!("{}: written\n", shelf.copies().display())), "{text}");
        shelf
    }

    /// Makes the index.
    fn look(&self, options: &[&str]) -> Outcome {
        let program = Program::new(Built::get().intercept()).args(["index"]).args(options.iter().copied());
        program.args(["-o".as_ref(), self.index.as_os_str(), self.libc.as_os_str()]).run()
    }

    fn copies(&self) -> PathBuf {
        self.bench.path("index.copies")
    }

    /// The only copy.
    fn copy(&self) -> PathBuf {
        let only = |folder: &Path| {
            let inside: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            let [path] = &inside[..] else { panic!("{inside:?}") };
            path.clone()
        };
        only(&only(&self.copies()))
    }

    /// A program that runs with the libc and its index.
    fn starts(&self, program: &str) -> Program {
        let options = ["--library-path".as_ref(), self.libc.parent().unwrap().as_os_str()];
        let program = Program::new(self.bench.program(program)).under(loader_path(), options);
        program.env("INTERCEPT_INDEX", &self.index)
    }

    /// What is mapped into a process with a hook and some other libraries. The hook answers whatever is mapped.
    fn maps(&self, others: &[PathBuf]) -> String {
        let plugin = self.bench.plugin("answers_getppid");
        // In this order: constructors run from the end of the list to its beginning.
        let library = self.bench.path("libsyscall_intercept.so.0");
        let hooked = |program: &str| self.starts(program).preload([&plugin, &library]).preload(others);
        let said = hooked("says_getppid").run().success().stdout();
        assert!(said.starts_with("libc intercepted, "), "{said}");
        hooked("prints_maps").run().success().stdout()
    }

    fn is_mapped(&self) -> bool {
        self.maps(&[]).contains(".copies/")
    }
}

/// The lines about a file that is executed.
fn code<'a>(maps: &'a str, path: &Path) -> Vec<&'a str> {
    let path = path.to_str().unwrap();
    maps.lines().filter(|line| line.ends_with(path) && line.contains(" r-xp ")).collect()
}

#[test]
fn code_and_stubs_are_mapped_from_it_and_nothing_is_copied() {
    let shelf = Shelf::new();
    let maps = shelf.maps(&[]);
    assert_eq!((code(&maps, &shelf.copy()).len(), code(&maps, &shelf.libc).len()), (2, 0), "{maps}");
    let executable_memory = maps.lines().filter(|line| line.contains("r-xp") && line.ends_with(" 00:00 0 "));
    assert_eq!(executable_memory.count(), 0, "{maps}");
}

#[test]
fn one_that_cannot_be_trusted_or_is_not_whole_is_not_mapped() {
    let shelf = Shelf::new();
    assert!(shelf.is_mapped());
    let copy = shelf.copy();
    let whole = fs::read(&copy).unwrap();
    for changed in [whole.len() - 4096, whole.len() - 4096 + 20, whole.len() - 4096 + 100] {
        let mut bytes = whole.clone();
        bytes[changed] ^= 1;
        fs::write(&copy, bytes).unwrap();
        assert!(!shelf.is_mapped(), "changed at {changed} of {}", whole.len());
    }
    for length in [0, 4095, 4096, whole.len() - 4096, whole.len() - 1] {
        fs::write(&copy, &whole[..length]).unwrap();
        assert!(!shelf.is_mapped(), "{length} of {} bytes", whole.len());
    }
    fs::write(&copy, &whole).unwrap();
    assert!(shelf.is_mapped());
    fs::set_permissions(&copy, Permissions::from_mode(0o666)).unwrap();
    assert!(!shelf.is_mapped(), "others may write to it");
}

#[test]
fn one_of_a_libc_that_was_changed_since_is_not_mapped() {
    let shelf = Shelf::new();
    assert!(shelf.is_mapped());
    let libc = File::options().write(true).open(&shelf.libc).unwrap();
    let later = SystemTime::now() + Duration::from_secs(5);
    libc.set_times(FileTimes::new().set_modified(later)).unwrap();
    assert!(!shelf.is_mapped(), "another time");
    shelf.look(&[]).success();
    assert!(shelf.is_mapped());
    let (length, time) = (libc.metadata().unwrap().len(), libc.metadata().unwrap().modified().unwrap());
    libc.write_all_at(b"more", length).unwrap();
    libc.set_times(FileTimes::new().set_modified(time)).unwrap();
    assert!(!shelf.is_mapped(), "another length");
}

#[test]
fn there_is_none_of_a_libc_whose_file_says_no_time() {
    let shelf = Shelf::new();
    let libc = File::options().write(true).open(&shelf.libc).unwrap();
    libc.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))).unwrap();
    let text = shelf.look(&[]).success().stdout();
    assert!(!text.contains("copies") && !shelf.copies().exists() && !shelf.is_mapped(), "{text}");
}

#[test]
fn code_that_somebody_has_changed_before_is_left_in_place() {
    let shelf = Shelf::new();
    let before = |how: &str| {
        let path = shelf.bench.path(&format!("{how}.so"));
        Source::test("comes_before.c").shared().flags(&[&format!("-D{how}")]).compile(&path)
    };
    for how in ["CHANGED", "TAKEN"] {
        let maps = shelf.maps(&[before(how)]);
        assert!(!maps.contains(".copies/") && code(&maps, &shelf.libc).len() == 1, "{how}: {maps}");
    }
}

#[test]
fn who_wants_a_few_calls_leaves_the_code_of_all_others_as_it_is() {
    let shelf = Shelf::new();
    let plugin = shelf.bench.path("few.so");
    let source = Source::test("answers_getppid.c").shared().linked(shelf.bench.folder());
    source.flags(&["-DSUBSCRIBED"]).compile(&plugin);
    let maps = shelf.starts("prints_maps").preload([&plugin]).run().success().stdout();
    assert!(!maps.contains(".copies/"), "{maps}");
    let said = shelf.starts("says_getppid").preload([&plugin]).run().success().stdout();
    assert!(said.starts_with("libc intercepted, "), "{said}");
}

#[test]
fn old_copies_go_and_files_of_others_stay() {
    let shelf = Shelf::new();
    let copy = shelf.copy();
    let old = shelf.copies().join("0123456789abcdef");
    fs::create_dir(&old).unwrap();
    fs::copy(&copy, old.join("libold.so.1")).unwrap();
    let kept = shelf.copies().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("file"), [0; 8192]).unwrap();
    shelf.look(&[]).success();
    assert!(copy.exists() && !old.exists() && kept.join("file").exists());

    let text = shelf.look(&["--no-copies"]).success().stdout();
    assert!(!text.contains("copies") && !copy.exists() && kept.join("file").exists(), "{text}");
    assert!(!shelf.is_mapped());
    fs::remove_dir_all(kept).unwrap();
    shelf.look(&["--no-copies"]).success();
    assert!(!shelf.copies().exists());
}

#[test]
fn nobody_takes_one_for_a_libc() {
    let shelf = Shelf::new();
    let folder = shelf.copy().parent().unwrap().to_owned();
    let options = ["--library-path".as_ref(), folder.as_os_str()];
    let outcome = Program::new(shelf.bench.program("says_getppid")).under(loader_path(), options).run();
    assert!(outcome.code() == Some(127) && outcome.stderr().contains("ABI version"), "{outcome}");
}

#[test]
fn the_command_shows_the_library_itself() {
    let shelf = Shelf::new();
    let libc = shelf.libc.to_str().unwrap();
    let program = Program::new(shelf.bench.program("says_getppid")).env("INTERCEPT_INDEX", &shelf.index);
    let traced = program.under(Built::get().intercept(), ["trace", "-k"]);
    let text = traced.env("LD_LIBRARY_PATH", shelf.libc.parent().unwrap()).run().success().stderr();
    assert!(text.contains(&format!(" > {libc}(getppid+0x")) && !text.contains(".copies"), "{text}");
    let log = shelf.bench.path("log");
    shelf.starts("says_getppid").intercepted().env("INTERCEPT_LOG", &log).run().success();
    let log = fs::read_to_string(log).unwrap();
    assert!(log.lines().any(|line| line.starts_with(libc) && line.contains(" -- write(1, ")), "{log}");
}
