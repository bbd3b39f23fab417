//! What a copy says of itself, on its last page: numbers of eight bytes, little-endian.

use std::ops::Range;

use super::{Code, DISTANCE, Original, PAGE};
use crate::index::{FINGERPRINT, ID, hash};
use crate::trampoline::{Row, header};

/// How the page begins.
pub(super) const MAGIC: [u8; 8] = *b"syscopy\0";

/// How many numbers it has, the hash of the others at the end.
const WORDS: usize = 2 + ID / 8 + 18 + 1;

/// What a copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    /// The build-id, padded with zeros.
    pub(super) id: [u8; ID],
    pub(super) original: Original,
    /// The code: its address in the file, and where it is in the file and in the copy.
    pub(super) code: Code,
    /// The first address of the object in the file.
    pub(super) start: u64,
    /// The address of the first site that is patched, in the file; and the hash of its page there.
    pub(super) sample: (u64, u64),
    /// Where the stubs and their table are in the copy: whole pages.
    pub(super) stubs: Range<u64>,
    /// Where the table is behind the beginning of the stubs, and how many rows it has.
    pub(super) table: u64,
    pub(super) rows: u64,
    /// How many sites are on each rung: in place, in place with a short jump, in stub, in stub with a short jump, left alone.
    pub(super) counts: [u64; 5],
}

impl About {
    /// The last page of a copy.
    pub(super) fn page(&self) -> Vec<u8> {
        let About { id, original, code, start, sample, stubs, table, rows, counts } = self;
        let Original { size, changed: (seconds, nanoseconds) } = *original;
        let id = id.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        let numbers =
            [size, seconds.cast_unsigned(), nanoseconds.cast_unsigned(), code.address, code.offset, code.length];
        let words = [u64::from_le_bytes(MAGIC), FINGERPRINT].into_iter().chain(id).chain(numbers);
        let words = words.chain([*start, sample.0, sample.1, stubs.start, stubs.end, *table, *rows]).chain(*counts);
        let mut page: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        page.extend(hash(&page).to_le_bytes());
        debug_assert_eq!(page.len(), WORDS * 8);
        page.resize(PAGE as usize, 0);
        page
    }

    /// What stands on the last page of a copy of this length. `None` if it is not one that this version has made, or not whole.
    pub(super) fn read(page: &[u8; PAGE as usize], length: u64) -> Option<About> {
        let (said, rest) = page.split_at(8 * (WORDS - 1));
        if rest.first_chunk() != Some(&hash(said).to_le_bytes()) {
            return None;
        }
        let (id, numbers) = said.get(16..)?.split_first_chunk::<ID>()?;
        let mut words = numbers.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next();
        let original = Original { size: next()?, changed: (next()?.cast_signed(), next()?.cast_signed()) };
        let code = Code { address: next()?, offset: next()?, length: next()? };
        let (start, sample) = (next()?, (next()?, next()?));
        let (stubs, table, rows) = (next()?..next()?, next()?, next()?);
        let counts = [next()?, next()?, next()?, next()?, next()?];
        let about = About { id: *id, original, code, start, sample, stubs, table, rows, counts };
        let whole = said.starts_with(&[MAGIC, FINGERPRINT.to_le_bytes()].concat());
        (whole && about.makes_sense(length)).then_some(about)
    }

    /// Whether all that it speaks of is where it can be.
    fn makes_sense(&self, length: u64) -> bool {
        let About { code, stubs, table, rows, .. } = self;
        let pages = [code.address, code.offset, code.length, stubs.start, stubs.end, self.start];
        let end_of_code = code.offset.checked_add(code.length);
        let end_of_table = rows.checked_mul(size_of::<Row>() as u64).and_then(|rows| table.checked_add(rows));
        let room = DISTANCE - header::LENGTH as u64;
        pages.iter().all(|place| place.is_multiple_of(PAGE))
            && end_of_code.is_some_and(|end| end <= stubs.start)
            && stubs.start < stubs.end
            && stubs.end + PAGE == length
            && stubs.end - stubs.start <= room
            && table.is_multiple_of(align_of::<Row>() as u64)
            && end_of_table.is_some_and(|end| end <= stubs.end - stubs.start)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const LENGTH: u64 = 0x1e_0000;

    fn about() -> About {
        About {
            id: [7; ID],
            original: Original { size: 0x1d_6457, changed: (-1, 999_999_999) },
            code: Code { address: 0x2_6000, offset: 0x2_6000, length: 0x15_6000 },
            start: 0,
            sample: (0x2_6428, 77),
            stubs: 0x1d_7000..LENGTH - PAGE,
            table: 0x6000,
            rows: 526,
            counts: [500, 20, 4, 2, 0],
        }
    }

    fn read(about: &About) -> Option<About> {
        About::read(about.page().first_chunk().unwrap(), LENGTH)
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&about()), Some(about()));
        let page = about().page();
        for at in 0..8 * WORDS {
            let mut changed = page.clone();
            changed[at] ^= 0x10;
            assert_eq!(About::read(changed.first_chunk().unwrap(), LENGTH), None, "byte {at}");
        }
    }

    #[test]
    fn nonsense_is_not_believed_though_it_is_whole() {
        type Change = fn(&mut About);
        let nonsense: [(&str, Change); 10] = [
            ("code in the middle of a page", |about| about.code.offset += 1),
            ("code that is nowhere", |about| about.code.length = u64::MAX - PAGE + 1),
            ("code among the stubs", |about| about.code.length = 0x1e_0000),
            ("no stubs", |about| about.stubs.start = about.stubs.end),
            ("stubs that are longer than the file", |about| about.stubs.end += PAGE),
            ("stubs that begin before the file", |about| about.stubs.start = 0_u64.wrapping_sub(PAGE)),
            ("a table across words", |about| about.table += 1),
            ("a table behind the stubs", |about| about.table = 0x9000),
            ("rows behind the stubs", |about| about.rows = 0x1000),
            ("more rows than can be counted", |about| about.rows = u64::MAX / 4),
        ];
        for (what, change) in nonsense {
            let mut changed = about();
            change(&mut changed);
            assert_eq!(read(&changed), None, "{what}");
        }
        assert_eq!(About::read(about().page().first_chunk().unwrap(), LENGTH + PAGE), None, "a longer file");
    }
}
