//! ELF files on disk: what the command-line tool looks at, and where symbols come from.
#![allow(unsafe_code, reason = "maps a file into memory")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::dynamic::{DF_1_PIE, DT_FLAGS_1, DT_GNU_HASH, DT_HASH, DT_NULL, DT_STRSZ, DT_STRTAB, DT_SYMTAB};
use goblin::elf::program_header::{
    PF_R, PF_X, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_INTERP, PT_LOAD, PT_NOTE, ProgramHeader,
};
use goblin::elf::section_header::{SHT_SYMTAB, SectionHeader};
use goblin::elf::{Elf, Header, header};

use super::notes::is_of_go;
use super::symbols::{Table, count_by_gnu_hash, count_by_hash};
use super::{BuildId, Functions, Image, Segment, eh_frame};

pub use super::symbols::Symbol;

/// How 64-bit x86 files are written.
pub(super) const CONTEXT: Ctx = Ctx { container: Container::Big, le: Endian::Little };

/// Why a file cannot be looked at.
#[derive(Debug)]
pub enum Error {
    /// It cannot be opened or mapped.
    Io(PathBuf, std::io::Error),
    /// It is a directory, a pipe, a device: nothing that could be mapped, or that ends.
    NotAFile(PathBuf),
    /// It is not an ELF file, or a damaged one.
    NotElf(PathBuf, goblin::error::Error),
    /// It is an ELF file of another machine.
    OtherMachine(PathBuf),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Error::NotAFile(path) => write!(f, "{}: not a file that can be looked at", path.display()),
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
        // Without waiting: a FIFO may never find a writer.
        let file =
            fs::File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map_err(error)?;
        if !file.metadata().map_err(error)?.is_file() {
            return Err(Error::NotAFile(path.to_owned()));
        }
        // SAFETY: the mapping is private and read-only; a file that changes under it is as bad for every program that maps it.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(error)?;
        Ok(File { path: path.to_owned(), map })
    }

    /// Reads its headers.
    pub fn parse(&self) -> Result<ElfFile<'_>, Error> {
        ElfFile::parse(&self.map, &self.path)
    }
}

/// A 64-bit x86 ELF file; its addresses are those written in the file.
///
/// Only the header and the program headers must be sound, as for the kernel; everything else is read when it is asked for, and
/// is missing where it makes no sense. `goblin`'s own [`Elf::parse`] is not used for the whole file: it refuses what loads and
/// runs (a symbol table cut off at the end), makes a list of all strings, 24 bytes for each of theirs, and looks through all
/// segments for each entry of the dynamic section.
pub struct ElfFile<'a> {
    bytes: &'a [u8],
    header: Header,
    program_headers: Vec<ProgramHeader>,
}

impl std::fmt::Debug for ElfFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ElfFile").field("segments", &self.program_headers.len()).finish_non_exhaustive()
    }
}

impl<'a> ElfFile<'a> {
    /// Reads the headers of a file with these bytes. The path is for what an error says.
    pub fn parse(bytes: &'a [u8], path: &Path) -> Result<ElfFile<'a>, Error> {
        let damaged = |error| Error::NotElf(path.to_owned(), error);
        let header = Elf::parse_header(bytes).map_err(damaged)?;
        let (class, order) = (header.e_ident[header::EI_CLASS], header.e_ident[header::EI_DATA]);
        if (class, order, header.e_machine) != (header::ELFCLASS64, header::ELFDATA2LSB, header::EM_X86_64) {
            return Err(Error::OtherMachine(path.to_owned()));
        }
        let start = usize::try_from(header.e_phoff).unwrap_or(usize::MAX);
        let program_headers = ProgramHeader::parse(bytes, start, header.e_phnum.into(), CONTEXT).map_err(damaged)?;
        Ok(ElfFile { bytes, header, program_headers })
    }

    /// All of the file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The loadable segments. Those that reach past the end of the file are left out, and those that together make more than
    /// twice the file: segments share a page of it at most, unless somebody wants to keep us busy with the same bytes at many
    /// addresses.
    pub fn image(&self) -> Image<'a> {
        let segments = self.headers(PT_LOAD).filter(|header| header.p_flags & PF_R != 0);
        let mut room = self.bytes.len().saturating_mul(2);
        let segments = segments.filter_map(|header| {
            let bytes = self.contents(header)?;
            room = room.checked_sub(bytes.len())?;
            Some(Segment {
                address: header.p_vaddr,
                bytes,
                executable: header.p_flags & PF_X != 0,
                file_offset: header.p_offset,
            })
        });
        Image::new(segments.collect())
    }

