//! What a file says of its code: names of functions, and how to find their callers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use gimli::{
    BaseAddresses, EhFrame, EhFrameHdr, EndianSlice, FrameDescriptionEntry, LittleEndian, ParsedEhFrameHdr, Pointer,
    UnwindSection as _,
};
use syscall_intercept::object::{self, Image};

use super::frame::Frame;
use super::unwind::Rule;

/// The bytes of a table.
pub(super) type Bytes = EndianSlice<'static, LittleEndian>;

/// An ELF file whose code is mapped.
pub(super) struct File {
    image: Image<'static>,
    /// Functions in the order of their addresses.
    symbols: Vec<(Range<u64>, &'static str)>,
    tables: Option<Tables>,
    /// By where they are in the file. There are as many as there are places that call something.
    frames: RefCell<HashMap<(u64, u64), Arc<Frame>>>,
    /// How to find the caller, by address.
    rules: RefCell<HashMap<u64, Rule>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("symbols", &self.symbols.len()).finish_non_exhaustive()
    }
}

/// `.eh_frame`, and the table by which an address is found in it.
pub(super) struct Tables {
    pub(super) frames: EhFrame<Bytes>,
    header: ParsedEhFrameHdr<Bytes>,
    pub(super) bases: BaseAddresses,
}

impl File {
    /// Opens one; `None` if it is none that can be looked at.
    pub(super) fn open(path: &Path) -> Option<File> {
        // Stays mapped to the end: any call may have been made by its code.
        let file: &'static object::file::File = Box::leak(Box::new(object::file::File::open(path).ok()?));
        let elf = file.parse().ok()?;
        let image = elf.image();
        let tables = elf.unwind_table().and_then(|address| Tables::find(&image, address));
        let symbols = elf.symbols().into_iter().map(|symbol| (symbol.range, symbol.name)).collect();
        Some(File { image, symbols, tables, frames: RefCell::default(), rules: RefCell::default() })
    }

    /// The address that an offset has, as the tables of the file have it.
    fn address(&self, offset: u64) -> Option<u64> {
        let segment = self.image.code().find(|segment| {
            offset.checked_sub(segment.file_offset).is_some_and(|into| into < segment.bytes.len() as u64)
        })?;
        Some(offset - segment.file_offset + segment.address)
    }

    /// The frame of a place in it. The program goes on at an offset that may be behind the end of the function, if that ends with a call
    /// that does not return.
    pub(super) fn frame(&self, path: &str, place: u64, offset: u64) -> Arc<Frame> {
        let mut frames = self.frames.borrow_mut();
        Arc::clone(frames.entry((place, offset)).or_insert_with(|| {
            let mut frame = Frame { file: path.to_owned(), offset, ..Frame::default() };
            let address = self.address(place);
            if let Some((start, name)) = address.and_then(|address| self.symbol(address)) {
                frame.function = demangled(name);
                frame.into = address.unwrap_or_default() - start + (offset - place);
            }
            Arc::new(frame)
        }))
    }

    /// Where the function begins that an address is in, and its name. Functions written by hand may have no length.
    fn symbol(&self, address: u64) -> Option<(u64, &'static str)> {
        let behind = self.symbols.partition_point(|(range, _)| range.start <= address);
        let (range, name) = self.symbols.get(behind.checked_sub(1)?)?;
        (range.is_empty() || address < range.end).then_some((range.start, *name))
    }

    /// How to find the caller of what is at an offset.
    pub(super) fn rule(&self, offset: u64) -> Rule {
        let find = || {
            let (address, tables) = (self.address(offset)?, self.tables.as_ref()?);
            Rule::find(tables, address)
        };
        *self.rules.borrow_mut().entry(offset).or_insert_with(|| find().unwrap_or(Rule::Unknown))
    }

    /// The tables, and an address as they have it.
    pub(super) fn tables(&self, offset: u64) -> Option<(&Tables, u64)> {
        Some((self.tables.as_ref()?, self.address(offset)?))
    }
}

impl Tables {
    fn find(image: &Image<'static>, header_at: u64) -> Option<Tables> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(header_at);
        let header = EhFrameHdr::new(image.tail(header_at)?, LittleEndian).parse(&bases, 8).ok()?;
        let Pointer::Direct(frames_at) = header.eh_frame_ptr() else { return None };
        let frames = EhFrame::new(image.tail(frames_at)?, LittleEndian);
        Some(Tables { frames, header, bases: bases.set_eh_frame(frames_at) })
    }

    /// What is said of the function at an address.
    pub(super) fn entry(&self, address: u64) -> Option<FrameDescriptionEntry<Bytes>> {
        let table = self.header.table()?;
        table.fde_for_address(&self.frames, &self.bases, address, EhFrame::cie_from_offset).ok()
    }
}

/// A name as the source has it, if a compiler of Rust or C++ has made it.
fn demangled(name: &str) -> String {
    if let Ok(name) = rustc_demangle::try_demangle(name) {
        // Without the hash.
        return format!("{name:#}");
    }
    if name.starts_with("_Z")
        && let Ok(symbol) = cpp_demangle::Symbol::new(name)
        && let Ok(name) = symbol.demangle()
    {
        return name;
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        assert_eq!(demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"), "core::fmt::Write::write_fmt");
        assert_eq!(demangled("_RNvCs15kBYyAo9fc_7mycrate3foo"), "mycrate::foo");
        assert_eq!(demangled("_ZN3foo3barEi"), "foo::bar(int)");
        assert_eq!(demangled("__libc_start_main"), "__libc_start_main");
        assert_eq!(demangled("_Znonsense"), "_Znonsense");
    }
}
