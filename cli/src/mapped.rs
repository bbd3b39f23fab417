//! The files that a process has code of, and what that code is now: `/proc/PID/maps` and `/proc/PID/mem`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use syscall_intercept::index::copy;

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    id: u32,
    memory: File,
    mappings: Vec<Mapping>,
}

/// Code of a file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) addresses: Range<u64>,
    /// Where in the file it begins.
    pub(crate) offset: u64,
    pub(crate) inode: u64,
    /// As the kernel names it: of a file that has no name any more it says so, and writes a newline in a name as `\012`.
    pub(crate) path: PathBuf,
}

impl Process {
    /// Looks at one that runs.
    pub(crate) fn open(id: u32) -> io::Result<Process> {
        let maps = fs::read(format!("/proc/{id}/maps"))?;
        let memory = File::open(format!("/proc/{id}/mem"))?;
        Ok(Process { id, memory, mappings: code(&maps) })
    }

    /// The files, by the names it knows them by, in the order of memory.
    pub(crate) fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = Vec::new();
        for mapping in &self.mappings {
            if !files.contains(&mapping.path.as_path()) {
                files.push(&mapping.path);
            }
        }
        files
    }

    /// Where one of them is found from here: the process may have another root.
    pub(crate) fn place(&self, file: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.id));
        root.join(file.strip_prefix("/").unwrap_or(file))
    }

    /// So many bytes of the code at an offset of a file, as they are now.
    pub(crate) fn code(&self, file: &Path, offset: u64, length: usize) -> Option<Vec<u8>> {
        let mapping = self.mappings.iter().find(|mapping| {
            let behind = offset.checked_sub(mapping.offset);
            mapping.path == file
                && behind.is_some_and(|behind| behind < mapping.addresses.end - mapping.addresses.start)
        })?;
        let mut bytes = vec![0; length];
        self.memory.read_exact_at(&mut bytes, mapping.addresses.start + (offset - mapping.offset)).ok()?;
        Some(bytes)
    }
}

/// All code of files that the kernel has listed, in the order of memory.
pub(crate) fn code(maps: &[u8]) -> Vec<Mapping> {
    let (mut code, mut before) = (Vec::new(), None);
    for line in maps.split(|&byte| byte == b'\n') {
        let found = Mapping::parse(line);
        if let Some((mapping, true)) = found.clone() {
            code.extend(mapping.of_library(before.as_ref()));
        }
        before = found.map(|(mapping, _)| mapping);
    }
    code
}

impl Mapping {
    /// The same as a part of the library that it is of, if it is of a patched copy, given what comes before it in memory: the library is
    /// there but for its code. What else is mapped of a copy are stubs.
    fn of_library(self, before: Option<&Mapping>) -> Option<Mapping> {
        if !copy::is_place(&self.path) {
            return Some(self);
        }
        let Mapping { addresses, offset, inode, path } = before?;
        let goes_on =
            addresses.end == self.addresses.start && offset + (addresses.end - addresses.start) == self.offset;
        goes_on.then(|| Mapping { inode: *inode, path: path.clone(), ..self })
    }

    /// One line: `7f00-7f10 r-xp 00001000 fd:00 1234      /lib/libc.so.6`. Answers also whether it is code. `None` if it is not of a file.
    fn parse(line: &[u8]) -> Option<(Mapping, bool)> {
        let mut words = line.splitn(6, |&byte| byte == b' ');
        let mut word = || std::str::from_utf8(words.next()?).ok();
        let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
        let (start, end) = word()?.split_once('-')?;
        let (rights, offset) = (word()?, hexadecimal(word()?)?);
        let _device = word()?;
        let inode = word()?.parse().ok()?;
        let path = words.next()?.trim_ascii_start();
        if !path.starts_with(b"/") {
            return None;
        }
        let path = PathBuf::from(OsStr::from_bytes(path));
        let mapping = Mapping { addresses: hexadecimal(start)?..hexadecimal(end)?, offset, inode, path };
        Some((mapping, rights.contains('x')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_counts() {
        let found = code(b"1000-3000 r-xp 00026000 fe:00 1835027    /a folder/libc.so.6\n");
        let addresses = 0x1000..0x3000;
        assert_eq!(found, [Mapping { addresses, offset: 0x26000, inode: 1835027, path: "/a folder/libc.so.6".into() }]);
        assert_eq!(code(b"1000-3000 r--p 00026000 fe:00 1835027    /libc.so.6"), []);
        assert_eq!(code(b"1000-3000 r-xp 00000000 00:00 0    [vdso]"), []);
        assert_eq!(code(b"1000-3000 r-xp 00000000 00:00 0"), []);
        assert_eq!(code(b""), []);
    }

    #[test]
    fn the_code_of_a_patched_copy_is_that_of_its_library() {
        let found = code(
            b"0900-0a00 r-xp 001d7000 fe:00 7    /usr/lib/an.index.copies/93ac61ec5a8eb139/libc.so.6\n\
            0c00-1000 r--p 00000000 fe:00 6    /lib/libc.so.6\n\
            1000-3000 r-xp 00000400 fe:00 7    /usr/lib/an.index.copies/93ac61ec5a8eb139/libc.so.6\n\
            3000-4000 r--p 00002400 fe:00 6    /lib/libc.so.6\n",
        );
        assert_eq!(
            found,
            [Mapping { addresses: 0x1000..0x3000, offset: 0x400, inode: 6, path: "/lib/libc.so.6".into() }]
        );
    }

    #[test]
    fn own_code_is_as_it_is_in_the_file() {
        let process = Process::open(std::process::id()).expect("this process");
        let own = std::env::current_exe().expect("a path");
        assert!(process.files().contains(&own.as_path()));
        let mapping = process.mappings.iter().find(|mapping| mapping.path == own).expect("code");
        let mut bytes = [0; 16];
        let file = File::open(process.place(&own)).expect("the file");
        file.read_exact_at(&mut bytes, mapping.offset).expect("bytes");
        assert_eq!(process.code(&own, mapping.offset, 16).expect("bytes"), bytes);
        assert_eq!(process.code(Path::new("/no/such/file"), 0, 1), None);
    }
}
