//! Which file is mapped at an address: read off `/proc/self/maps`, without the dynamic loader and its locks.

use super::call;

/// What is kept of a path.
const PATH: usize = 400;

/// A file that is mapped at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapped {
    path: [u8; PATH],
    length: usize,
    /// Where in the file the address is.
    pub(crate) offset: u64,
}

impl Mapped {
    /// Its path; of a very long one the beginning.
    pub(crate) fn path(&self) -> &[u8] {
        self.path.get(..self.length).unwrap_or_default()
    }
}

/// What is mapped at an address; `None` if that is no file, or if there is no `/proc`.
pub(crate) fn at(address: u64) -> Option<Mapped> {
    let table = call::open(c"/proc/self/maps", libc::O_RDONLY).ok()?;
    let found = find(address, |bytes| call::read(table, bytes).unwrap_or(0));
    call::close(table);
    found
}

/// Looks through a table that is read in pieces; a piece of no length is the end.
fn find(address: u64, mut read: impl FnMut(&mut [u8]) -> usize) -> Option<Mapped> {
    let mut bytes = [0; 512];
    let mut row = Row::new();
    loop {
        let length = read(&mut bytes);
        for &byte in bytes.get(..length).filter(|piece| !piece.is_empty())? {
            if byte != b'\n' {
                row.take(byte);
            } else if row.is_file_at(address) {
                return Some(Mapped { path: row.path, length: row.length, offset: row.offset + (address - row.start) });
            } else {
                row = Row::new();
            }
        }
    }
}

/// A row of the table: `start-end rights offset device inode path` (fs/proc/task_mmu.c, `show_map_vma`). Numbers are hexadecimal.
struct Row {
    /// Which of its fields comes next.
    field: usize,
    start: u64,
    end: u64,
    offset: u64,
    path: [u8; PATH],
    length: usize,
}

impl Row {
    fn new() -> Row {
        Row { field: 0, start: 0, end: 0, offset: 0, path: [0; PATH], length: 0 }
    }

    fn take(&mut self, byte: u8) {
        const SPACES_BEFORE_PATH: usize = 5;
        let digit = |number: u64| number << 4 | char::from(byte).to_digit(16).map_or(0, u64::from);
        match (self.field, byte) {
            // The path may have spaces in it, and there are many before it.
            (SPACES_BEFORE_PATH, b' ') if self.length == 0 => {}
            (SPACES_BEFORE_PATH, _) => {
                if let Some(place) = self.path.get_mut(self.length) {
                    *place = byte;
                    self.length += 1;
                }
            }
            (_, b' ') => self.field += 1,
            (0, b'-') => (self.start, self.end) = (self.end, 0),
            (0, _) => self.end = digit(self.end),
            (2, _) => self.offset = digit(self.offset),
            _ => {}
        }
    }

    fn is_file_at(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address) && self.path.first() == Some(&b'/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
        1000-2000 r--p 00000000 08:01 123                        /lib/a b.so\n\
        2000-4000 r-xp 00001000 08:01 123                        /lib/a b.so\n\
        5000-6000 rw-p 00000000 00:00 0 \n\
        7fff00000000-7fff00001000 r-xp 00000000 00:00 0          [vdso]\n";

    fn found(table: &str, piece: usize, address: u64) -> Option<(String, u64)> {
        let mut rest = table.as_bytes();
        let read = |bytes: &mut [u8]| {
            let (now, later) = rest.split_at(rest.len().min(piece).min(bytes.len()));
            bytes[..now.len()].copy_from_slice(now);
            rest = later;
            now.len()
        };
        let mapped = find(address, read)?;
        Some((String::from_utf8(mapped.path().to_vec()).expect("ASCII"), mapped.offset))
    }

    #[test]
    fn files_are_found_however_the_table_is_read() {
        for piece in [1, 7, 100, 512] {
            assert_eq!(found(TABLE, piece, 0x1000), Some(("/lib/a b.so".into(), 0)));
            assert_eq!(found(TABLE, piece, 0x2345), Some(("/lib/a b.so".into(), 0x1345)));
            for nothing in [0, 0x4000, 0x5000, 0x7fff_0000_0000, u64::MAX] {
                assert_eq!(found(TABLE, piece, nothing), None, "{nothing:#x}");
            }
        }
    }

    #[test]
    fn a_path_that_is_too_long_is_cut() {
        let table = format!("1000-2000 r-xp 0 08:01 1 /{}\n3000-4000 r-xp 0 08:01 1 /b\n", "a".repeat(2 * PATH));
        assert_eq!(found(&table, 512, 0x1000).expect("a file").0.len(), PATH);
        assert_eq!(found(&table, 512, 0x3010), Some(("/b".into(), 0x10)));
    }

    #[test]
    fn this_code_is_in_the_file_that_runs() {
        let mapped = at(at as *const () as u64).expect("a file");
        let program = std::env::current_exe().expect("a path");
        assert_eq!(String::from_utf8_lossy(mapped.path()), program.to_string_lossy());
        assert_eq!(at(0), None);
    }
}
