//! Which file an address in a process is of: `/proc/PID/maps` (proc_pid_maps(5)).

use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::file::File;
use super::frame::Frame;
use crate::mapped;

/// What is mapped into a process, as far as code can be in it.
#[derive(Debug, Default)]
pub(super) struct Maps {
    /// In the order of their addresses.
    mappings: Vec<Mapping>,
    /// Where the library is.
    library: Range<u64>,
}

#[derive(Debug)]
struct Mapping {
    addresses: Range<u64>,
    /// Where in the file it begins.
    offset: u64,
    path: String,
    /// `None` if it cannot be opened, or was replaced.
    file: Option<Rc<File>>,
}

/// A place in a file.
#[derive(Debug)]
pub(super) struct Place<'a> {
    mapping: &'a Mapping,
}

impl Maps {
    /// Reads the text of the kernel. Each file is opened by what is given.
    pub(super) fn parse(text: &[u8], library: Range<u64>, mut open: impl FnMut(Named) -> Option<Rc<File>>) -> Maps {
        let mappings = mapped::code(text).into_iter().map(|mapping| Mapping::of(mapping, &mut open)).collect();
        Maps { mappings, library }
    }

    /// What is at an address.
    pub(super) fn find(&self, address: u64) -> Option<Place<'_>> {
        let behind = self.mappings.partition_point(|mapping| mapping.addresses.start <= address);
        let mapping = self.mappings.get(behind.checked_sub(1)?)?;
        mapping.addresses.contains(&address).then_some(Place { mapping })
    }

    /// Whether the library's code is at an address.
    pub(super) fn is_of_library(&self, address: u64) -> bool {
        self.library.contains(&address)
    }
}

/// A file as the kernel names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    pub(super) inode: u64,
}

impl Mapping {
    fn of(mapping: mapped::Mapping, open: &mut impl FnMut(Named) -> Option<Rc<File>>) -> Mapping {
        let mapped::Mapping { addresses, offset, inode, path } = mapping;
        let shown = path.to_string_lossy().into_owned();
        let is_deleted = path.as_os_str().as_bytes().ends_with(b" (deleted)");
        let file = if is_deleted { None } else { open(Named { path, inode }) };
        Mapping { addresses, offset, path: shown, file }
    }
}

impl Place<'_> {
    /// The file, and where in it an address of the process is.
    pub(super) fn in_file(&self, address: u64) -> Option<(&File, u64)> {
        Some((self.mapping.file.as_deref()?, self.offset(address)))
    }

    fn offset(&self, address: u64) -> u64 {
        address.wrapping_sub(self.mapping.addresses.start).wrapping_add(self.mapping.offset)
    }

    /// What is shown of it: the program goes on at `ip`.
    pub(super) fn frame(&self, place: u64, ip: u64) -> Arc<Frame> {
        let offset = self.offset(ip);
        match &self.mapping.file {
            Some(file) => file.frame(&self.mapping.path, self.offset(place), offset),
            None => Arc::new(Frame { file: self.mapping.path.clone(), offset, ..Frame::default() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
        55d0-55e0 r--p 00000000 fd:00 42                         /bin/a program\n\
        55e0-55f0 r-xp 00001000 fd:00 42                         /bin/a program\n\
        6000-6100 rwxp 00000000 00:00 0 \n\
        7f00-7f80 r-xp 00020000 fd:00 43                         /lib/old.so (deleted)\n\
        7fff-8000 r-xp 00000000 00:00 0                          [vdso]\n\
        nonsense\n";

    #[test]
    fn an_address_is_found_in_the_code_of_a_file() {
        let mut opened = Vec::new();
        let maps = Maps::parse(TEXT, 0x7f00..0x7f80, |named| {
            opened.push(named);
            None
        });
        assert_eq!(opened, [Named { path: PathBuf::from("/bin/a program"), inode: 42 }]);
        let frame = |address| maps.find(address).map(|place| place.frame(address, address + 1).to_string());
        assert_eq!(frame(0x55e5).as_deref(), Some("/bin/a program() [0x1006]"));
        assert_eq!(frame(0x7f7f).as_deref(), Some("/lib/old.so (deleted)() [0x20080]"));
        for address in [0, 0x55d0, 0x55f0, 0x6000, 0x7fff, u64::MAX] {
            assert_eq!(frame(address), None, "{address:#x}");
        }
        assert!(maps.is_of_library(0x7f00) && !maps.is_of_library(0x55e5));
    }
}
