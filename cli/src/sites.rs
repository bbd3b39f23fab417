//! `intercept sites`: every system call site of a file, and how it would be patched; of a process also whether it is.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use syscall_intercept::disasm::Unknown;
use syscall_intercept::object::file::{ElfFile, File, Symbol};
use syscall_intercept::object::target::is_libc;
use syscall_intercept::patch::{Patch, Rung};
use syscall_intercept::{Sysno, disasm, patch};

use crate::error::Error;
use crate::mapped::Process;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A program, a shared library, or the id of a process
    #[arg(value_name = "FILE|PID")]
    subject: PathBuf,
}

/// The sites of a file.
pub(crate) struct Sites {
    pub(crate) patches: Vec<Patch>,
    /// Those that cannot be told from data.
    pub(crate) unknown: Vec<Unknown>,
    /// Bytes that only look like system calls.
    lookalikes: usize,
}

impl Sites {
    /// Finds them and plans how to patch them.
    pub(crate) fn of(elf: &ElfFile<'_>, path: &Path) -> Result<Sites, Error> {
        let located = disasm::locate_thoroughly(&elf.image(), &elf.functions(), is_libc(path)).map_err(Error::new)?;
        let (lookalikes, unknown) = (located.lookalikes.len(), located.unknown.clone());
        Ok(Sites { patches: patch::plan(&located), unknown, lookalikes })
    }
}

/// Prints the table; of a process one for each file that has sites, and beside each site whether its code is still that of the file.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let subject = &arguments.subject;
    let id = subject.to_str().and_then(|text| text.parse().ok()).filter(|_| !subject.exists());
    let mut out = Vec::new();
    match id {
        None => table(&mut out, &File::open(subject)?, subject, None)?,
        Some(id) => {
            let fail = |error: io::Error| match error.kind() {
                io::ErrorKind::NotFound => Error::new(format_args!("{id}: there is no such file, and no such process")),
                _ => Error::new(format_args!("process {id}: {error}; looking into it needs the rights of a debugger")),
            };
            let process = Process::open(id).map_err(fail)?;
            for file in process.files() {
                let place = process.place(file);
                match File::open(&place) {
                    Ok(opened) => table(&mut out, &opened, &place, Some((&process, file)))?,
                    // Deleted, or replaced by an update.
                    Err(_) => out.extend(format!("{}: is not there any more\n\n", file.display()).bytes()),
                }
            }
        }
    }
    output::print(&out)
}

fn table(out: &mut Vec<u8>, file: &File, path: &Path, of: Option<(&Process, &Path)>) -> Result<(), Error> {
    let elf = file.parse()?;
    let Sites { patches, unknown, lookalikes } = Sites::of(&elf, path)?;
    if of.is_some() && patches.is_empty() {
        return Ok(());
    }
    let (image, symbols) = (elf.image(), elf.symbols());
    let is_changed = |patch: &Patch| {
        let (process, name) = of?;
        let length = (patch.window.end - patch.window.start) as usize;
        let now = process.code(name, image.file_offset(patch.window.start)?, length)?;
        Some(now != image.bytes(patch.window.start, length)?)
    };
    let mut print = || -> io::Result<()> {
        if let Some((_, name)) = of {
            writeln!(out, "{}", name.display())?;
        }
        let now = if of.is_some() { "NOW      " } else { "" };
        writeln!(out, "{:>12}  {:32}  {:20}  {:20}  {now}REASON", "ADDRESS", "FUNCTION", "CALL", "RUNG")?;
        let mut changed = 0;
        for patch in &patches {
            let is_changed = is_changed(patch);
            changed += usize::from(is_changed == Some(true));
            let now = match is_changed {
                Some(true) => "patched  ",
                Some(false) => "as ever  ",
                None if of.is_some() => "?        ",
                None => "",
            };
            row(out, patch, &symbols, now)?;
        }
        for unknown in &unknown {
            let (function, address) = (function(unknown.address, &symbols), unknown.address);
            let now = if of.is_some() { "?        " } else { "" };
            writeln!(out, "{address:#12x}  {function:32}  {:20}  {:20}  {now}{}", "?", "left alone", unknown.doubt)?;
        }
        summary(out, &patches, lookalikes, unknown.len())?;
        if of.is_some() {
            writeln!(out, "{changed} of them patched now\n")?;
        }
        Ok(())
    };
    print().map_err(|error| Error::new(format_args!("cannot make the table: {error}")))
}

fn row(out: &mut impl Write, patch: &Patch, symbols: &[Symbol<'_>], now: &str) -> io::Result<()> {
    let address = patch.address;
    let function = function(address, symbols);
    let call = match patch.number {
        None => "any".to_owned(),
        Some(number) => Sysno::new(number as usize).map_or_else(|| number.to_string(), |sysno| sysno.name().to_owned()),
    };
    write!(out, "{address:#12x}  {function:32}  {call:20}  {:20}  {now}", patch.rung)?;
    match patch.reason() {
        Some(reason) => writeln!(out, "{reason}"),
        None => writeln!(out, "{}", moved(patch)),
    }
}

/// Why this rung, what makes room for the jump; and what need not be saved.
fn moved(patch: &Patch) -> String {
    let window = patch.window.end - patch.window.start;
    let dead = match (patch.state_is_dead, patch.x87_is_empty) {
        (true, _) => ", vectors and flags are dead",
        (false, true) => ", x87 is empty",
        (false, false) => "",
    };
    match (patch.moved_before().len(), patch.moved_after().len()) {
        (before, 0) => format!("{window} bytes, {before} moved{dead}"),
        (before, after) => {
            format!("{window} bytes, {before} moved from before the syscall and {after} from after it{dead}")
        }
    }
}

/// The function an address is in, and how far.
fn function(address: u64, symbols: &[Symbol<'_>]) -> String {
    let last = symbols.partition_point(|symbol| symbol.range.start <= address);
    let symbol = last.checked_sub(1).and_then(|last| symbols.get(last));
    // A stripped library names few of its functions: an address behind one that ends belongs to another.
    match symbol.filter(|symbol| symbol.range.is_empty() || symbol.range.contains(&address)) {
        Some(symbol) => format!("{}+{:#x}", symbol.name, address - symbol.range.start),
        None => "-".to_owned(),
    }
}

fn summary(out: &mut impl Write, patches: &[Patch], lookalikes: usize, unknown: usize) -> io::Result<()> {
    let count = |is: fn(Rung) -> bool| patches.iter().filter(|patch| is(patch.rung)).count();
    let in_place = count(Rung::is_in_place);
    let in_stub = count(|rung| rung.is_taken() && !rung.is_in_place());
    let left_alone = count(|rung| !rung.is_taken()) + unknown;
    let sites = patches.len() + unknown;
    writeln!(out)?;
    write!(out, "{sites} sites: {in_place} in place")?;
    if sites > 0 {
        write!(out, " ({:.1} %)", 100.0 * in_place as f64 / sites as f64)?;
    }
    writeln!(out, ", {in_stub} in stub, {left_alone} left alone; {lookalikes} lookalikes are no system calls")
}
