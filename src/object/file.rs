//! ELF files on disk: what the command-line tool looks at, and where symbols come from.
#![allow(unsafe_code, reason = "maps a file into memory")]

use std::ops::Range;
use std::path::{Path, PathBuf};

use goblin::elf::program_header::{PF_R, PF_X, PT_GNU_EH_FRAME, PT_INTERP, PT_LOAD, PT_NOTE, ProgramHeader};
use goblin::elf::section_header::SHN_UNDEF;
use goblin::elf::{Elf, header};

use super::{BuildId, Functions, Image, Segment, Source, eh_frame};

/// Why a file cannot be looked at.
#[derive(Debug)]
pub enum Error {
    /// It cannot be opened or mapped.
    Io(PathBuf, std::io::Error),
    /// It is not an ELF file, or a damaged one.
    NotElf(PathBuf, goblin::error::Error),
    /// It is an ELF file of another machine.
    OtherMachine(PathBuf),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Error::NotElf(path, error) => write!(f, "{}: not an ELF file: {error}", path.display()),
            Error::OtherMachine(path) => {
                write!(f, "{}: built for another machine; only 64-bit x86 ELF files can be looked at", path.display())
            }
        }
    }
}

impl std::error::Error for Error {}

/// A file mapped read-only.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    map: memmap2::Mmap,
}

impl File {
    /// Maps a file. Should somebody truncate it while it is looked at, reading it faults as with any mapped file.
    pub fn open(path: &Path) -> Result<File, Error> {
        let error = |error| Error::Io(path.to_owned(), error);
        let file = std::fs::File::open(path).map_err(error)?;
        // SAFETY: the mapping is private and read-only; a file that changes under it is as bad for every program that maps it.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(error)?;
        Ok(File { path: path.to_owned(), map })
    }

    /// Reads its headers.
    pub fn parse(&self) -> Result<ElfFile<'_>, Error> {
        let elf = Elf::parse(&self.map).map_err(|error| Error::NotElf(self.path.clone(), error))?;
        if elf.header.e_machine != header::EM_X86_64 || !elf.is_64 {
            return Err(Error::OtherMachine(self.path.clone()));
        }
        Ok(ElfFile { bytes: &self.map, elf })
    }
}

/// A 64-bit x86 ELF file; its addresses are those written in the file.
pub struct ElfFile<'a> {
    bytes: &'a [u8],
    elf: Elf<'a>,
}

impl std::fmt::Debug for ElfFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ElfFile").field("soname", &self.elf.soname).finish_non_exhaustive()
    }
}

/// A function and its name.
#[derive(Debug, Clone)]
pub struct Symbol<'a> {
    /// The addresses it occupies; empty if the symbol has no size, as with functions written by hand.
    pub range: Range<u64>,
    /// Its name.
    pub name: &'a str,
}

impl<'a> ElfFile<'a> {
    /// The loadable segments. Those that reach past the end of the file are left out.
    pub fn image(&self) -> Image<'a> {
        let segments = self.headers(PT_LOAD).filter(|header| header.p_flags & PF_R != 0);
        let segments = segments.filter_map(|header| {
            Some(Segment {
                address: header.p_vaddr,
                bytes: self.contents(header)?,
                executable: header.p_flags & PF_X != 0,
                file_offset: header.p_offset,
            })
        });
        Image::new(segments.collect())
    }

    /// Where the functions begin and end: from the unwind table, without one from the symbols.
    pub fn functions(&self) -> Functions {
        let header = self.headers(PT_GNU_EH_FRAME).next().map(|header| header.p_vaddr);
        if let Some(ranges) = header.and_then(|header| eh_frame::functions(&self.image(), header)) {
            return Functions { ranges, source: Source::UnwindTable };
        }
        Functions::of_symbols(self.symbols().into_iter().map(|symbol| symbol.range).collect())
    }

    /// Whether the dynamic loader runs before the program: not so in static ones.
    pub fn has_interpreter(&self) -> bool {
        self.headers(PT_INTERP).next().is_some()
    }

    /// The functions of both symbol tables, sorted by their starts.
    pub fn symbols(&self) -> Vec<Symbol<'a>> {
        let tables = [(&self.elf.syms, &self.elf.strtab), (&self.elf.dynsyms, &self.elf.dynstrtab)];
        let mut symbols: Vec<Symbol<'a>> = tables
            .into_iter()
            .flat_map(|(table, names)| table.iter().map(move |symbol| (symbol, names)))
            .filter(|(symbol, _)| symbol.is_function() && symbol.st_shndx != SHN_UNDEF as usize)
            .map(|(symbol, names)| Symbol {
                range: symbol.st_value..symbol.st_value.saturating_add(symbol.st_size),
                name: names.get_at(symbol.st_name).unwrap_or_default(),
            })
            .collect();
        symbols.sort_by_key(|symbol| symbol.range.start);
        symbols.dedup_by_key(|symbol| symbol.range.start);
        symbols
    }

    /// The build-id.
    pub fn build_id(&self) -> Option<BuildId> {
        self.headers(PT_NOTE).find_map(|header| BuildId::find(self.contents(header)?))
    }

    fn headers(&self, kind: u32) -> impl Iterator<Item = &ProgramHeader> {
        self.elf.program_headers.iter().filter(move |header| header.p_type == kind)
    }

    fn contents(&self, header: &ProgramHeader) -> Option<&'a [u8]> {
        let start = usize::try_from(header.p_offset).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(header.p_filesz).ok()?)?)
    }
}
