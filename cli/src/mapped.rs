//! The files that a process has code of, and what that code is now: `/proc/PID/maps` and `/proc/PID/mem`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    id: u32,
    memory: File,
    mappings: Vec<Mapping>,
}

/// Code of a file in memory.
#[derive(Debug, PartialEq, Eq)]
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
        Ok(Process { id, memory, mappings: maps.split(|&byte| byte == b'\n').filter_map(Mapping::parse).collect() })
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

impl Mapping {
    /// One line: `7f00-7f10 r-xp 00001000 fd:00 1234      /lib/libc.so.6`. `None` if there is no code of a file in it.
    pub(crate) fn parse(line: &[u8]) -> Option<Mapping> {
        let mut words = line.splitn(6, |&byte| byte == b' ');
        let mut word = || std::str::from_utf8(words.next()?).ok();
        let hexadecimal = |text: &str| u64::from_str_radix(text, 16).ok();
        let (start, end) = word()?.split_once('-')?;
        let (rights, offset) = (word()?, hexadecimal(word()?)?);
        let _device = word()?;
        let inode = word()?.parse().ok()?;
        let path = words.next()?.trim_ascii_start();
        if !rights.contains('x') || !path.starts_with(b"/") {
            return None;
        }
        let path = PathBuf::from(OsStr::from_bytes(path));
        Some(Mapping { addresses: hexadecimal(start)?..hexadecimal(end)?, offset, inode, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_counts() {
        let code = Mapping::parse(b"1000-3000 r-xp 00026000 fe:00 1835027    /a folder/libc.so.6").expect("code");
        assert_eq!((code.addresses, code.offset, code.path), (0x1000..0x3000, 0x26000, "/a folder/libc.so.6".into()));
        assert_eq!(Mapping::parse(b"1000-3000 r--p 00026000 fe:00 1835027    /libc.so.6"), None);
        assert_eq!(Mapping::parse(b"1000-3000 r-xp 00000000 00:00 0    [vdso]"), None);
        assert_eq!(Mapping::parse(b"1000-3000 r-xp 00000000 00:00 0"), None);
        assert_eq!(Mapping::parse(b""), None);
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
