//! What an object's dynamic section says: the name it has, whatever file it is in; which others it needs; whether it can be
//! unloaded; and what it defines.

use super::Image;

const DT_NULL: u64 = 0;
/// Names an object that is needed; there may be several.
pub(super) const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const DT_SONAME: u64 = 14;
const DT_DEBUG: u64 = 21;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_NODELETE: u64 = 8;

/// `DT_SONAME` of a loaded object whose dynamic section is at an address; `bias` is what the loader has added to the addresses
/// of the file.
///
/// glibc has added it to the address of the names, too, when a program sees it; musl leaves the section as it is in the file.
pub(super) fn soname<'a>(image: &Image<'a>, dynamic: u64, bias: u64) -> Option<&'a [u8]> {
    names(image, dynamic, bias, DT_SONAME).next()
}

/// The same for all entries with a tag.
pub(super) fn names<'a>(
    image: &Image<'a>,
    dynamic: u64,
    bias: u64,
    tag: u64,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let table = table(image, dynamic, bias, DT_STRTAB);
    let name = move |offset| table?.get(usize::try_from(offset).ok()?..)?.split(|&byte| byte == 0).next();
    values(image, dynamic, tag).filter_map(name)
}

/// Whether the loader keeps the object until the process ends, whoever closes it: it was linked with `-z nodelete`.
pub(super) fn stays(image: &Image<'_>, dynamic: u64) -> bool {
    values(image, dynamic, DT_FLAGS_1).any(|flags| flags & DF_1_NODELETE != 0)
}

/// The address of a symbol that an object defines: that in its file. The outer `None` says that it has no table to look it up in.
///
/// `dlsym` would do, but of what is not there it makes a sentence, in the language of the user.
pub(super) fn defined(image: &Image<'_>, dynamic: u64, bias: u64, wanted: &[u8]) -> Option<Option<u64>> {
    let hashes = table(image, dynamic, bias, DT_GNU_HASH)?;
    let symbols = table(image, dynamic, bias, DT_SYMTAB)?;
    let names = table(image, dynamic, bias, DT_STRTAB)?;
    Some(find(hashes, symbols, names, wanted))
}

/// Looks a name up in the tables of an object: "ELF: symbol hash table", as GNU's linkers write it.
fn find(hashes: &[u8], symbols: &[u8], names: &[u8], wanted: &[u8]) -> Option<u64> {
    let word = |at: usize| hashes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word));
    let [buckets, first, words] = [0, 4, 8].map(|at| word(at).map(|count| count as usize));
    let (buckets, first) = (buckets.filter(|&buckets| buckets > 0)?, first?);
    // A header of four words, a filter of long words, the buckets, and for each symbol a hash whose last bit ends a chain.
    let table = words?.checked_mul(8)?.checked_add(16)?;
    let chains = buckets.checked_mul(4)?.checked_add(table)?;
    let hash = wanted.iter().fold(5381_u32, |hash, &byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
    // The filter has two bits of each name. Where they are missing, and mostly they are, neither buckets nor symbols are looked at.
    let bits = 1_u64 << (hash % 64) | 1 << ((hash >> (word(12)? % 32)) % 64);
    let filter = hashes.get(16 + hash as usize / 64 % words?.max(1) * 8..)?.first_chunk()?;
    if u64::from_le_bytes(*filter) & bits != bits {
        return None;
    }
    let mut index = word(table.checked_add(hash as usize % buckets * 4)?)? as usize;
    while index >= first {
        let entry = word(chains.checked_add((index - first).checked_mul(4)?)?)?;
        if (entry ^ hash) >> 1 == 0 {
            let symbol = symbols.get(index.checked_mul(SYMBOL)?..)?.first_chunk::<SYMBOL>()?;
            let &[a, b, c, d, _, _, section, other, e, f, g, h, i, j, k, l, ..] = symbol;
            let name = names.get(u32::from_le_bytes([a, b, c, d]) as usize..)?;
            let is_defined = u16::from_le_bytes([section, other]) != 0;
            if is_defined && name.strip_prefix(wanted).is_some_and(|rest| rest.first() == Some(&0)) {
                return Some(u64::from_le_bytes([e, f, g, h, i, j, k, l]));
            }
        }
        if entry & 1 == 1 {
            break;
        }
        index += 1;
    }
    None
}

/// `sizeof(Elf64_Sym)`
const SYMBOL: usize = 24;

/// From the beginning of a table to the end of its segment.
fn table<'a>(image: &Image<'a>, dynamic: u64, bias: u64, tag: u64) -> Option<&'a [u8]> {
    let table = values(image, dynamic, tag).next()?;
    image.tail(table).or_else(|| image.tail(table.wrapping_add(bias)))
}

/// Where the loader has put the list of what it has loaded, for debuggers; in the dynamic section of an executable.
pub(super) fn list_of_loader(image: &Image<'_>, dynamic: u64) -> Option<u64> {
    values(image, dynamic, DT_DEBUG).next().filter(|&address| address != 0)
}

