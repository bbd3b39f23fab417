//! Pairs of bytes, found thirty-two at a time.
//!
//! Every byte of an object's code is looked at twice: for `syscall` instructions, and for branches that lead near them. That
//! is most of what locating costs for large objects, so it is done with vectors: AVX2 where the CPU has it, otherwise SSE2,
//! which every x86_64 CPU has.
#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
};

use crate::sys::cpu::features;

/// What is looked for.
pub(super) trait Pair {
    /// Which of some pairs are wanted, given the first byte of each and the second.
    fn wanted<B: Bytes>(first: B, second: B) -> B;
}

/// Calls `found` with the offset of the first byte of every pair of neighbours that is wanted, in ascending order.
pub(super) fn find_pairs<P: Pair>(bytes: &[u8], found: impl FnMut(usize)) {
    if features().avx2 {
        // SAFETY: the CPU has AVX2; those that do have the other two.
        unsafe { find_with_avx2::<P>(bytes, found) }
    } else {
        find::<P, __m128i>(bytes, found);
    }
}

#[target_feature(enable = "avx2,bmi1,popcnt")]
fn find_with_avx2<P: Pair>(bytes: &[u8], found: impl FnMut(usize)) {
    find::<P, __m256i>(bytes, found);
}

/// Bytes looked at in one step: a bit of a word for each.
const BLOCK: usize = u64::BITS as usize;

// Inlined, and everything in it, to be compiled with the features of the caller.
#[inline(always)]
fn find<P: Pair, B: Bytes>(bytes: &[u8], mut found: impl FnMut(usize)) {
    let mut offsets = Offsets::new();
    let mut offset = 0;
    // One byte more than a block: a pair may begin with the last byte of one.
    while let Some(block) = bytes.get(offset..).and_then(<[u8]>::first_chunk) {
        offsets.add(offset, wanted_in::<P, B>(block));
        if offsets.are_many() {
            offsets.take(&mut found);
        }
        offset += BLOCK;
    }
    let rest = &bytes[offset..];
    let mut last = [0; BLOCK + 1];
    last[..rest.len()].copy_from_slice(rest);
    let pairs = rest.len().saturating_sub(1);
    offsets.add(offset, wanted_in::<P, B>(&last) & !(u64::MAX.unbounded_shl(pairs as u32)));
    offsets.take(&mut found);
}

/// A bit for each pair that is wanted, lowest first.
#[inline(always)]
fn wanted_in<P: Pair, B: Bytes>(block: &[u8; BLOCK + 1]) -> u64 {
    let mut bits = 0;
    let mut at = 0;
    // No iterator: its closure would be called from code compiled without the features of the caller.
    while at < BLOCK {
        bits |= P::wanted(B::load(&block[at..]), B::load(&block[at + 1..])).bits() << at;
        at += size_of::<B>();
    }
    bits
}

/// Offsets that were found, to be handed on many at a time. How many there are in a block the CPU cannot predict; a loop over
/// each by itself would cost more in mispredictions than in work.
struct Offsets {
    offsets: [usize; Self::MANY + BLOCK + Self::STEP],
    count: usize,
}

impl Offsets {
    const MANY: usize = 128;
    /// Written at once, whether or not there are as many. Few blocks have more.
    const STEP: usize = 4;

    fn new() -> Self {
        Offsets { offsets: [0; Self::MANY + BLOCK + Self::STEP], count: 0 }
    }

    #[inline(always)]
    fn add(&mut self, offset: usize, mut bits: u64) {
        let count = bits.count_ones() as usize;
        let mut written = 0;
        loop {
            let place = self.count + written;
            for slot in &mut self.offsets[place..place + Self::STEP] {
                *slot = offset + bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
            }
            written += Self::STEP;
            if written >= count {
                break;
            }
        }
        self.count += count;
    }

    #[inline(always)]
    fn are_many(&self) -> bool {
        self.count >= Self::MANY
    }

