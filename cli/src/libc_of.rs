//! Which objects a program is loaded with, and which libc is among them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the dynamic loader would load for a program, apart from the program: without running it. `None` if it is a loader that
/// is not known to answer, or if it does not.
pub(crate) fn objects(program: &Path, loader: &Path) -> Option<Vec<PathBuf>> {
    // Any other file would be executed because a program we are only to look at says so.
    let name = loader.file_name()?.to_str()?;
    if name != "ld-linux-x86-64.so.2" && !name.starts_with("ld-musl-") {
        return None;
    }
    let program = std::path::absolute(program).ok()?;
    let mut command = Command::new(loader);
    command.arg("--list").arg(program).env_remove("LD_PRELOAD").env_remove("LD_AUDIT").stdin(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f...)`, or `/lib64/ld-linux-x86-64.so.2 (0x7f...)`
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let paths = lines.filter_map(|line| line.split(|byte| b" \t".contains(byte)).find(|word| word.starts_with(b"/")));
    let mut objects: Vec<PathBuf> = Vec::new();
    for path in paths.map(|path| Path::new(OsStr::from_bytes(path))) {
        // musl's loader is its libc, too.
        if !objects.iter().any(|object| object == path) {
            objects.push(path.to_owned());
        }
    }
    Some(objects)
}

/// The name and version of a libc; of an unknown one nothing.
pub(crate) fn version(libc: &Path) -> Option<String> {
    const GLIBC: &[u8] = b"GNU C Library (";
    let bytes = std::fs::read(libc).ok()?;
    if let Some(start) = bytes.windows(GLIBC.len()).position(|window| window == GLIBC) {
        // GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.
        let line = bytes[start..].split(|&byte| byte == b'\n').next()?;
        let version = std::str::from_utf8(line).ok()?.rsplit_once("version ")?.1;
        return Some(format!("glibc {}", version.trim_end_matches('.')));
    }
    let is_musl = bytes.windows(9).any(|window| window == b"musl libc");
    // It says its version only itself, to stderr: "Version 1.2.3".
    let output = is_musl.then(|| Command::new(libc).stdin(Stdio::null()).output().ok())??;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = text.lines().find_map(|line| line.strip_prefix("Version "))?;
    Some(format!("musl {}", version.escape_debug()))
}
