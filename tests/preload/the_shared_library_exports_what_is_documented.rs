//! What linkers and loaders read in the shared library and in plugins.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{Built, Program};

const SONAME: &str = "Library soname: [libsyscall_intercept.so.0]";

fn output(tool: &str, options: &[&str], file: &Path) -> String {
    Program::new(tool).args(options).args([file]).run().success().stdout()
}

#[test]
fn the_soname_is_that_of_the_original() {
    assert!(output("readelf", &["-dW"], &Built::get().shared_library()).contains(SONAME));
}

#[test]
fn a_plugin_has_not_the_soname_of_the_library() {
    for plugin in [Built::get().no_directories(), Built::get().open_redirect()] {
        let dynamic = output("readelf", &["-dW"], &plugin);
        assert!(!dynamic.contains("Library soname: [libsyscall_intercept"), "{dynamic}");
    }
}

#[test]
fn the_exported_symbols_are_the_documented_ones_and_have_no_version() {
    let symbols = output("nm", &["-D", "--defined-only"], &Built::get().shared_library());
    let exported: BTreeSet<&str> = symbols.lines().filter_map(|line| line.split(' ').next_back()).collect();
    let documented = [
        "intercept_add_hook",
        "intercept_add_hook_for",
        "intercept_add_hooks",
        "intercept_add_shielded_hooks",
        "intercept_disable",
        "intercept_enable",
        "intercept_hook_point",
        "intercept_hook_point_clone_child",
        "intercept_hook_point_clone_parent",
        "intercept_hook_point_post_kernel",
        "intercept_remove_hooks",
        "intercept_sites",
        "intercept_subscribe",
        "intercept_version",
        "syscall_hook_in_process_allowed",
        "syscall_no_intercept",
    ];
    assert_eq!(exported, BTreeSet::from(documented));
}

#[test]
fn no_stack_becomes_executable() {
    for object in [Built::get().shared_library(), Built::get().no_directories()] {
        let headers = output("readelf", &["-lW"], &object);
        let stack =
            headers.lines().find(|line| line.contains("GNU_STACK")).expect("without the header it is executable");
        assert!(stack.contains(" RW ") && !stack.contains(" RWE "), "{stack}");
    }
}

/// Debian 11 has glibc 2.31; compat/libc.c brings what it lacks.
#[test]
fn nothing_is_needed_that_came_after_glibc_2_31() {
    let symbols = output("nm", &["-D", "--undefined-only"], &Built::get().shared_library());
    let versions = symbols.lines().filter_map(|line| line.split_once("@GLIBC_2."));
    let minor = |version: &str| version.split('.').next().and_then(|minor| minor.parse::<u32>().ok()).unwrap();
    let newer: Vec<&str> = versions.clone().filter(|(_, version)| minor(version) > 31).map(|(name, _)| name).collect();
    assert!(versions.count() > 10 && newer.is_empty(), "{newer:?}");
}
