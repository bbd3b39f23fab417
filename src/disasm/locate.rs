//! The steps from bytes to sites, in their order.

use super::{
    Error, Lookalike, Site, Unknown,
    code::code,
    decoder::Engine,
    incoming::{Places, incoming},
    padding::walk_neighbours,
    region::Bounds,
    scan::scan,
    site::number,
    walk::{Findings, Memory, walk},
};
use crate::object::{Functions, Image};
use std::ops::Range;

/// What is to be known of the system calls of an object. Everything is in the order of addresses.
#[derive(Debug, Clone, Default)]
pub struct Located {
    /// The `syscall` instructions.
    pub sites: Vec<Site>,
    /// Bytes of other instructions that look like one. Nothing to report: they are no system calls.
    pub lookalikes: Vec<Lookalike>,
    /// Bytes that may be one. They are left alone, and the user should hear of it.
    pub unknown: Vec<Unknown>,
    /// Bytes between functions that no known branch leads to: room for jumps. They do not overlap.
    pub paddings: Vec<Range<u64>>,
}

/// Finds the system calls of an object.
///
/// # Errors
///
/// When the disassembler does not start. Bad input is no error: what cannot be understood is in [`Located::unknown`].
pub fn locate(image: &Image<'_>, functions: &Functions) -> Result<Located, Error> {
    let engine = Engine::new()?;
    let mut decoder = engine.decoder()?;
    let mut findings = Findings::default();
    let mut memory = Memory::default();
    let runs = code(image);
    let bounds = Bounds::new(functions, &runs);
    for run in &runs {
        let first = findings.sites.len();
        let hits = scan(run.bytes);
        findings.sites.reserve(hits.len());
        for region in bounds.regions(run, &hits) {
            walk(image, run, region, &mut decoder, &mut memory, &mut findings);
        }
        walk_neighbours(image, run, &bounds, &mut decoder, &mut memory, &mut findings, first);
    }
    let Findings { mut sites, lookalikes, mut unknown, mut paddings, .. } = findings;
    paddings.sort_unstable_by_key(|padding| padding.start);
    unknown.sort_unstable_by_key(|unknown| unknown.address);

    let places = sites.iter().map(Site::neighbourhood).chain(paddings.iter().cloned());
    let places = Places::new(places);
    let mut targets: Vec<u64> = runs.iter().flat_map(|run| incoming(run, &places)).collect();
    targets.sort_unstable();
    targets.dedup();
    for site in &mut sites {
        // The pass over all bytes takes data and the insides of instructions for branches. What it says is worth something
        // where an instruction begins: compilers do not jump into the middle of one, and the walk sees assembly that does.
        let arrivals = within(&targets, site.neighbourhood()).iter().filter(|&&target| !site.splits(target));
        let arrivals: Vec<u64> = arrivals.copied().collect();
        site.targets.extend(arrivals);
        site.targets.sort_unstable();
        site.targets.dedup();
        site.number = number(site);
    }
    paddings.retain(|padding| within(&targets, padding.clone()).is_empty());
    Ok(Located { sites, lookalikes, unknown, paddings })
}

/// The part of a sorted list that lies in a range.
pub(super) fn within(sorted: &[u64], range: Range<u64>) -> &[u64] {
    let first = sorted.partition_point(|&target| target < range.start);
    let last = sorted.partition_point(|&target| target < range.end);
    &sorted[first..last.max(first)]
}
