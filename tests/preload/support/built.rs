//! What Cargo builds: the library as a shared and as a static one, the plugins in Rust, the `intercept` command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The packages whose products the tests run.
const PACKAGES: [&str; 5] = ["syscall_intercept", "intercept", "no-directories", "open-redirect", "test-plugin"];

/// The files, in the profile and the target folder of the test that asks.
#[derive(Debug)]
pub(crate) struct Built {
    folder: PathBuf,
}

impl Built {
    /// Builds everything, once a run and before the first test uses any of it: `cargo test` builds neither plugins nor
    /// commands of other packages, and building them later might replace the library under a running test.
    pub(crate) fn get() -> &'static Built {
        static BUILT: OnceLock<Built> = OnceLock::new();
        BUILT.get_or_init(Built::build)
    }

    fn build() -> Built {
        // TARGET/PROFILE/deps/preload-0123456789abcdef
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).unwrap().to_owned();
        let target = folder.parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            name => name,
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--lib", "--bins", "--profile", profile]).arg("--target-dir").arg(target);
        cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
        let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(status.success(), "{cargo:?} failed");
        Built { folder }
    }

    /// `libsyscall_intercept.so`
    pub(crate) fn shared_library(&self) -> PathBuf {
        self.file("libsyscall_intercept.so")
    }

    /// `libsyscall_intercept.a`
    pub(crate) fn static_library(&self) -> PathBuf {
        self.file("libsyscall_intercept.a")
    }

    /// The Rust plugin that makes reading directories fail.
    pub(crate) fn no_directories(&self) -> PathBuf {
        self.file("libno_directories.so")
    }

    /// The Rust plugin that opens another file than the program asked for.
    pub(crate) fn open_redirect(&self) -> PathBuf {
        self.file("libopen_redirect.so")
    }

    /// The Rust plugin of `tests/plugin`.
    pub(crate) fn test_plugin(&self) -> PathBuf {
        self.file("libtest_plugin.so")
    }

    /// The command.
    pub(crate) fn intercept(&self) -> PathBuf {
        self.file("intercept")
    }

    /// An index of the libc of this machine, with a patched copy. Made once a run.
    pub(crate) fn index(&self) -> PathBuf {
        static INDEX: OnceLock<PathBuf> = OnceLock::new();
        let make = || {
            let path = self.folder.join("preload-tests.index");
            let status =
                Command::new(self.intercept()).arg("index").arg("-o").arg(&path).stdout(Stdio::null()).status();
            assert!(status.unwrap().success(), "there is no index");
            path
        };
        INDEX.get_or_init(make).clone()
    }

    /// Where all of it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        assert!(Path::exists(&path), "{} was not built", path.display());
        path
    }
}
