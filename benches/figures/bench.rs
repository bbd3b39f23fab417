//! What is measured: the release build of the library, and the C programs and plugins of `benches/c`.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::way::Way;

/// The folder everything is in, and how long to measure.
#[derive(Debug)]
pub(crate) struct Bench {
    /// The built library and what is compiled, for this run alone: two runs do not get into each other's way.
    folder: tempfile::TempDir,
    /// What Cargo builds into.
    target: PathBuf,
    /// Run everything, and hardly measure.
    pub(crate) quick: bool,
}

impl Bench {
    /// Builds the library as it is installed.
    pub(crate) fn new(quick: bool) -> Bench {
        // TARGET/PROFILE/deps/figures-0123456789abcdef
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let build = |what: [&str; 3]| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--release", "--locked"]).args(what);
            cargo.arg("--target-dir").arg(&target).current_dir(root());
            assert!(cargo.status().unwrap().success(), "{cargo:?} failed");
        };
        build(["--lib", "--package", "syscall_intercept"]);
        build(["--bins", "--package", "intercept"]);

        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libsyscall_intercept.so");
        fs::copy(target.join("release/libsyscall_intercept.so"), &library).unwrap();
        std::os::unix::fs::symlink(&library, folder.path().join("libsyscall_intercept.so.0")).unwrap();
        let bench = Bench { folder, target, quick };
        bench.index("libsyscall_intercept.index", &[]);
        bench
    }

    /// How often to do something: a run that only shows that everything works does it less often.
    pub(crate) fn rounds(&self, usual: usize, quick: usize) -> usize {
        if self.quick { quick } else { usual }
    }

    /// `libsyscall_intercept.so`
    pub(crate) fn library(&self) -> PathBuf {
        self.path("libsyscall_intercept.so")
    }

    /// The command.
    pub(crate) fn intercept(&self) -> PathBuf {
        self.target.join("release/intercept")
    }

    /// An index of some libraries, or of the libc of this machine. Under the library's own name it is there for all that is
    /// measured, as `install.sh` leaves it.
    pub(crate) fn index(&self, name: &str, libraries: &[&Path]) -> PathBuf {
        let path = self.path(name);
        let mut command = Command::new(self.intercept());
        command.arg("index").arg("-o").arg(&path).args(libraries).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{command:?} failed");
        path
    }

    /// The folder for what is there to stay, on the disk that the target folder is on.
    pub(crate) fn results(&self) -> PathBuf {
        let results = self.target.join("bench");
        fs::create_dir_all(&results).unwrap();
        results
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An empty folder in the folder.
    pub(crate) fn new_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir(&path).unwrap();
        path
    }

    /// A program of `benches/c`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.compile("cc", &format!("{name}.c"), name, ["-pthread"])
    }

    /// A program of `benches/c` for musl, where there is a compiler for it.
    pub(crate) fn musl_program(&self, name: &str) -> Result<PathBuf, String> {
        needed("musl-gcc", "musl-tools")?;
        Ok(self.compile("musl-gcc", &format!("{name}.c"), &format!("musl_{name}"), [""; 0]))
    }

    /// With a plugin, as `intercept run` loads it: the library is named, too, so that the loader need not look for it.
    pub(crate) fn with_plugin(&self, name: &str) -> Way {
        Way::with(self.library()).and(self.plugin(name))
    }

    /// A plugin of `benches/c`, which brings the library with it.
    fn plugin(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().display();
        let link = [format!("-L{folder}"), format!("-Wl,-rpath,{folder}")];
        let flags = ["-shared", "-fpic", "-Wl,--no-as-needed", &link[0], &link[1], "-lsyscall_intercept"];
        self.compile("cc", &format!("{name}.c"), &format!("{name}.so"), flags)
    }

    /// A library of `benches/c` that has nothing to do with ours. With `EMULATE` defined, yardsticks answer the call.
    pub(crate) fn yardstick(&self, name: &str, emulate: bool) -> PathBuf {
        let output = if emulate { format!("{name}_emulating.so") } else { format!("{name}.so") };
        let emulate = if emulate { "-DEMULATE" } else { "-UEMULATE" };
        self.compile("cc", &format!("{name}.c"), &output, ["-shared", "-fpic", emulate])
    }

    /// With the least that a library of this kind does at start, and an empty plugin.
    pub(crate) fn with_bare_start(&self) -> Way {
        Way::with(self.yardstick("bare_start", false)).and(self.yardstick("empty", false))
    }

    /// `benches/c/fixed_input.S`, under a name that makes it a libc for the library.
    pub(crate) fn fixed_input(&self) -> PathBuf {
        self.compile("cc", "fixed_input.S", "libc-fixed_input.so", ["-shared", "-nostdlib"])
    }

    /// The same, with so many groups of functions in it and so many functions more.
    pub(crate) fn made_input(&self, groups: usize, more: usize) -> PathBuf {
        let sizes = [format!("-DGROUPS={groups}"), format!("-DMORE={more}")];
        let output = format!("libc-made_{groups}_{more}.so");
        self.compile("cc", "fixed_input.S", &output, ["-shared", "-nostdlib", &sizes[0], &sizes[1]])
    }

    /// A folder in memory, where the machine has one: a disk is slow enough to hide everything else.
    pub(crate) fn folder_in_memory(&self) -> tempfile::TempDir {
        let in_memory = tempfile::tempdir_in("/dev/shm");
        in_memory.or_else(|_| tempfile::tempdir_in(self.folder.path())).unwrap()
    }

    fn compile<'a>(
        &self,
        compiler: &str,
        source: &str,
        output: &str,
        flags: impl IntoIterator<Item = &'a str>,
    ) -> PathBuf {
        let path = self.path(output);
        if path.exists() {
            return path;
        }
        let mut command = Command::new(compiler);
        command.args(["-O2", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I"]).arg(root().join("include"));
        command.arg(root().join("benches/c").join(source)).arg("-o").arg(&path).args(flags);
        let status = command.status().unwrap_or_else(|error| panic!("{compiler}: {error}; apt-get install gcc"));
        assert!(status.success(), "{command:?} failed");
        path
    }
}

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Where a program is that the project does not contain. A script that looks for the program and runs it would be measured with
/// it, so that is the second choice.
fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian's users do not have the servers in their path.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let files: Vec<PathBuf> = folders.map(|folder| folder.join(name)).filter(|file| file.is_file()).collect();
    files.iter().find(|file| is_elf(file)).or(files.first()).cloned()
}

fn is_elf(file: &Path) -> bool {
    let mut magic = [0; 4];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"\x7fELF"
}

/// Where it is, or what a row says that cannot be measured without it.
pub(crate) fn needed(name: &str, package: &str) -> Result<PathBuf, String> {
    which(name).ok_or_else(|| format!("{name} is not installed: apt-get install {package}"))
}

/// A path as text: they are all made by this program.
pub(crate) fn text(path: &(impl AsRef<OsStr> + ?Sized)) -> &str {
    path.as_ref().to_str().unwrap()
}

/// What kind of file system something is on.
pub(crate) fn file_system(path: &Path) -> String {
    let output = Command::new("stat").args(["-f", "-c", "%T"]).arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
