//! Bytes that nothing executes, near the sites that need them.
//!
//! Walking a function shows the padding behind it for nothing. A site too tight for a jump of five bytes may need that of its
//! neighbours as well, which hold no site and were not walked.

use super::{
    code::Code,
    decoder::Decoder,
    region::{Bounds, Region},
    site::Site,
    walk::{Findings, Memory, walk},
};
use crate::object::Image;

/// How far a jump of two bytes reaches, with a little to spare: nothing depends on it being exact.
const REACH: u64 = 0x90;
/// Longer neighbours are not looked at: walking this much takes some 100 us.
const LONGEST: u64 = 0x1000;

/// Walks the functions whose ends a two-byte jump at a tight site may reach. The sites of this code are those from `first` on:
/// a hostile file may have tens of thousands of runs of code, and as many sites in each of them.
pub(super) fn walk_neighbours<'b>(
    image: &Image<'_>,
    code: &Code<'b>,
    bounds: &Bounds<'_>,
    decoder: &mut Decoder<'_, 'b>,
    memory: &mut Memory,
    findings: &mut Findings,
    first: usize,
) {
    let tight = findings.sites[first..].iter().filter(|site| site.room_before() < Site::ROOM);
    let mut neighbours: Vec<Region> = tight.flat_map(|site| neighbours(site, code, bounds)).collect();
    neighbours.sort_unstable_by_key(|region| region.range.start);
    neighbours.dedup_by_key(|region| region.range.start);
    neighbours.retain(|region| findings.walked.binary_search(&region.range.start).is_err());
    for region in neighbours {
        walk(image, code, region, decoder, memory, findings);
    }
}

fn neighbours(site: &Site, code: &Code<'_>, bounds: &Bounds<'_>) -> Vec<Region> {
    let whole = code.range();
    let before = site.function.start.checked_sub(1).filter(|address| whole.contains(address));
    let after = Some(site.function.end).filter(|address| whole.contains(address));
    let near = site.address.saturating_sub(REACH)..site.address.saturating_add(REACH);
    let regions = [before, after].into_iter().flatten().map(|address| bounds.around(address, code));
    regions
        .filter(|region| near.contains(&region.range.end) && region.range.end - region.range.start <= LONGEST)
        .collect()
}
