//! The machine the tests run on.

use std::fs;
use std::path::PathBuf;

/// The file of the libc that this process and every program it starts runs on.
pub(crate) fn libc_path() -> PathBuf {
    mapped("/libc.so.6")
}

/// The file of the dynamic loader.
pub(crate) fn loader_path() -> PathBuf {
    mapped("/ld-linux-x86-64.so.2")
}

/// The file mapped here whose path ends like this.
fn mapped(end: &str) -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut files = maps.lines().filter_map(|line| line.split_ascii_whitespace().nth(5));
    files.find(|file| file.ends_with(end)).expect("the tests run on glibc").into()
}

/// How often to do something that shows more the more often it is done: a few times in the usual run, so that it stays short,
/// and all the times with `INTERCEPT_TEST_ROUNDS=full` in the environment.
pub(crate) fn rounds(usual: u64, full: u64) -> u64 {
    let asked = std::env::var_os("INTERCEPT_TEST_ROUNDS");
    if asked.is_some_and(|asked| asked == "full") { full } else { usual }
}
