//! Memory within reach of a `rel32` from a given place.
//!
//! `mmap` takes a hint but promises nothing, so this tries addresses one after the other with `MAP_FIXED_NOREPLACE`. It asks
//! the kernel and not `/proc/self/maps`, which may be missing (chroot) or large.

use std::ops::Range;

use super::call::{Errno, map_at};

/// How far a jump reaches, less what an instruction may add to its own address.
const REACH: u64 = (1 << 31) - 4096;
/// First distance tried; it grows by half each time, so some fifty attempts go from the nearest to the farthest place.
const FIRST_STEP: u64 = 0x1_0000;
/// Distance of the attempts after that, which only a crowded address space sees: four thousand at the most.
const STEADY_STEP: u64 = 0x10_0000;
/// `vm.mmap_min_addr` is at most this on any distribution; lower addresses are never tried.
const LOWEST: u64 = 0x1_0000;
/// End of the lower half of the address space with four-level page tables.
const HIGHEST: u64 = 0x7fff_ffff_f000;

/// Maps `length` bytes, a multiple of the page size, such that every byte of the mapping is within `rel32` reach of every
/// byte of `object`.
pub(crate) fn map_near(object: &Range<u64>, length: usize) -> Result<u64, Errno> {
    let mut last = Errno(libc::ENOMEM);
    for address in candidates(object, length as u64) {
        match map_at(address, length) {
            Ok(()) => return Ok(address),
            Err(error @ Errno(libc::EEXIST | libc::EPERM | libc::ENOMEM)) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Page-aligned addresses below and above the object, nearest first.
fn candidates(object: &Range<u64>, length: u64) -> impl Iterator<Item = u64> {
    let page = |address: u64| address & !4095;
    let lowest = object.end.saturating_sub(REACH).max(LOWEST);
    let highest = object.start.saturating_add(REACH).min(HIGHEST).saturating_sub(length);
    let (start, end) = (object.start, object.end);
    let growing = std::iter::successors(Some(0), |step: &u64| Some((step + step / 2).max(FIRST_STEP)));
    let steady = (1..).map(|count| count * STEADY_STEP);
    let within_reach = |step: &u64| *step < REACH;
    growing
        .take_while(within_reach)
        .chain(steady.take_while(within_reach))
        .flat_map(move |step| {
            let below = start.checked_sub(length + step).map(page);
            let above = end.checked_add(step + 4095).map(page);
            [below, above]
        })
        .flatten()
        .filter(move |address| (lowest..=highest).contains(address))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_candidate_reaches_both_ends_of_the_object() {
        let object = 0x7f12_3456_7000..0x7f12_3466_8000;
        let length = 0x3000;
        let all: Vec<u64> = candidates(&object, length).collect();
        assert!(all.len() > 20, "{} candidates", all.len());
        for address in all {
            assert!(address.is_multiple_of(4096));
            assert!(address + length <= object.start || address >= object.end, "{address:#x} overlaps");
            assert!(address.abs_diff(object.end) < 1 << 31 && (address + length).abs_diff(object.start) < 1 << 31);
        }
    }

    #[test]
    fn a_crowded_neighbourhood_is_skipped() {
        let base = 0x6000_0000_0000;
        map_at(base - 0x1000, 0x1000).unwrap();
        map_at(base + 0x1000, 0x1000).unwrap();
        let address = map_near(&(base..base + 0x1000), 0x1000).unwrap();
        assert!(address != base - 0x1000 && address != base + 0x1000);
        assert!(address.abs_diff(base) < REACH);
    }
}
