//! What an object's dynamic section says: the name it has, whatever file it is in; whether it can be unloaded.

use super::Image;

const DT_NULL: u64 = 0;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_NODELETE: u64 = 8;

/// `DT_SONAME` of a loaded object whose dynamic section is at an address; `bias` is what the loader has added to the addresses
/// of the file.
///
/// glibc has added it to the address of the names, too, when a program sees it; musl leaves the section as it is in the file.
pub(super) fn soname<'a>(image: &Image<'a>, dynamic: u64, bias: u64) -> Option<&'a [u8]> {
    let names = value(image, dynamic, DT_STRTAB)?;
    let names = image.tail(names).or_else(|| image.tail(names.wrapping_add(bias)))?;
    let name = names.get(usize::try_from(value(image, dynamic, DT_SONAME)?).ok()?..)?;
    name.split(|&byte| byte == 0).next()
}

/// Whether the loader keeps the object until the process ends, whoever closes it: it was linked with `-z nodelete`.
pub(super) fn stays(image: &Image<'_>, dynamic: u64) -> bool {
    value(image, dynamic, DT_FLAGS_1).is_some_and(|flags| flags & DF_1_NODELETE != 0)
}

/// The first entry with a tag.
fn value(image: &Image<'_>, dynamic: u64, wanted: u64) -> Option<u64> {
    let (entries, _) = image.tail(dynamic)?.as_chunks::<16>();
    let halves = entries.iter().filter_map(|entry| Some((entry.first_chunk()?, entry.last_chunk()?)));
    let entries = halves.map(|(tag, value)| (u64::from_le_bytes(*tag), u64::from_le_bytes(*value)));
    entries.take_while(|&(tag, _)| tag != DT_NULL).find_map(|(tag, value)| (tag == wanted).then_some(value))
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
