//! All digits of a number at once: numbers are most of what a log is made of.
#![allow(unsafe_code, reason = "vector instructions")]

use core::arch::x86_64::{
    _mm_add_epi8, _mm_and_si128, _mm_cmpgt_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_set1_epi8, _mm_srli_epi16,
    _mm_unpackhi_epi64, _mm_unpacklo_epi8,
};

/// All digits of a number in hexadecimal, zeros before it included.
#[inline(always)]
pub(super) fn hexadecimal(value: u64) -> [u8; 16] {
    // SAFETY: every x86-64 CPU has SSE2.
    unsafe { with_sse2(value) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn with_sse2(value: u64) -> [u8; 16] {
    // The first digit is the upper half of the highest byte.
    let bytes = _mm_cvtsi64_si128(value.swap_bytes().cast_signed());
    let low = _mm_set1_epi8(0xf);
    let digits = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16::<4>(bytes), low), _mm_and_si128(bytes, low));
    let are_letters = _mm_cmpgt_epi8(digits, _mm_set1_epi8(9));
    let to_letters = _mm_and_si128(are_letters, _mm_set1_epi8((b'a' - 10 - b'0') as i8));
    let text = _mm_add_epi8(_mm_add_epi8(digits, _mm_set1_epi8(b'0' as i8)), to_letters);
    let [first, second] = [text, _mm_unpackhi_epi64(text, text)].map(|half| _mm_cvtsi128_si64(half).cast_unsigned());
    (u128::from(first) | u128::from(second) << 64).to_le_bytes()
}

/// The digits of a number in decimal, and how many they are; `None` if they are more than eight.
///
/// Numbers are divided by ten thousand, then by a hundred, then by ten, each time twice as many that stand side by side in one
/// word. A division by a constant is a multiplication and a shift: exact for what is that small, as the test holds.
#[inline]
pub(super) fn decimal(value: u64) -> Option<(usize, [u8; 8])> {
    if value >= 100_000_000 {
        return None;
    }
    let halves = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = (halves * 10_486) >> 20 & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = (pairs * 103) >> 10 & 0x000f_000f_000f_000f;
    let digits = tens | (pairs - tens * 10) << 8;
    // The first digit is in the lowest byte. Of zero, the last one counts.
    let zeros = (digits | 1 << 56).trailing_zeros() & !7;
    let text = (digits | u64::from_le_bytes([b'0'; 8])) >> zeros;
    Some((8 - zeros as usize / 8, text.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_is_where_it_belongs() {
        let values = [0, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, u64::MAX, 0x9a9a_a9a9_0f0f_f0f0];
        for value in (0..64).map(|bit| 1 << bit).chain(values) {
            assert_eq!(str::from_utf8(&hexadecimal(value)), Ok(format!("{value:016x}").as_str()));
        }
    }

    #[test]
    fn decimal_digits_are_those_that_count() {
        // All that a quarter of the digits can be, in each place they have.
        let small = 0..10_000_u64;
        let values =
            small.clone().chain(small.clone().map(|value| value * 10_000)).chain(small.map(|value| value * 10_001));
        for value in values.chain([99_999_999]) {
            let (count, text) = decimal(value).expect("not more than eight");
            assert_eq!(str::from_utf8(&text[..count]), Ok(value.to_string().as_str()));
        }
        assert_eq!(decimal(100_000_000), None);
    }
}