    #[inline(always)]
    fn take(&mut self, found: &mut impl FnMut(usize)) {
        for &offset in &self.offsets[..self.count] {
            found(offset);
        }
        self.count = 0;
    }
}

/// A vector of bytes, or for each of them whether something holds.
pub(super) trait Bytes: Copy {
    /// The first bytes of a slice that has as many.
    fn load(bytes: &[u8]) -> Self;
    /// Where they have this value.
    fn are(self, value: u8) -> Self;
    /// The bits of each that are set in `bits`.
    fn masked(self, bits: u8) -> Self;
    /// Where both hold.
    fn and(self, other: Self) -> Self;
    /// Where one holds.
    fn or(self, other: Self) -> Self;
    /// A bit for each byte, lowest first.
    fn bits(self) -> u64;
}

macro_rules! vector {
    ($vector:ty, $load:ident, $splat:ident, $equal:ident, $and:ident, $or:ident, $bits:ident) => {
        // SAFETY, for all of them: `find_pairs` sees to it that the CPU has these instructions.
        impl Bytes for $vector {
            #[inline(always)]
            fn load(bytes: &[u8]) -> Self {
                assert!(bytes.len() >= size_of::<Self>());
                // SAFETY: enough bytes, aligned or not.
                unsafe { $load(bytes.as_ptr().cast()) }
            }

            #[inline(always)]
            fn are(self, value: u8) -> Self {
                // SAFETY: see above.
                unsafe { $equal(self, $splat(value.cast_signed())) }
            }

            #[inline(always)]
            fn masked(self, bits: u8) -> Self {
                // SAFETY: see above.
                unsafe { $and(self, $splat(bits.cast_signed())) }
            }

            #[inline(always)]
            fn and(self, other: Self) -> Self {
                // SAFETY: see above.
                unsafe { $and(self, other) }
            }

            #[inline(always)]
            fn or(self, other: Self) -> Self {
                // SAFETY: see above.
                unsafe { $or(self, other) }
            }

            #[inline(always)]
            fn bits(self) -> u64 {
                // SAFETY: see above.
                u64::from(unsafe { $bits(self) }.cast_unsigned())
            }
        }
    };
}

vector!(__m128i, _mm_loadu_si128, _mm_set1_epi8, _mm_cmpeq_epi8, _mm_and_si128, _mm_or_si128, _mm_movemask_epi8);
vector!(
    __m256i,
    _mm256_loadu_si256,
    _mm256_set1_epi8,
    _mm256_cmpeq_epi8,
    _mm256_and_si256,
    _mm256_or_si256,
    _mm256_movemask_epi8
);

#[cfg(test)]
mod tests {
    use super::*;

    /// A seven, and then something between 0x10 and 0x1f, or a zero.
    struct Seven;

    impl Pair for Seven {
        #[inline(always)]
        fn wanted<B: Bytes>(first: B, second: B) -> B {
            first.are(7).and(second.masked(0xf0).are(0x10).or(second.are(0)))
        }
    }

    fn pairs(bytes: &[u8]) -> Vec<usize> {
        let (mut found, mut narrow) = (Vec::new(), Vec::new());
        find_pairs::<Seven>(bytes, |at| found.push(at));
        find::<Seven, __m128i>(bytes, |at| narrow.push(at));
        assert_eq!(found, narrow);
        found
    }

    #[test]
    fn a_pair_is_found_wherever_it_stands() {
        for length in 2..200 {
            for at in 0..length - 1 {
                let mut bytes = vec![7; length];
                bytes[at + 1] = 0x1f;
                assert_eq!(pairs(&bytes), [at], "of {length} bytes");
            }
        }
    }

    #[test]
    fn what_follows_the_last_byte_is_no_part_of_a_pair() {
        for length in 0..200 {
            assert_eq!(pairs(&vec![7; length]), [], "of {length} bytes");
        }
    }
}
