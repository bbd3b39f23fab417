//! Opens another file than the program asked for: each `openat` of `$REDIRECT_FROM` opens `$REDIRECT_TO`.
//!
//! ```text
//! cargo build --release -p open-redirect
//! REDIRECT_FROM=/etc/hostname REDIRECT_TO=/etc/os-release LD_PRELOAD=target/release/libopen_redirect.so cat /etc/hostname
//! ```

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt as _;
use std::sync::OnceLock;

use syscall_intercept::{Action, Syscall, Sysno, plugin};

plugin!(hook, only: [Sysno::openat]);

/// The path to watch for and the one to open instead.
fn redirection() -> Option<&'static (CString, CString)> {
    static REDIRECTION: OnceLock<Option<(CString, CString)>> = OnceLock::new();
    let path = |name| CString::new(std::env::var_os(name)?.into_vec()).ok();
    REDIRECTION.get_or_init(|| Some((path("REDIRECT_FROM")?, path("REDIRECT_TO")?))).as_ref()
}

fn hook(call: &Syscall) -> Action {
    let [_, path, ..] = call.args();
    if path == 0 {
        return Action::Forward;
    }
    // SAFETY: a program that passes an address that is no string crashes here instead of getting EFAULT: good enough for an
    // example.
    let path = unsafe { CStr::from_ptr(path as *const _) };
    match redirection() {
        Some((from, to)) if path == from.as_c_str() => {
            // SAFETY: the same call with another path, which lives for ever.
            Action::Return(unsafe { call.with_arg(1, to.as_ptr() as i64).call() })
        }
        _ => Action::Forward,
    }
}
