//! Symbol tables: functions and their names, read one after the other and believed in nothing.

use std::ops::Range;

use goblin::elf::section_header::SHN_UNDEF;
use goblin::elf::sym::Symtab;

use super::file::CONTEXT;

/// Length of an `Elf64_Sym`.
const SYMBOL: usize = 24;
/// A longer name is none: nobody would read it, and a hostile file may let every symbol have all of it for a name.
const LONGEST_NAME: usize = 1024;

/// A function and its name.
#[derive(Debug, Clone)]
pub struct Symbol<'a> {
    /// The addresses it occupies; empty if the symbol has no size, as with functions written by hand.
    pub range: Range<u64>,
    /// Its name.
    pub name: &'a str,
}

/// The bytes of a symbol table and of its names.
pub(super) struct Table<'a> {
    pub(super) symbols: &'a [u8],
    pub(super) names: &'a [u8],
}

impl<'a> Table<'a> {
    /// The first symbols alone.
    pub(super) fn cut(self, count: usize) -> Self {
        let symbols = count.checked_mul(SYMBOL).and_then(|length| self.symbols.get(..length));
        Table { symbols: symbols.unwrap_or(self.symbols), ..self }
    }

    /// The functions that are in the file, in the order of the table.
    pub(super) fn functions(&self) -> impl Iterator<Item = Symbol<'a>> {
        let table = Symtab::parse(self.symbols, 0, self.symbols.len() / SYMBOL, CONTEXT).unwrap_or_default();
        let symbols = (0..self.symbols.len() / SYMBOL).map_while(move |at| table.get(at));
        let functions = symbols.filter(|symbol| symbol.is_function() && symbol.st_shndx != SHN_UNDEF as usize);
        let names = self.names;
        functions.map(move |symbol| Symbol {
            range: symbol.st_value..symbol.st_value.saturating_add(symbol.st_size),
            name: name(names, symbol.st_name).unwrap_or_default(),
        })
    }
}

/// The name at an offset into the names, if it is one that can be shown: a terminal obeys control characters.
fn name(names: &[u8], at: usize) -> Option<&str> {
    let name = names.get(at..)?;
    let end = name.iter().take(LONGEST_NAME).position(|&byte| byte == 0)?;
    std::str::from_utf8(&name[..end]).ok().filter(|name| !name.contains(char::is_control))
}

/// A 32-bit word of a table.
fn word(table: &[u8], index: usize) -> Option<u32> {
    let start = index.checked_mul(4)?;
    Some(u32::from_le_bytes(*table.get(start..)?.first_chunk()?))
}

/// How many symbols a `DT_HASH` table indexes: how many buckets; how many symbols; ...
pub(super) fn count_by_hash(table: &[u8]) -> Option<usize> {
    word(table, 1).map(|count| count as usize)
}

/// How many symbols a `DT_GNU_HASH` table indexes: one more than the last of them. The table: how many buckets; the first
/// symbol that is indexed; the words of the Bloom filter, of eight bytes; its shift; that filter; for each bucket its first symbol;
/// for each symbol its hash, with the lowest bit set in the last one of a bucket.
pub(super) fn count_by_gnu_hash(table: &[u8]) -> Option<usize> {
    let [buckets, first, filter] = [0, 1, 2].map(|index| word(table, index));
    let (buckets, first, filter) = (buckets? as usize, first? as usize, filter? as usize);
    let start = 4 + 2 * filter;
    // A filter or buckets that go on behind the table hold nothing.
    let last = (start..start + buckets).map_while(|index| word(table, index)).max()? as usize;
    let mut chain = (last.checked_sub(first)?..).map(|offset| word(table, start + buckets + offset));
    let rest = chain.position(|hash| hash.is_none_or(|hash| hash & 1 != 0))?;
    Some(last + rest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn the_hash_tables_say_how_many_symbols_there_are() {
        assert_eq!(count_by_hash(&words(&[3, 7, 0, 0])), Some(7));
        // Two buckets, from symbol 2 on, one word of filter; symbols 2 and 3 in the first bucket, 4 to 6 in the second.
        let table = [2, 2, 1, 6, 0, 0, 2, 4, 0x10, 0x11, 0x20, 0x22, 0x31];
        assert_eq!(count_by_gnu_hash(&words(&table)), Some(7));
        // Cut off in the last bucket, which then ends there; without buckets, with more of everything than there can be.
        assert_eq!(count_by_gnu_hash(&words(&table[..11])), Some(6));
        assert_eq!(count_by_gnu_hash(&words(&[0, 2, 1, 6, 0, 0])), None);
        assert_eq!(count_by_gnu_hash(&words(&[u32::MAX; 8])), None);
        assert_eq!(count_by_gnu_hash(&[1, 2, 3]), None);
    }

    #[test]
    fn a_name_is_what_can_be_shown() {
        let names = b"\0read\0\x1b[31m\0no end";
        assert_eq!(
            [0, 1, 3, 6, 12, 99].map(|at| name(names, at)),
            [Some(""), Some("read"), Some("ad"), None, None, None]
        );
        assert_eq!(name(&[b'x'; 2000], 0), None);
    }
}
