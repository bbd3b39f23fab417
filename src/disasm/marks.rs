//! Some of the addresses of a range: one bit for each address.

use std::ops::Range;

/// A set of addresses within a range.
#[derive(Debug, Default)]
pub(super) struct Marks {
    start: u64,
    words: Vec<u64>,
}

const BITS: u64 = u64::BITS as u64;

impl Marks {
    /// Forgets all marks, and makes room for those of another range.
    pub(super) fn restart(&mut self, range: &Range<u64>) {
        self.start = range.start;
        self.words.clear();
        self.words.resize((range.end - range.start).div_ceil(BITS) as usize, 0);
    }

    /// Marks an address of the range.
    #[inline]
    pub(super) fn set(&mut self, address: u64) {
        let at = address.wrapping_sub(self.start);
        if let Some(word) = self.words.get_mut((at / BITS) as usize) {
            *word |= 1 << (at % BITS);
        }
    }

    /// Whether an address is marked.
    pub(super) fn has(&self, address: u64) -> bool {
        let at = address.wrapping_sub(self.start);
        self.words.get((at / BITS) as usize).is_some_and(|word| word >> (at % BITS) & 1 != 0)
    }

    /// The first marked address from `from` on.
    pub(super) fn next(&self, from: u64) -> Option<u64> {
        let at = from.saturating_sub(self.start);
        let first = (at / BITS) as usize;
        let head = self.words.get(first)? & (u64::MAX << (at % BITS));
        let rest = self.words[first + 1..].iter().copied();
        let (distance, word) = std::iter::once(head).chain(rest).enumerate().find(|(_, word)| *word != 0)?;
        Some(self.start + (first + distance) as u64 * BITS + u64::from(word.trailing_zeros()))
    }

    /// The last marked address before `until`.
    pub(super) fn previous(&self, until: u64) -> Option<u64> {
        let at = until.checked_sub(self.start)?.min(self.words.len() as u64 * BITS);
        let last = (at / BITS) as usize;
        let tail = self.words.get(last).map_or(0, |word| word & !(u64::MAX << (at % BITS)));
        let rest = self.words[..last].iter().rev().copied();
        let (distance, word) = std::iter::once(tail).chain(rest).enumerate().find(|(_, word)| *word != 0)?;
        Some(self.start + (last - distance) as u64 * BITS + u64::from(word.ilog2()))
    }

    /// The marked addresses of a range, ascending.
    pub(super) fn within(&self, range: Range<u64>) -> impl Iterator<Item = u64> {
        let mut from = range.start;
        std::iter::from_fn(move || {
            let found = self.next(from).filter(|&address| address < range.end)?;
            from = found + 1;
            Some(found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_marked_is_found_from_both_sides() {
        let mut marks = Marks::default();
        marks.restart(&(1000..1300));
        let all = [1000, 1063, 1064, 1130, 1299];
        for address in all {
            marks.set(address);
        }
        assert_eq!(marks.within(0..2000).collect::<Vec<_>>(), all);
        assert_eq!(marks.within(1001..1130).collect::<Vec<_>>(), [1063, 1064]);
        for address in 900..1500 {
            assert_eq!(marks.next(address), all.into_iter().find(|&mark| mark >= address), "from {address}");
            assert_eq!(marks.previous(address), all.into_iter().rev().find(|&mark| mark < address), "to {address}");
        }
        marks.restart(&(5..6));
        assert_eq!((marks.next(0), marks.previous(9)), (None, None));
    }
}
