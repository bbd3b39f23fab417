//! Makes reading directories fail with ENOTSUP.
//!
//! ```text
//! cargo build --release -p no-directories
//! LD_PRELOAD=target/release/libno_directories.so ls
//! ```

use syscall_intercept::{Action, Errno, Syscall, Sysno, plugin};

plugin!(hook);

fn hook(call: &Syscall) -> Action {
    match call.sysno() {
        Some(Sysno::getdents | Sysno::getdents64) => Action::Return(Err(Errno::EOPNOTSUPP)),
        _ => Action::Forward,
    }
}
