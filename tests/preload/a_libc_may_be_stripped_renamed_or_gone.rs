//! Libcs as nobody ships them, and libcs whose file is not there any more: what is in memory counts.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Outcome, Program, Source, Unnoticed, Workbench, libc_path, loader_path};

/// A folder with a libc of its own for the programs that are started with it.
struct Shelf {
    bench: Workbench,
    libc: PathBuf,
}

impl Shelf {
    /// The libc of this machine under a name.
    fn new(name: &str) -> Shelf {
        let bench = Workbench::new();
        let libc = bench.empty_folder("libs").join(name);
        let shelf = Shelf { bench, libc };
        shelf.refill();
        shelf
    }

    /// Puts the libc of this machine there, again.
    fn refill(&self) {
        if self.libc.exists() {
            fs::remove_file(&self.libc).unwrap();
        }
        fs::copy(libc_path(), &self.libc).unwrap();
    }

    /// Changes the libc with a tool.
    fn change(&self, tool: &str, options: &[&str]) {
        Program::new(tool).args(options.iter().copied()).args([&self.libc]).run().success();
    }

    /// A program that the dynamic loader starts with the libc of the folder.
    fn starts(&self, program: &Path) -> Program {
        let folder = self.libc.parent().unwrap();
        let options = ["--library-path".as_ref(), folder.as_os_str(), program.as_os_str()];
        Program::new(loader_path()).args(options)
    }

    /// What a program says about who answers it; first bare, where nobody does.
    fn says(&self) -> Outcome {
        self.asks(&self.bench.program("says_getppid"))
    }

    fn asks(&self, program: &Path) -> Outcome {
        let program = self.starts(program);
        assert_eq!(program.run().success().stdout(), "libc bare, own bare, allowed -1\n");
        program.preload([self.bench.plugin("answers_getppid")]).run().success()
    }

    /// Calls, threads, forks and libraries do what they do, whoever looks.
    fn works(&self) {
        let library = self.library();
        let program = self.starts(&self.bench.program("outlives_its_libc"));
        Unnoticed::at(Workbench::new(), program).does(&["-", library.to_str().unwrap()]);
    }

    /// A library that a program may open.
    fn library(&self) -> PathBuf {
        Source::test("asks_getppid.c").shared().compile(&self.bench.path("asks_getppid.so"))
    }
}

#[track_caller]
fn is_intercepted(outcome: &Outcome) {
    let said = (outcome.stdout(), outcome.stderr());
    assert_eq!((said.0.as_str(), said.1.as_str()), ("libc intercepted, own bare, allowed 1\n", ""));
}

#[test]
fn a_libc_without_symbols_but_those_of_the_loader() {
    let shelf = Shelf::new("libc.so.6");
    shelf.change("strip", &["--strip-all"]);
    is_intercepted(&shelf.says());
    shelf.works();
}

#[test]
fn a_libc_without_unwind_table() {
    let shelf = Shelf::new("libc.so.6");
    shelf.change("objcopy", &["--remove-section", ".eh_frame", "--remove-section", ".eh_frame_hdr"]);
    is_intercepted(&shelf.says());
    shelf.works();
}

#[test]
fn a_libc_behind_a_link() {
    let shelf = Shelf::new("libx.so.6");
    symlink("libx.so.6", shelf.libc.with_file_name("libc.so.6")).unwrap();
    is_intercepted(&shelf.says());
    shelf.works();
}

#[test]
fn a_libc_in_a_file_of_another_name_is_known_by_the_name_it_says_it_has() {
    let shelf = Shelf::new("libx.so.6");
    // A program that needs a library of that name, and with it its versions of symbols.
    let program = shelf.bench.program("says_getppid");
    let mut bytes = fs::read(&program).unwrap();
    let name = b"\0libc.so.6\0";
    let places: Vec<usize> = (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|&at| bytes[at + 4] = b'x');
    fs::write(&program, bytes).unwrap();
    is_intercepted(&shelf.asks(&program));
}

/// A program whose libc is replaced by something that is none, in every way of looking.
#[track_caller]
fn goes_on(shelf: &Shelf, before_start: bool) {
    let library = shelf.library();
    let plugin = Source::test("replaces_libc.c").shared().compile(&shelf.bench.path("replaces_libc.so"));
    let program = shelf.starts(&shelf.bench.program("outlives_its_libc"));
    let replaced = if before_start { Path::new("-") } else { shelf.libc.as_path() };
    let [replaced, library] = [replaced, &library].map(|path| path.to_str().unwrap());
    let outcome = Unnoticed::at(Workbench::new(), program).compare(&[replaced, library], |program| {
        shelf.refill();
        let program = program.clone().env("REPLACE", &shelf.libc);
        // The constructors of what is loaded last run first.
        let outcome = if before_start { program.preload([&plugin]) } else { program }.run();
        assert_eq!(fs::read(&shelf.libc).unwrap(), b"no libc\n", "{outcome}");
        outcome
    });
    assert!(
        outcome.code() == Some(0) && outcome.stderr().is_empty() && outcome.stdout() == "it went on\n",
        "{outcome}"
    );
}

#[test]
fn a_libc_whose_file_is_replaced_while_the_program_runs() {
    goes_on(&Shelf::new("libc.so.6"), false);
}

#[test]
fn a_libc_whose_file_is_replaced_before_the_library_looks_at_it() {
    let shelf = Shelf::new("libc.so.6");
    goes_on(&shelf, true);
    // And it is intercepted: the file is not needed.
    shelf.refill();
    let plugin = Source::test("replaces_libc.c").shared().compile(&shelf.bench.path("replaces_libc.so"));
    let plugins = [shelf.bench.plugin("answers_getppid"), plugin];
    let program = shelf.starts(&shelf.bench.program("says_getppid")).preload(plugins).env("REPLACE", &shelf.libc);
    is_intercepted(&program.run().success());
}

#[test]
fn an_object_without_unwind_table_and_without_symbols() {
    let bench = Workbench::new();
    let flags = ["-fno-asynchronous-unwind-tables", "-Wl,--no-eh-frame-hdr", "-s"];
    let program = Source::test("says_getppid.c").flags(&flags).compile(&bench.path("says_getppid"));
    let described = Program::new("readelf").args(["-lSW".as_ref(), program.as_os_str()]).run().success().stdout();
    assert!(!described.contains("EH_FRAME") && !described.contains(".symtab"), "{described}");
    let program = Program::new(program).preload([bench.plugin("answers_getppid")]).env("INTERCEPT_ALL_OBJS", "1");
    let outcome = program.run().success();
    let said = (outcome.stdout(), outcome.stderr());
    assert_eq!((said.0.as_str(), said.1.as_str()), ("libc intercepted, own intercepted, allowed 1\n", ""));
}
