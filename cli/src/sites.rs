//! `intercept sites`: every system call site of a file, and how it would be patched.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use syscall_intercept::disasm::Unknown;
use syscall_intercept::object::file::{ElfFile, File, Symbol};
use syscall_intercept::object::target::is_libc;
use syscall_intercept::patch::{Patch, Rung};
use syscall_intercept::{Sysno, disasm, patch};

use crate::error::Error;
use crate::output;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The ELF file: a program or a shared library
    file: PathBuf,
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

/// Prints the table. Fails if a site would be left alone that should not be.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let file = File::open(&arguments.file)?;
    let elf = file.parse()?;
    let Sites { patches, unknown, lookalikes } = Sites::of(&elf, &arguments.file)?;
    let symbols = elf.symbols();

    let mut out = Vec::new();
    let mut print = || -> io::Result<()> {
        writeln!(out, "{:>12}  {:32}  {:20}  {:20}  REASON", "ADDRESS", "FUNCTION", "CALL", "RUNG")?;
        for patch in &patches {
            row(&mut out, patch, &symbols)?;
        }
        for unknown in &unknown {
            let (function, address) = (function(unknown.address, &symbols), unknown.address);
            writeln!(out, "{address:#12x}  {function:32}  {:20}  {:20}  {}", "?", "left alone", unknown.doubt)?;
        }
        summary(&mut out, &patches, lookalikes, unknown.len())
    };
    print().map_err(|error| Error::new(format_args!("cannot make the table: {error}")))?;
    output::print(&out)
}

fn row(out: &mut impl Write, patch: &Patch, symbols: &[Symbol<'_>]) -> io::Result<()> {
    let address = patch.address;
    let function = function(address, symbols);
    let call = match patch.number {
        None => "any".to_owned(),
        Some(number) => Sysno::new(number as usize).map_or_else(|| number.to_string(), |sysno| sysno.name().to_owned()),
    };
    write!(out, "{address:#12x}  {function:32}  {call:20}  {:20}", patch.rung)?;
    match patch.reason() {
        Some(reason) => writeln!(out, "  {reason}"),
        None => writeln!(out, "  {}", moved(patch)),
    }
}

/// Why this rung, what makes room for the jump; and what need not be saved.
fn moved(patch: &Patch) -> String {
    let window = patch.window.end - patch.window.start;
    let dead = match (patch.vector_state_is_dead, patch.x87_is_empty) {
        (true, _) => ", vector state is dead",
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
