//! A folder for one test, in which it compiles and runs what it needs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{Built, Program};

/// The folder, with the shared library under the names that linker and loader look for. Gone when the test is over.
#[derive(Debug)]
pub(crate) struct Workbench {
    folder: tempfile::TempDir,
}

/// A file of `tests/c` or an example, and how to compile it.
#[derive(Debug)]
pub(crate) struct Source {
    compiler: &'static str,
    language: &'static str,
    path: PathBuf,
    flags: Vec<String>,
}

impl Workbench {
    /// An empty one.
    pub(crate) fn new() -> Workbench {
        let folder = tempfile::tempdir().unwrap();
        for name in ["libsyscall_intercept.so", "libsyscall_intercept.so.0"] {
            symlink(Built::get().shared_library(), folder.path().join(name)).unwrap();
        }
        Workbench { folder }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and answers its path.
    pub(crate) fn file(&self, name: &str, contents: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, contents).unwrap();
        path
    }

    /// An empty folder in the folder, emptied if it is there: the same path for each of several runs.
    pub(crate) fn empty_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir(&path).unwrap();
        path
    }

    /// Compiles an ordinary program, which knows nothing of the library.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        Source::test(&format!("{name}.c")).flags(&["-pthread"]).compile(&self.path(name))
    }

    /// Compiles a program that is linked with the shared library.
    pub(crate) fn linked_program(&self, name: &str) -> PathBuf {
        Source::test(&format!("{name}.c")).flags(&["-pthread"]).linked(self.folder()).compile(&self.path(name))
    }

    /// Compiles a plugin in C.
    pub(crate) fn plugin(&self, name: &str) -> PathBuf {
        Source::test(&format!("{name}.c")).shared().linked(self.folder()).compile(&self.path(&format!("{name}.so")))
    }

    /// Compiles and runs a program that checks itself: it hooks its own calls and stops at the first thing that is wrong.
    #[track_caller]
    pub(crate) fn holds(&self, name: &str) {
        let outcome = Program::new(self.linked_program(name)).run();
        assert!(outcome.code() == Some(0) && outcome.stderr().is_empty(), "{name}: {outcome}");
    }
}

impl Source {
    /// A file in `tests/c`.
    pub(crate) fn test(name: &str) -> Source {
        Source::at(Path::new("tests/c").join(name))
    }

    /// A file in `examples/c`.
    pub(crate) fn example(name: &str) -> Source {
        Source::at(Path::new("examples/c").join(name))
    }

    fn at(path: PathBuf) -> Source {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let include = format!("-I{}", root.join("include").display());
        let flags = ["-g", "-O1", "-Wall", "-Wextra", "-Werror", &include].map(str::to_owned).to_vec();
        Source { compiler: "gcc", language: "c", path: root.join(path), flags }
    }

    /// Another compiler than gcc, and the language it is to take the file for.
    pub(crate) fn compiler(mut self, compiler: &'static str, language: &'static str) -> Source {
        (self.compiler, self.language) = (compiler, language);
        self
    }

    /// More options.
    pub(crate) fn flags(mut self, flags: &[&str]) -> Source {
        self.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// As a shared library.
    pub(crate) fn shared(self) -> Source {
        self.flags(&["-fpic", "-shared"])
    }

    /// With the `libsyscall_intercept.so` in a folder, which will be found there at run time too.
    pub(crate) fn linked(mut self, folder: &Path) -> Source {
        let folder = folder.display();
        // Distributions differ in whether the linker drops libraries that nothing refers to.
        self.flags.extend([format!("-L{folder}"), format!("-Wl,-rpath,{folder}"), "-Wl,--no-as-needed".to_owned()]);
        self.flags(&["-lsyscall_intercept"])
    }

    /// Compiles it.
    #[track_caller]
    pub(crate) fn compile(self, output: &Path) -> PathBuf {
        // Libraries come behind what needs them.
        let compiler = Program::new(self.compiler).args(["-x", self.language]).args([&self.path]).args(["-x", "none"]);
        let outcome = compiler.args(self.flags).args(["-o".as_ref(), output.as_os_str()]).run();
        assert!(outcome.code() == Some(0), "{}: {outcome}", self.path.display());
        output.to_owned()
    }
}
