//! Branches into the neighbourhood of a site from anywhere in the object.
//!
//! Compilers split functions: the unlikely part of one, `name.cold`, stands far away and jumps back into the middle of it.
//! Nothing in the function itself shows that. So every four bytes of code that would be the distance of a `jmp`, a `jcc` or a
//! `call` are taken for one, whether or not an instruction begins there: a target too many costs a window, one too few the
//! program.

use super::{
    code::Code,
    vector::{Bytes, Pair, find_pairs},
};
use std::ops::Range;

/// The places a branch must not lead to unnoticed.
pub(super) struct Places {
    /// Sorted, and merged where they touch.
    ranges: Vec<Range<u64>>,
    /// One bit for each 32 bytes of address space, folded to 8 KiB, so that it stays in the first-level cache: it answers no
    /// for nearly all of the tens of thousands of branches in an object.
    filter: Box<[u64; FILTER_WORDS]>,
}

const FILTER_WORDS: usize = 1024;
const GRANULE: u64 = 32;

impl Places {
    pub(super) fn new(ranges: impl Iterator<Item = Range<u64>>) -> Self {
        let mut ranges: Vec<_> = ranges.filter(|range| !range.is_empty()).collect();
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        ranges.dedup_by(|next, last| {
            let touch = next.start <= last.end;
            if touch {
                last.end = last.end.max(next.end);
            }
            touch
        });
        let mut filter = Box::new([0; FILTER_WORDS]);
        for range in &ranges {
            // A range longer than the filter fills it.
            for granule in (range.start / GRANULE..=(range.end - 1) / GRANULE).take(FILTER_WORDS * 64) {
                let bit = granule as usize % (FILTER_WORDS * 64);
                filter[bit / 64] |= 1 << (bit % 64);
            }
        }
        Places { ranges, filter }
    }

    fn contain(&self, address: u64) -> bool {
        let bit = (address / GRANULE) as usize % (FILTER_WORDS * 64);
        if self.filter[bit / 64] & (1 << (bit % 64)) == 0 {
            return false;
        }
        let next = self.ranges.partition_point(|range| range.start <= address);
        next.checked_sub(1).is_some_and(|last| self.ranges[last].contains(&address))
    }
}

/// Something that looks like a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    /// Where it leads.
    pub(super) target: u64,
    /// Where it stands: the last byte of its opcode.
    pub(super) source: u64,
}

/// What in this code seems to branch into `places`, in no order.
pub(super) fn incoming(code: &Code<'_>, places: &Places) -> Vec<Arrival> {
    let mut found = Vec::new();
    // The distance follows the last byte of the opcode.
    let mut check = |opcode: usize| {
        if let Some(&field) = code.bytes[opcode + 1..].first_chunk() {
            let distance = i64::from(i32::from_le_bytes(field));
            let target = code.address.wrapping_add(opcode as u64 + 5).wrapping_add_signed(distance);
            if places.contain(target) {
                found.push(Arrival { target, source: code.address + opcode as u64 });
            }
        }
    };
    if code.bytes.first().is_some_and(|byte| byte & 0xfe == 0xe8) {
        check(0);
    }
    find_pairs::<Opcode>(code.bytes, |before| check(before + 1));
    found
}

/// Whether anything outside of a range seems to branch to its start with a distance of one byte.
pub(super) fn is_near_target(code: &Code<'_>, range: &Range<u64>) -> bool {
    // From the first place to the last from which the distance fits.
    let (first, last) = (range.start.saturating_sub(0x81), range.start.saturating_add(0x80));
    let seems_to_lead_here = |from: u64, bytes: &[u8]| {
        // The distance that would be right, modulo 256: within these bounds there is no other.
        let right = range.start.wrapping_sub(from).wrapping_sub(2) as u8;
        leads_near(bytes, bytes.get(1..).unwrap_or_default(), right)
    };
    seems_to_lead_here(first.max(code.address), code.slice(first..range.start))
        || seems_to_lead_here(range.end, code.slice(range.end..last.max(range.end)))
}

/// Whether one of the opcodes is that of a short branch, and has the right distance: one less for each place.
fn leads_near(opcodes: &[u8], distances: &[u8], mut right: u8) -> bool {
    const STEP: usize = 16;
    let (blocks, rest) = distances.as_chunks::<STEP>();
    let mut found = 0;
    for (opcodes, distances) in opcodes.as_chunks::<STEP>().0.iter().zip(blocks) {
        // Without a branch inside, so that it vectorises.
        for place in 0..STEP {
            let fits = distances[place] == right.wrapping_sub(place as u8);
            found |= u8::from(is_short_branch(opcodes[place])) & u8::from(fits);
        }
        right = right.wrapping_sub(STEP as u8);
    }
    let last = opcodes.iter().skip(blocks.len() * STEP).zip(rest).zip(0_u8..);
    found != 0
        || last.into_iter().any(|((&op, &distance), at)| is_short_branch(op) && distance == right.wrapping_sub(at))
}

/// `jcc`, `loop` and its like, and `jmp`.
pub(super) fn is_short_branch(opcode: u8) -> bool {
    (opcode & 0xf0 == 0x70) | (opcode & 0xfc == 0xe0) | (opcode == 0xeb)
}

/// The last byte of an opcode, and the one before it: `call` and `jmp`, whatever is before them, or `jcc`.
struct Opcode;

impl Pair for Opcode {
    #[inline(always)]
    fn wanted<B: Bytes>(before: B, last: B) -> B {
        let conditional = before.are(0x0f).and(last.masked(0xf0).are(0x80));
        last.masked(0xfe).are(0xe8).or(conditional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_branch_wherever_it_stands() {
        let places = Places::new([0x5000..0x5001, 0x5003..0x5004].into_iter());
        for at in 0..150 {
            for opcode in [&[0xe8][..], &[0xe9], &[0x0f, 0x80], &[0x0f, 0x8f]] {
                for target in [0x5000_u64, 0x5002, 0x5003] {
                    let mut bytes = vec![0x90; 170];
                    let end = 0x1000 + (at + opcode.len() + 4) as u64;
                    let distance = (target.wrapping_sub(end) as u32).to_le_bytes();
                    bytes[at..at + opcode.len()].copy_from_slice(opcode);
                    bytes[at + opcode.len()..at + opcode.len() + 4].copy_from_slice(&distance);
                    let found = incoming(&Code { address: 0x1000, bytes: &bytes }, &places);
                    let source = 0x1000 + (at + opcode.len() - 1) as u64;
                    let expected: &[Arrival] = if target == 0x5002 { &[] } else { &[Arrival { target, source }] };
                    assert_eq!(found, expected, "{opcode:x?} at {at}");
                }
            }
        }
    }

    #[test]
    fn a_near_branch_counts_from_outside_alone() {
        let function = 0x1100..0x1110;
        for at in 0x1000..0x1200_u64 {
            let mut bytes = vec![0x90; 0x200];
            let distance = 0x1100_i64 - (at as i64 + 2);
            let Ok(distance) = i8::try_from(distance) else { continue };
            let Some(place) = bytes.get_mut((at - 0x1000) as usize..).and_then(|rest| rest.first_chunk_mut()) else {
                continue;
            };
            *place = [0xeb, distance.cast_unsigned()];
            let near = is_near_target(&Code { address: 0x1000, bytes: &bytes }, &function);
            assert_eq!(near, at + 1 < function.start || at >= function.end, "{at:#x}");
        }
    }
}
