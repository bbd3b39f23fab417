//! Opens another file than the program asked for: each `openat` of `$REDIRECT_FROM` opens `$REDIRECT_TO`.
//!
//! ```text
//! cargo build --release -p open-redirect
//! REDIRECT_FROM=/etc/hostname REDIRECT_TO=/etc/os-release LD_PRELOAD=target/release/libopen_redirect.so cat /etc/hostname
//! ```

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt as _;
use std::sync::OnceLock;

use syscall_intercept::{Action, PATH_MAX, Plugin, Syscall, Sysno, plugin};

plugin!(OpenRedirect, only: [Sysno::openat]);

struct OpenRedirect;

impl Plugin for OpenRedirect {
    fn before(&self, call: &mut Syscall) -> Action {
        if let Some((from, to)) = redirection()
            && call.path(1, &mut [0; PATH_MAX]) == Ok(from)
        {
            call.set_path(1, to);
        }
        Action::Forward
    }
}

/// The path to watch for and the one to open instead.
fn redirection() -> Option<&'static (CString, CString)> {
    static REDIRECTION: OnceLock<Option<(CString, CString)>> = OnceLock::new();
    let path = |name| CString::new(std::env::var_os(name)?.into_vec()).ok();
    REDIRECTION.get_or_init(|| Some((path("REDIRECT_FROM")?, path("REDIRECT_TO")?))).as_ref()
}
