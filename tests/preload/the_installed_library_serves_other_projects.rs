//! `install.sh`: what it puts where, and projects that know the installed files alone and are built with pkg-config or CMake.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Built, Installed, Program, Workbench};

/// Where distributions have their libraries.
const LIBRARY_FOLDERS: [&str; 3] = ["lib", "lib64", "lib/x86_64-linux-gnu"];

const SEES_ITSELF: &str = "getppid intercepted, fork intercepted, allowed 1\n";

/// Copies a plugin and a program that is its own plugin to the workbench, out of reach of this project's headers.
fn sources(installed: &Installed) {
    for source in ["examples/c/no_directories.c", "tests/c/hooks_itself.c"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        std::fs::copy(&source, installed.bench().path(source.file_name().unwrap().to_str().unwrap())).unwrap();
    }
}

/// Runs a script on the workbench, with pkg-config knowing the installed tree alone.
#[track_caller]
fn with_pkg_config(installed: &Installed, script: &str) -> String {
    let program = Program::script(&format!("set -eu; {script}")).folder(installed.bench().folder());
    let program = program.env("PKG_CONFIG_LIBDIR", installed.libraries().join("pkgconfig"));
    program.env("PKG_CONFIG_SYSROOT_DIR", installed.root()).run().success().stdout()
}

/// The plugin makes reading directories fail.
#[track_caller]
fn hides_directories(plugin: &Path, installed: &Installed) {
    let outcome = Program::new("ls").args(["/"]).preload([plugin]).env("LD_LIBRARY_PATH", installed.libraries()).run();
    assert!(outcome.code() == Some(2) && outcome.stderr().contains("Operation not supported"), "{outcome}");
}

