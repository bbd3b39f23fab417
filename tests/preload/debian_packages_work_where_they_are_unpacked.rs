//! `packaging/debian`: dpkg takes the packages into an empty root, and what they bring works there.

use std::path::{Path, PathBuf};

use crate::support::{Built, Outcome, Program, Workbench};

const PACKAGES: [&str; 3] = ["libsyscall-intercept0", "libsyscall-intercept-dev", "syscall-intercept-tools"];
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// Makes the packages on a workbench. They are not compressed, which would take longer than all the rest.
fn packages(bench: &Workbench) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/debian");
    let folder = bench.empty_folder("packages");
    let program = Program::new(script).args([&folder]).args(["-Znone"]).env("BUILT", Built::get().folder());
    program.env("MAINTAINER", "Nobody <nobody@example.org>").run().success();
    folder
}

fn file(folder: &Path, package: &str) -> PathBuf {
    folder.join(format!("{package}_{}_amd64.deb", env!("CARGO_PKG_VERSION")))
}

/// Installs packages in a root with nothing else in it, so without the libc they depend on.
fn install(root: &Path, files: &[PathBuf]) -> Outcome {
    std::fs::create_dir_all(root.join("var/lib/dpkg/info")).unwrap();
    std::fs::create_dir_all(root.join("var/lib/dpkg/updates")).unwrap();
    std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let foreign =
        ["--ignore-depends=libc6,libc6-dev,libgcc-s1", "--force-not-root", "--force-bad-path", "--log=/dev/null"];
    // There is no shell in there.
    let script = "--force-script-chrootless";
    let root = format!("--root={}", root.display());
    Program::new("dpkg").args([&root]).args(foreign).args([script, "--install"]).args(files).run()
}

#[test]
fn they_are_taken_together_and_work() {
    let bench = Workbench::new();
    let folder = packages(&bench);
    let root = bench.empty_folder("root");
    install(&root, &PACKAGES.map(|package| file(&folder, package))).success();
    let index = root.join(LIBRARIES).join("libsyscall_intercept.index");
    assert!(index.exists());

    let outcome = Program::new(root.join("usr/bin/intercept")).args(["trace", "cat", "/dev/null"]).run().success();
    assert!(outcome.stderr().contains("openat(AT_FDCWD, \"/dev/null\""), "{outcome}");

    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/hooks_itself.c");
    for (name, program) in [("libsyscall_intercept", "shared"), ("libsyscall_intercept-static", "static")] {
        let script = format!("set -eu; cc {} $(pkg-config --cflags --libs {name}) -o {program}", source.display());
        let compile = Program::script(&script).folder(bench.folder()).env("PKG_CONFIG_SYSROOT_DIR", &root);
        // Folders that compilers look into by themselves are left out, and this root is not the compiler's.
        let compile = compile.env("PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "1").env("PKG_CONFIG_ALLOW_SYSTEM_LIBS", "1");
        compile.env("PKG_CONFIG_LIBDIR", root.join(LIBRARIES).join("pkgconfig")).run().success();
        let program = Program::new(bench.path(program)).env("LD_LIBRARY_PATH", root.join(LIBRARIES));
        assert_eq!(program.run().success().stdout(), "getppid intercepted, fork intercepted, allowed 1\n");
    }
    let page = root.join("usr/share/man/man3/syscall_error_code.3.gz");
    let page = Program::new("mandoc").args(["-Tascii"]).args([page]).run().success();
    assert!(page.stdout().contains("SYSCALL_NO_INTERCEPT(3)"), "{page}");
}

#[test]
fn the_command_comes_with_its_manual_pages_and_completions() {
    let bench = Workbench::new();
    let folder = packages(&bench);
    let root = bench.empty_folder("unpacked");
    let package = file(&folder, "syscall-intercept-tools");
    Program::new("dpkg-deb").args(["--extract"]).args([&package, &root]).run().success();
    let share = root.join("usr/share");
    for (name, title) in [("intercept", "intercept(1)"), ("intercept-trace", "intercept-trace(1)")] {
        let page = share.join(format!("man/man1/{name}.1.gz"));
        let page = Program::new("mandoc").args(["-Tascii"]).args([page]).run().success();
        assert!(page.stdout().contains(title), "{page}");
    }
    for script in [
        "bash-completion/completions/intercept",
        "fish/vendor_completions.d/intercept.fish",
        "zsh/vendor-completions/_intercept",
    ] {
        let text = std::fs::read_to_string(share.join(script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert!(text.contains("completions") && text.contains("doctor"), "{script}");
    }
}

#[test]
fn they_say_what_they_need() {
    let bench = Workbench::new();
    let folder = packages(&bench);
    for package in &PACKAGES[1..] {
        let outcome = install(&bench.empty_folder("root"), &[file(&folder, package)]);
        let missing = format!("{package} depends on libsyscall-intercept0 (= {})", env!("CARGO_PKG_VERSION"));
        assert!(outcome.code() == Some(1) && outcome.stderr().contains(&missing), "{outcome}");
    }
    let depends = Program::new("dpkg-deb").args(["-f"]).args([file(&folder, PACKAGES[0])]).args(["Depends"]);
    let depends = depends.run().success().stdout();
    let minor = depends.trim_end().strip_prefix("libc6 (>= 2.").and_then(|rest| rest.strip_suffix(')'));
    assert!(minor.and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor <= 31), "{depends}");
}
