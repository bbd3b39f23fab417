//! What a program is, as far as interception goes.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use syscall_intercept::object::file::{self, File};

use crate::rights;

/// How often a script may have another script as its interpreter: `exec_binprm` of the kernel's fs/exec.c gives up then.
const SCRIPTS: usize = 5;

/// A program: an ELF file, and the scripts that led to it.
pub(crate) struct Subject {
    pub(crate) path: PathBuf,
    pub(crate) scripts: Vec<PathBuf>,
    pub(crate) file: File,
}

/// Why nothing of a program can be seen.
pub(crate) enum Obstacle {
    OtherMachine,
    Static,
    StaticGo,
    MoreRights(&'static str),
    NoLoader(PathBuf),
}

impl Subject {
    /// The program that runs when this name is executed; `None` if there is no such file.
    pub(crate) fn named(name: &OsStr) -> Result<Option<Subject>, file::Error> {
        let Some(mut path) = find(name) else { return Ok(None) };
        let mut scripts = Vec::new();
        while let Some(interpreter) = interpreter_of_script(&path).filter(|_| scripts.len() < SCRIPTS) {
            scripts.push(path);
            path = interpreter;
        }
        let file = File::open(&path)?;
        Ok(Some(Subject { path, scripts, file }))
    }

    /// What stands in the way.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        let elf = match self.file.parse() {
            Ok(elf) => elf,
            Err(file::Error::OtherMachine(_)) => return Some(Obstacle::OtherMachine),
            // A shell may run it; the kernel has the last word.
            Err(_) => return None,
        };
        match elf.interpreter() {
            None if elf.is_of_go() => Some(Obstacle::StaticGo),
            None => Some(Obstacle::Static),
            Some(loader) if !loader.exists() => Some(Obstacle::NoLoader(loader.to_owned())),
            Some(_) => rights::gained(&self.path).map(Obstacle::MoreRights),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::OtherMachine => {
                f.write_str("built for another machine; only 64-bit x86 programs can be intercepted")
            }
            Obstacle::Static => {
                f.write_str("statically linked, so nothing can be preloaded into it; strace can trace it")
            }
            Obstacle::StaticGo => f.write_str(
                "made by Go and statically linked, so nothing can be preloaded into it; strace can trace it",
            ),
            Obstacle::MoreRights(why) => write!(
                f,
                "runs with more rights than yours ({why}), so the loader ignores what is preloaded; run it as its owner"
            ),
            Obstacle::NoLoader(loader) => {
                write!(f, "its dynamic loader {} is not there; install the libc it was built for", shown(loader))
            }
        }
    }
}

/// A name out of a file, which must not speak to the terminal.
pub(crate) fn shown(name: &Path) -> impl fmt::Display {
    name.to_string_lossy().escape_debug().to_string()
}

/// Where a program is, as `execvp` would find it.
fn find(name: &OsStr) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return Some(PathBuf::from(name)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file: &PathBuf| Path::is_file(file))
}

/// What a script begins with: `#!/bin/sh`. `env` becomes the program it is told to find.
fn interpreter_of_script(path: &Path) -> Option<PathBuf> {
    // The kernel looks at so many bytes: `BINPRM_BUF_SIZE`. Only files are opened: a pipe may never find a writer.
    let mut start = Vec::new();
    let file = path.is_file().then(|| fs::File::open(path).ok())??;
    file.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    // No interpreter has such a name, and a message with it would speak to the terminal.
    if line.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
        return None;
    }
    let mut words = line.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty()).map(OsStr::from_bytes);
    let interpreter = PathBuf::from(words.next()?);
    let is_env = interpreter.file_name() == Some(OsStr::new("env"));
    let program: Option<OsString> = words.find(|word| *word != "-S").map(OsStr::to_owned);
    program.filter(|_| is_env).and_then(|program| find(&program)).or(Some(interpreter))
}