    /// Where the functions begin and end.
    pub fn functions(&self) -> Functions {
        let image = self.image();
        let table = self.unwind_table().and_then(|header| eh_frame::functions(&image, header));
        Functions::new(&image, table, || self.symbols().into_iter().map(|symbol| symbol.range).collect())
    }

    /// The address of `.eh_frame_hdr`, the table that leads to what unwinders need.
    pub fn unwind_table(&self) -> Option<u64> {
        self.headers(PT_GNU_EH_FRAME).next().map(|header| header.p_vaddr)
    }

    /// Whether the dynamic loader runs before the program: not so in static ones.
    pub fn has_interpreter(&self) -> bool {
        self.headers(PT_INTERP).next().is_some()
    }

    /// The dynamic loader that the program asks for.
    pub fn interpreter(&self) -> Option<&'a Path> {
        let name = self.contents(self.headers(PT_INTERP).next()?)?;
        Some(Path::new(OsStr::from_bytes(name.split(|&byte| byte == 0).next()?)))
    }

    /// Whether Go made it.
    pub fn is_of_go(&self) -> bool {
        self.headers(PT_NOTE).filter_map(|header| self.contents(header)).any(is_of_go)
    }

    /// Whether programs can load it: a shared library, not a program, not an object file. Position-independent programs differ
    /// from libraries by a flag alone; some libraries name an interpreter, too.
    pub fn is_shared_object(&self) -> bool {
        let flags = self.dynamic(DT_FLAGS_1).unwrap_or_default();
        self.header.e_type == header::ET_DYN && flags & DF_1_PIE == 0
    }

    /// The functions of both symbol tables, sorted by their starts.
    pub fn symbols(&self) -> Vec<Symbol<'a>> {
        let tables = [self.linker_symbols(), self.loader_symbols()];
        let mut symbols: Vec<Symbol<'a>> = tables.iter().flatten().flat_map(Table::functions).collect();
        symbols.sort_by_key(|symbol| symbol.range.start);
        symbols.dedup_by_key(|symbol| symbol.range.start);
        symbols
    }

    /// `.symtab`, which `strip` takes away.
    fn linker_symbols(&self) -> Option<Table<'a>> {
        let start = usize::try_from(self.header.e_shoff).ok()?;
        let sections = SectionHeader::parse(self.bytes, start, self.header.e_shnum.into(), CONTEXT).ok()?;
        let table = sections.iter().rfind(|section| section.sh_type == SHT_SYMTAB)?;
        let names = sections.get(usize::try_from(table.sh_link).ok()?)?;
        let contents = |section: &SectionHeader| self.range(section.sh_offset, section.sh_size);
        Some(Table { symbols: contents(table)?, names: contents(names)? })
    }

    /// `.dynsym`, by the way the dynamic loader finds it: sections need not exist.
    fn loader_symbols(&self) -> Option<Table<'a>> {
        let image = self.image();
        let at = |tag: u64| image.tail(self.dynamic(tag)?);
        // No table says its own length; the hash tables that index it do.
        let count = match at(DT_GNU_HASH) {
            Some(hash) => count_by_gnu_hash(hash)?,
            None => count_by_hash(at(DT_HASH)?)?,
        };
        let names = at(DT_STRTAB)?.get(..usize::try_from(self.dynamic(DT_STRSZ)?).ok()?)?;
        Some(Table { symbols: at(DT_SYMTAB)?, names }.cut(count))
    }

    /// The first entry of the dynamic section with a tag.
    fn dynamic(&self, wanted: u64) -> Option<u64> {
        let (entries, _) = self.contents(self.headers(PT_DYNAMIC).next()?)?.as_chunks::<16>();
        let halves = entries.iter().filter_map(|entry| Some((entry.first_chunk()?, entry.last_chunk()?)));
        let entries = halves.map(|(tag, value)| (u64::from_le_bytes(*tag), u64::from_le_bytes(*value)));
        let mut entries = entries.take_while(|&(tag, _)| tag != DT_NULL);
        entries.find_map(|(tag, value)| (tag == wanted).then_some(value))
    }

    /// The build-id.
    pub fn build_id(&self) -> Option<BuildId> {
        self.headers(PT_NOTE).find_map(|header| BuildId::find(self.contents(header)?))
    }

    fn headers(&self, kind: u32) -> impl Iterator<Item = &ProgramHeader> {
        self.program_headers.iter().filter(move |header| header.p_type == kind)
    }

    fn contents(&self, header: &ProgramHeader) -> Option<&'a [u8]> {
        self.range(header.p_offset, header.p_filesz)
    }

    fn range(&self, start: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(start).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }
}
