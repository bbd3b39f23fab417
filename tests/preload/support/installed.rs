//! What `install.sh` makes of what Cargo has built.

use std::path::{Path, PathBuf};

use super::{Built, Program, Workbench};

/// Where the tests install to, below the folder of the test.
const PREFIX: &str = "/opt/syscall_intercept";

/// An installed tree, gone when the test is over.
#[derive(Debug)]
pub(crate) struct Installed {
    bench: Workbench,
    root: PathBuf,
    library_folder: &'static str,
}

impl Installed {
    /// Installs, with the libraries in this folder below the prefix.
    pub(crate) fn with_libraries_in(library_folder: &'static str) -> Installed {
        let bench = Workbench::new();
        let root = bench.empty_folder("root");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
        let program =
            Program::new(script).env("DESTDIR", &root).env("PREFIX", PREFIX).env("BUILT", Built::get().folder());
        program.env("LIBDIR", format!("{PREFIX}/{library_folder}")).run().success();
        Installed { bench, root, library_folder }
    }

    /// A folder to work in.
    pub(crate) fn bench(&self) -> &Workbench {
        &self.bench
    }

    /// What package managers would unpack.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The prefix, as it is found on this machine.
    pub(crate) fn prefix(&self) -> PathBuf {
        self.root.join(&PREFIX[1..])
    }

    /// The folder of the libraries.
    pub(crate) fn libraries(&self) -> PathBuf {
        self.prefix().join(self.library_folder)
    }
}
