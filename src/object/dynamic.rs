//! What an object's dynamic section says: the name it has, whatever file it is in; which others it needs; whether it can be
//! unloaded.

use super::Image;

const DT_NULL: u64 = 0;
/// Names an object that is needed; there may be several.
pub(super) const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
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
    let table = values(image, dynamic, DT_STRTAB).next();
    let table = table.and_then(|table| image.tail(table).or_else(|| image.tail(table.wrapping_add(bias))));
    let name = move |offset| table?.get(usize::try_from(offset).ok()?..)?.split(|&byte| byte == 0).next();
    values(image, dynamic, tag).filter_map(name)
}

/// Whether the loader keeps the object until the process ends, whoever closes it: it was linked with `-z nodelete`.
pub(super) fn stays(image: &Image<'_>, dynamic: u64) -> bool {
    values(image, dynamic, DT_FLAGS_1).any(|flags| flags & DF_1_NODELETE != 0)
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