/// The values of the entries with a tag.
fn values<'a>(image: &Image<'a>, dynamic: u64, wanted: u64) -> impl Iterator<Item = u64> + use<'a> {
    let (entries, _) = image.tail(dynamic).unwrap_or_default().as_chunks::<16>();
    let halves = entries.iter().filter_map(|entry| Some((entry.first_chunk()?, entry.last_chunk()?)));
    let entries = halves.map(|(tag, value)| (u64::from_le_bytes(*tag), u64::from_le_bytes(*value)));
    entries.take_while(|&(tag, _)| tag != DT_NULL).filter_map(move |(tag, value)| (tag == wanted).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Segment;

    /// Names at 0x1000, and a dynamic section of these entries at 0x1020.
    fn soname_with(entries: &[(u64, u64)], bias: u64) -> Option<String> {
        let mut bytes = b"\0libm.so.6\0libc.so.6\0".to_vec();
        bytes.resize(0x20, 0);
        entries.iter().for_each(|(tag, value)| bytes.extend([tag.to_le_bytes(), value.to_le_bytes()].concat()));
        let segment = Segment { address: 0x1000 + bias, bytes: &bytes, executable: false, file_offset: 0 };
        let name = soname(&Image::new(vec![segment]), 0x1020 + bias, bias)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    #[test]
    fn it_is_found_whether_or_not_the_loader_has_relocated_the_section() {
        let bias = 0x7f00_0000_0000;
        let name = Some("libc.so.6".to_owned());
        assert_eq!(soname_with(&[(DT_SONAME, 11), (DT_STRTAB, 0x1000 + bias), (DT_NULL, 0)], bias), name);
        assert_eq!(soname_with(&[(1, 1), (DT_STRTAB, 0x1000), (DT_SONAME, 11), (DT_NULL, 0)], bias), name);
        assert_eq!(soname_with(&[(DT_STRTAB, 0x1000), (DT_SONAME, 11)], 0), name);
    }

    /// A table with one bucket, whose chain is two symbols: `other`, and `wanted` at 0x1234.
    fn hashes() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let hash =
            |name: &[u8]| name.iter().fold(5381_u32, |hash, &byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
        let bits = |name: &[u8]| 1_u64 << (hash(name) % 64) | 1 << ((hash(name) >> 6) % 64);
        let filter = bits(b"other") | bits(b"wanted");
        let [low, high] = [filter as u32, (filter >> 32) as u32];
        let words = [1, 1, 1, 6, low, high, 1, hash(b"other") & !1, hash(b"wanted") | 1];
        let symbol = |name: u32, section: u16, value: u64| {
            [&name.to_le_bytes()[..], &[0x11, 0], &section.to_le_bytes(), &value.to_le_bytes(), &[0; 8]].concat()
        };
        let symbols = [symbol(0, 0, 0), symbol(1, 7, 1), symbol(7, 7, 0x1234)].concat();
        (words.map(u32::to_le_bytes).as_flattened().to_vec(), symbols, b"\0other\0wanted\0".to_vec())
    }

    #[test]
    fn a_symbol_is_found_by_its_whole_name() {
        let (hashes, mut symbols, names) = hashes();
        let find = |symbols: &[u8], name: &[u8]| find(&hashes, symbols, &names, name);
        assert_eq!(
            [b"other", b"wants", &b"wanted"[..]].map(|name| find(&symbols, name)),
            [Some(1), None, Some(0x1234)]
        );
        symbols[2 * SYMBOL + 6] = 0;
        assert_eq!(find(&symbols, b"wanted"), None, "referred to, and not defined");
    }

    #[test]
    fn what_the_filter_lacks_is_not_looked_for() {
        let (mut hashes, symbols, names) = hashes();
        hashes[16..24].fill(0);
        assert_eq!(find(&hashes, &symbols, &names, b"wanted"), None);
        hashes[16..24].fill(0xff);
        assert_eq!(find(&hashes, &symbols, &names, b"wanted"), Some(0x1234));
    }

    #[test]
    fn tables_cut_short_or_full_of_nonsense_define_nothing() {
        let (hashes, symbols, names) = hashes();
        for length in 0..hashes.len() {
            assert_eq!(find(&hashes[..length], &symbols, &names, b"wanted"), None);
        }
        for at in 0..hashes.len() {
            for value in [0, 0xff] {
                let mut wrong = hashes.clone();
                wrong[at] = value;
                assert!(matches!(find(&wrong, &symbols, &names, b"wanted"), None | Some(0x1234)));
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_no_name() {
        for entries in [
            &[(DT_STRTAB, 0x1000), (DT_NULL, 0), (DT_SONAME, 11)][..],
            &[(DT_SONAME, 11), (DT_NULL, 0)],
            &[(DT_STRTAB, 0x9000), (DT_SONAME, 11)],
            &[(DT_STRTAB, 0x1000), (DT_SONAME, u64::MAX)],
            &[],
        ] {
            assert_eq!(soname_with(entries, 0), None, "{entries:x?}");
        }
    }
}
