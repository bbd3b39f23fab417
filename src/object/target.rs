//! Which objects are patched.

use std::path::Path;

/// Whether an object is a libc or a libpthread, by the names both projects install them under.
///
/// glibc: `libc.so.6`, `libc-2.31.so`, `libpthread.so.0`, `libpthread-2.31.so`; musl: `ld-musl-x86_64.so.1`,
/// `libc.musl-x86_64.so.1`, `libc.so`.
pub fn is_libc(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let continues = |stem| name.strip_prefix(stem).is_some_and(|rest: &str| rest.starts_with(['.', '-']));
    continues("libc") || continues("libpthread") || name.starts_with("ld-musl-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_and_musl_are_recognised_by_their_names() {
        for name in
            ["libc.so.6", "libc-2.31.so", "libpthread.so.0", "libpthread-2.31.so", "ld-musl-x86_64.so.1", "libc.so"]
        {
            assert!(is_libc(&Path::new("/lib/x86_64-linux-gnu").join(name)), "{name}");
        }
        for name in
            ["libcrypt.so.1", "libcap.so.2", "libm.so.6", "ld-linux-x86-64.so.2", "bash", "libpthread_workqueue.so"]
        {
            assert!(!is_libc(&Path::new("/usr/lib").join(name)), "{name}");
        }
    }
}