/// The names of the shared libraries a file asks for.
fn needed(file: &Path) -> String {
    let dynamic = Program::new("readelf").args(["-dW"]).args([file]).run().success().stdout();
    dynamic.lines().filter(|line| line.contains("(NEEDED)")).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_file_is_where_it_is_looked_for() {
    let installed = Installed::with_libraries_in("lib/x86_64-linux-gnu");
    let list = Program::new("find").args([".", "!", "-type", "d", "-printf", "%m %P %l\n"]).folder(installed.prefix());
    let list = list.run().success().stdout();
    let found: BTreeSet<&str> = list.lines().map(str::trim_end).filter(|line| !line.contains(" share/man/")).collect();
    let version = env!("CARGO_PKG_VERSION");
    let library = format!("libsyscall_intercept.so.{version}");
    let lib = "lib/x86_64-linux-gnu";
    let expected = [
        "755 bin/intercept".to_owned(),
        "644 include/libsyscall_intercept_hook_point.h".to_owned(),
        "644 include/syscall_intercept.h".to_owned(),
        format!("644 {lib}/cmake/libsyscall_intercept/libsyscall_intercept-config.cmake"),
        format!("644 {lib}/cmake/libsyscall_intercept/libsyscall_intercept-config-version.cmake"),
        format!("644 {lib}/libsyscall_intercept.a"),
        format!("777 {lib}/libsyscall_intercept.so libsyscall_intercept.so.0"),
        format!("777 {lib}/libsyscall_intercept.so.0 {library}"),
        format!("755 {lib}/{library}"),
        format!("644 {lib}/pkgconfig/libsyscall_intercept.pc"),
        format!("644 {lib}/pkgconfig/libsyscall_intercept-static.pc"),
        "644 share/bash-completion/completions/intercept".to_owned(),
        "644 share/fish/vendor_completions.d/intercept.fish".to_owned(),
        "644 share/zsh/site-functions/_intercept".to_owned(),
    ];
    assert_eq!(found, expected.iter().map(String::as_str).collect());
    // No blank of a template is left.
    let text =
        Program::script(&format!("cat {lib}/pkgconfig/* {lib}/cmake/*/*")).folder(installed.prefix()).run().success();
    assert!(!text.stdout().contains('@'), "{text}");
}

#[test]
fn the_command_brings_its_manual_pages_and_completions() {
    let installed = Installed::with_libraries_in("lib");
    let (share, command) = (installed.prefix().join("share"), installed.prefix().join("bin/intercept"));
    let pages = installed.bench().empty_folder("pages");
    Program::new(&command).args(["man"]).args([&pages]).run().success();
    let pages = std::fs::read_dir(pages).unwrap().map(|page| page.unwrap().path());
    assert!(pages.map(|page| same(&page, &share.join("man/man1").join(page.file_name().unwrap()))).count() > 1);
    for (shell, file) in [
        ("bash", "bash-completion/completions/intercept"),
        ("fish", "fish/vendor_completions.d/intercept.fish"),
        ("zsh", "zsh/site-functions/_intercept"),
    ] {
        let script = Program::new(&command).args(["completions", shell]).run().success().stdout();
        assert_eq!(std::fs::read_to_string(share.join(file)).unwrap(), script, "{shell}");
    }
}

#[track_caller]
fn same(one: &Path, other: &Path) {
    let bytes = |path: &Path| std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(bytes(one) == bytes(other), "{} is another than {}", other.display(), one.display());
}

#[test]
fn nothing_is_installed_from_or_to_where_it_cannot_be() {
    let bench = Workbench::new();
    let (root, empty) = (bench.empty_folder("root"), bench.empty_folder("empty"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let install = Program::new(script).env("DESTDIR", &root).env("PREFIX", "/usr").env("BUILT", Built::get().folder());
    for (program, remedy) in [
        (install.clone().env("PREFIX", "usr"), "set PREFIX, LIBDIR and MANDIR to absolute paths"),
        (install.clone().env("LIBDIR", "lib"), "set PREFIX, LIBDIR and MANDIR to absolute paths"),
        (install.env("BUILT", &empty), "libsyscall_intercept.so is missing; build it first"),
    ] {
        let outcome = program.run();
        assert!(outcome.code() == Some(1) && outcome.stderr().contains(remedy), "{outcome}");
    }
    assert_eq!(std::fs::read_dir(root).unwrap().count(), 0);
}

#[test]
fn the_command_finds_the_library() {
    for folder in LIBRARY_FOLDERS {
        let installed = Installed::with_libraries_in(folder);
        let command = Program::new(installed.prefix().join("bin/intercept")).args(["trace", "cat", "/dev/null"]);
        let outcome = command.run().success();
        assert!(outcome.stderr().contains("openat(AT_FDCWD, \"/dev/null\""), "{folder}: {outcome}");
    }
}

#[test]
fn pkg_config_leads_to_the_shared_library() {
    let installed = Installed::with_libraries_in("lib64");
    sources(&installed);
    let flags = "$(pkg-config --cflags --libs libsyscall_intercept)";
    with_pkg_config(&installed, &format!("cc -fpic -shared no_directories.c {flags} -o plugin.so"));
    with_pkg_config(&installed, &format!("cc hooks_itself.c {flags} -o program"));
    let program = installed.bench().path("program");
    assert!(needed(&program).contains("[libsyscall_intercept.so.0]"), "{}", needed(&program));
    let outcome = Program::new(&program).env("LD_LIBRARY_PATH", installed.libraries()).run().success();
    assert_eq!(outcome.stdout(), SEES_ITSELF);
    hides_directories(&installed.bench().path("plugin.so"), &installed);
    let version =
        with_pkg_config(&installed, "pkg-config --modversion libsyscall_intercept libsyscall_intercept-static");
    assert_eq!(version, concat!(env!("CARGO_PKG_VERSION"), "\n", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn pkg_config_leads_to_the_static_library() {
    let installed = Installed::with_libraries_in("lib");
    sources(&installed);
    let program = installed.bench().path("program");
    let flags = "$(pkg-config --cflags --libs libsyscall_intercept-static)";
    with_pkg_config(&installed, &format!("cc hooks_itself.c {flags} -o program"));
    assert!(!needed(&program).contains("libsyscall_intercept"), "{}", needed(&program));
    assert_eq!(Program::new(&program).run().success().stdout(), SEES_ITSELF);
    // Where there is the static library alone, the usual name will do.
    let script = format!(
        "rm {}/*.so*; cc hooks_itself.c $(pkg-config --static --cflags --libs libsyscall_intercept) -o program",
        installed.libraries().display()
    );
    with_pkg_config(&installed, &script);
    assert!(!needed(&program).contains("libsyscall_intercept"), "{}", needed(&program));
    assert_eq!(Program::new(&program).run().success().stdout(), SEES_ITSELF);
}

const CMAKE_PROJECT: &str = "
cmake_minimum_required(VERSION 3.13)
project(outside C CXX)
find_package(libsyscall_intercept ${WANTED} CONFIG REQUIRED)
find_package(libsyscall_intercept CONFIG REQUIRED)
add_library(plugin MODULE no_directories.c)
target_link_libraries(plugin syscall_intercept::shared)
add_executable(with_shared hooks_itself.c)
target_link_libraries(with_shared syscall_intercept::shared)
add_executable(with_static hooks_itself.c)
target_link_libraries(with_static syscall_intercept::static)
configure_file(hooks_itself.c hooks_itself.cpp COPYONLY)
add_executable(in_cpp ${CMAKE_CURRENT_BINARY_DIR}/hooks_itself.cpp)
target_link_libraries(in_cpp syscall_intercept::static)
";

/// Configures the project in a folder of its own, asking for a version.
fn cmake(installed: &Installed, build: &str, wanted: &str) -> Program {
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", installed.prefix().display());
    let wanted = format!("-DWANTED={wanted}");
    Program::new("cmake").args(["-S", ".", "-B", build, &prefix, &wanted]).folder(installed.bench().folder())
}

#[test]
fn cmake_finds_both_libraries() {
    // CMake looks into lib64 only on machines that have their own libraries there.
    for folder in LIBRARY_FOLDERS.into_iter().filter(|&folder| folder != "lib64") {
        let installed = Installed::with_libraries_in(folder);
        sources(&installed);
        installed.bench().file("CMakeLists.txt", CMAKE_PROJECT);
        let bench = installed.bench();
        cmake(&installed, "built", env!("CARGO_PKG_VERSION")).run().success();
        Program::new("cmake").args(["--build", "built"]).folder(bench.folder()).run().success();
        for (program, shared) in [("with_shared", true), ("with_static", false), ("in_cpp", false)] {
            let program = bench.path("built").join(program);
            assert_eq!(Program::new(&program).run().success().stdout(), SEES_ITSELF);
            assert_eq!(needed(&program).contains("[libsyscall_intercept.so.0]"), shared, "{}", needed(&program));
        }
        hides_directories(&bench.path("built/libplugin.so"), &installed);
    }
}

#[test]
fn cmake_is_told_what_is_not_there() {
    let installed = Installed::with_libraries_in("lib");
    installed.bench().file("CMakeLists.txt", CMAKE_PROJECT);
    for newer in ["1", "0.999"] {
        let outcome = cmake(&installed, newer, newer).run();
        assert!(
            outcome.code() == Some(1) && outcome.stderr().contains("compatible with requested version"),
            "{outcome}"
        );
    }
    std::fs::remove_file(installed.libraries().join("libsyscall_intercept.a")).unwrap();
    let outcome = cmake(&installed, "incomplete", "0").run();
    assert!(outcome.code() == Some(1) && outcome.stderr().contains("is missing in"), "{outcome}");
}
