//! `intercept index`: finds out beforehand what programs would otherwise find out each time they start.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use syscall_intercept::index::{Builder, FILE_NAME, copy};
use syscall_intercept::object::file::File;
use syscall_intercept::object::target::is_libc;
use syscall_intercept::{disasm, patch};

use crate::error::Error;
use crate::{libc_of, library, output};

mod copies;

#[derive(Debug, clap::Args)]
#[command(after_help = "Make it again when a libc is updated; one that is out of date does no harm.")]
pub(crate) struct Arguments {
    /// The libraries to look at [default: the libc of this machine]
    files: Vec<PathBuf>,
    /// Write to FILE, for INTERCEPT_INDEX to name
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Make no patched copies: programs start half as fast
    #[arg(long)]
    no_copies: bool,
}

/// Writes the index, all of it anew.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let files = if arguments.files.is_empty() { own_libc()? } else { arguments.files.clone() };
    let mut builder = Builder::default();
    let (mut text, mut copies) = (String::new(), Vec::new());
    for path in &files {
        let (sites, copy) = add(&mut builder, path, !arguments.no_copies)?;
        copies.extend(copy);
        text += &format!("{}: {sites} system call sites\n", path.display());
    }
    let index = match &arguments.output {
        Some(file) => file.clone(),
        None => library::find()?.with_file_name(FILE_NAME),
    };
    let folder = copy::folder(&index);
    written(&index, replace(&index, &builder.bytes(), 0o644))?;
    written(&folder, copies::write(&folder, &copies))?;
    text += &format!("{}: written\n", index.display());
    if !copies.is_empty() {
        text += &format!("{}: written\n", folder.display());
    }
    output::print(text.as_bytes())
}

fn written(path: &Path, outcome: io::Result<()>) -> Result<(), Error> {
    let error = |error| format!("{}: cannot be written: {error}; choose another place with -o FILE", path.display());
    outcome.map_err(error).map_err(Error::new)
}

/// Adds what there is to know of a file. Answers how many sites it has, and a patched copy of it if that is wanted.
fn add(builder: &mut Builder, path: &Path, copied: bool) -> Result<(usize, Option<copies::Made>), Error> {
    let file = File::open(path)?;
    let elf = file.parse()?;
    let image = elf.image();
    let located = disasm::locate_thoroughly(&image, &elf.functions(), is_libc(path)).map_err(Error::new)?;
    let patches = patch::plan(&located);
    builder
        .add(elf.build_id().as_ref(), &image, &located, &patches)
        .map_err(|unfit| Error::new(format_args!("{}: cannot be in an index: {unfit}", path.display())))?;
    let copy = if copied { copies::make(path, &elf, &patches) } else { Ok(None) };
    Ok((patches.len(), copy.map_err(|error| Error::new(format_args!("{}: {error}", path.display())))?))
}

/// The libc that this command runs with.
fn own_libc() -> Result<Vec<PathBuf>, Error> {
    let objects = || {
        let command = env::current_exe().ok()?;
        let file = File::open(&command).ok()?;
        libc_of::objects(&command, file.parse().ok()?.interpreter()?)
    };
    let libcs: Vec<PathBuf> = objects().unwrap_or_default().into_iter().filter(|path| is_libc(path)).collect();
    if libcs.is_empty() {
        return Err(Error::new("cannot find the libc of this machine; name it: intercept index FILE"));
    }
    Ok(libcs)
}

/// Puts a file in its place all at once: programs start at any time.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let written = fs::File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        // Whatever the umask: it is not used if others may write to it.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
