//! The environment variables, read once by the constructor.
#![allow(unsafe_code, reason = "asks libc for the auxiliary vector")]

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::sys::environment;

/// How all names begin.
const PREFIX: &str = "INTERCEPT";

/// What the environment asks for. The README's table says what each variable means.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// `INTERCEPT_ALL_OBJS`
    pub(crate) all_objects: bool,
    /// `INTERCEPT_DEBUG_DUMP`
    pub(crate) dump: bool,
    /// `INTERCEPT_TIMES`: say where the constructor's time went.
    pub(crate) times: bool,
    /// `INTERCEPT_INDEX`: what is known of libraries beforehand. Otherwise the file is beside the library.
    pub(crate) index: Option<OsString>,
    /// `INTERCEPT_MAGIC_LOG`
    pub(crate) magic_log: bool,
    /// `INTERCEPT_LOG`
    pub(crate) log: Option<OsString>,
    /// `INTERCEPT_LOG_TRUNC`
    pub(crate) log_append: bool,
    /// `INTERCEPT_ONLY`: the calls that hooks may see.
    pub(crate) only: Option<OsString>,
    /// `INTERCEPT_ON_FAULT`: what becomes of hooks that fault, whatever they were added with.
    pub(crate) on_fault: Option<OsString>,
    /// `INTERCEPT_INJECT`: what happens to calls.
    pub(crate) inject: Option<OsString>,
    /// `INTERCEPT_TRACE`: as `INTERCEPT_LOG`, with one line a call.
    pub(crate) trace: Option<OsString>,
    /// `INTERCEPT_STAT`: where to count calls, for `intercept stat`.
    pub(crate) stat: Option<OsString>,
    /// `INTERCEPT_TRACE_PARENT`: the process whose child is the first of a trace; lines of the others carry their ids.
    pub(crate) trace_parent: Option<u32>,
    /// `INTERCEPT_TRACE_OPTIONS`: what of it is shown, and how.
    pub(crate) trace_options: Option<OsString>,
    /// `INTERCEPT_FILES`: which files the paths in these variables stand for; see [`crate::handed_down`].
    pub(crate) files: Option<OsString>,
    /// `INTERCEPT_EVENTS`: shared memory of the `intercept` command for events; see [`crate::ring`].
    pub(crate) events: Option<OsString>,
    /// `INTERCEPT_KEEP`: programs that are started are intercepted whatever their environment; see [`crate::keep`].
    pub(crate) keep: Option<OsString>,
}

impl Config {
    /// Reads the environment.
    ///
    /// In a program that runs with more rights than its user (`AT_SECURE`: setuid and the like) nothing is read: a log file
    /// named by the user would be written with the program's rights.
    pub(crate) fn from_env() -> Config {
        if is_privileged() {
            return Config::default();
        }
        // Most programs are asked nothing: that is seen faster than each of these names is looked for.
        if !environment::has_any(PREFIX) {
            return Config::default();
        }
        let text = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let starts_with =
            |name: &str, byte: u8| text(name).is_some_and(|value| value.as_bytes().first() == Some(&byte));
        Config {
            all_objects: std::env::var_os("INTERCEPT_ALL_OBJS").is_some(),
            dump: std::env::var_os("INTERCEPT_DEBUG_DUMP").is_some(),
            times: starts_with("INTERCEPT_TIMES", b'1'),
            index: text("INTERCEPT_INDEX"),
            magic_log: starts_with("INTERCEPT_MAGIC_LOG", b'1'),
            log: text("INTERCEPT_LOG"),
            log_append: starts_with("INTERCEPT_LOG_TRUNC", b'0'),
            only: text("INTERCEPT_ONLY"),
            on_fault: text("INTERCEPT_ON_FAULT"),
            inject: text("INTERCEPT_INJECT"),
            trace: text("INTERCEPT_TRACE"),
            trace_options: text("INTERCEPT_TRACE_OPTIONS"),
            stat: text("INTERCEPT_STAT"),
            trace_parent: text("INTERCEPT_TRACE_PARENT").and_then(|pid| pid.to_str()?.parse().ok()),
            events: text("INTERCEPT_EVENTS"),
            files: text("INTERCEPT_FILES"),
            keep: text("INTERCEPT_KEEP"),
        }
    }
}

/// `INTERCEPT_STRICT`. To be asked where there may be no memory.
pub(crate) fn is_strict() -> bool {
    !is_privileged() && environment::value("INTERCEPT_STRICT").is_some_and(|value| value.starts_with(b"1"))
}

/// Whether a program that was called by this name is to be intercepted: `INTERCEPT_HOOK_CMDLINE_FILTER`, if there is one, equals it or
/// its last component. To be asked where there may be no memory.
pub(crate) fn allows(argv0: &[u8]) -> bool {
    is_privileged() || environment::value("INTERCEPT_HOOK_CMDLINE_FILTER").is_none_or(|filter| names(filter, argv0))
}

fn names(filter: &[u8], argv0: &[u8]) -> bool {
    let last = argv0.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    filter == argv0 || filter == last
}

/// Whether the program runs with more rights than its user.
fn is_privileged() -> bool {
    // SAFETY: reads the auxiliary vector.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_the_whole_name_or_its_last_component() {
        let names = |filter: &str, argv0: &str| names(filter.as_bytes(), argv0.as_bytes());
        assert!(names("ls", "ls") && names("ls", "/bin/ls") && names("/bin/ls", "/bin/ls"));
        assert!(!names("ls", "/bin/lsblk") && !names("bin/ls", "/bin/ls") && !names("ls", "/bin/ls/"));
        assert!(!names("", "ls"), "an empty filter names no program");
    }
}
