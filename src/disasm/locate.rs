//! The steps from bytes to sites, in their order.

use super::{
    Error, Lookalike, Site, Unknown,
    code::{code, run_at},
    constant::is_number_at_sight,
    decoder::Engine,
    flags,
    flow::find_numbers,
    held::find_dead,
    incoming::{Arrival, Places, incoming},
    liveness::is_called_by_symbol,
    padding::walk_neighbours,
    region::Bounds,
    scan::scan,
    site::number,
    walk::{Findings, Memory, walk},
    x87::is_entered_by_calls,
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
    locate_some(image, functions, |_| true)
}

/// Finds the system calls of an object, and of more of them the number, and in a libc where vectors and flags are dead: for an index, since
/// it takes longer.
///
/// # Errors
///
/// As [`locate`].
pub fn locate_thoroughly(image: &Image<'_>, functions: &Functions, is_libc: bool) -> Result<Located, Error> {
    let mut located = locate(image, functions)?;
    let runs = code(image);
    find_numbers(&runs, &mut located.sites);
    if is_libc {
        find_dead(image, &runs, functions, &mut located.sites);
    }
    Ok(located)
}

/// Finds the system calls of an object that may have a number that is wanted. Those that read `mov $number,%eax; syscall`, with
/// another one, are taken at their word and not looked at.
///
/// # Errors
///
/// As [`locate`].
pub fn locate_some(
    image: &Image<'_>,
    functions: &Functions,
    is_wanted: impl Fn(u32) -> bool,
) -> Result<Located, Error> {
    let engine = Engine::new()?;
    let mut decoder = engine.decoder()?;
    let mut findings = Findings::default();
    let mut memory = Memory::default();
    let mut passed = Vec::new();
    let runs = code(image);
    let bounds = Bounds::new(functions, &runs);
    for run in &runs {
        let first = findings.sites.len();
        findings.walked.clear();
        let mut hits = scan(run.bytes);
        hits.retain(|&hit| {
            let wanted = !is_number_at_sight(run, hit, |number| !is_wanted(number));
            if !wanted {
                passed.push(run.address + hit as u64);
            }
            wanted
        });
        findings.sites.reserve(hits.len());
        for region in bounds.regions(run, &hits) {
            walk(image, run, region, &mut decoder, &mut memory, &mut findings);
        }
        walk_neighbours(image, run, &bounds, &mut decoder, &mut memory, &mut findings, first);
    }
    let Findings { mut sites, lookalikes, mut unknown, mut paddings, .. } = findings;
    paddings.sort_unstable_by_key(|padding| padding.start);
    unknown.sort_unstable_by_key(|unknown| unknown.address);

    let neighbourhoods = sites.iter().map(Site::neighbourhood).chain(paddings.iter().cloned());
    let closed = sites.iter().filter(|site| site.state_is_dead).map(|site| site.function.clone());
    let starts = sites.iter().filter(|site| site.x87_is_empty).map(|site| site.function.start..site.function.start + 1);
    let passed_places = passed.iter().map(|&hit| hit..hit + 1);
    let places = Places::new(neighbourhoods.chain(closed).chain(starts).chain(passed_places));
    let mut arrivals: Vec<Arrival> = runs.iter().flat_map(|run| incoming(run, &places)).collect();
    arrivals.sort_unstable();
    if passed.iter().any(|&hit| !within(&arrivals, hit..hit + 1).is_empty()) {
        // Somebody comes to such a call past the instruction before it, with another number perhaps.
        return locate(image, functions);
    }
    let mut entered_by_calls = (u64::MAX, false);
    let mut steps = flags::MOST_STEPS;
    for site in &mut sites {
        // The pass over all bytes takes data and the insides of instructions for branches. What it says is worth something
        // where an instruction begins: compilers do not jump into the middle of one, and the walk sees assembly that does.
        let here = within(&arrivals, site.neighbourhood()).iter().map(|arrival| arrival.target);
        let here: Vec<u64> = here.filter(|&target| !site.splits(target)).collect();
        site.targets.extend(here);
        site.targets.sort_unstable();
        site.targets.dedup();
        site.number = number(site);
        site.state_is_dead = site.state_is_dead
            && is_called_by_symbol(site, &arrivals, &runs)
            && run_at(&runs, site.address).is_some_and(|run| flags::are_dead(run, site, |_| false, &mut steps));
        // Who is called by symbols alone is entered by calls. Other functions have several sites, often.
        if site.x87_is_empty && !site.state_is_dead {
            let start = site.function.start;
            if entered_by_calls.0 != start {
                entered_by_calls = (start, is_entered_by_calls(&site.function, &arrivals, &runs));
            }
            site.x87_is_empty = entered_by_calls.1;
        }
    }
    paddings.retain(|padding| within(&arrivals, padding.clone()).is_empty());
    Ok(Located { sites, lookalikes, unknown, paddings })
}

/// Those arrivals, sorted by their targets, that lead into a range.
pub(super) fn within(arrivals: &[Arrival], range: Range<u64>) -> &[Arrival] {
    let first = arrivals.partition_point(|arrival| arrival.target < range.start);
    let last = arrivals.partition_point(|arrival| arrival.target < range.end);
    &arrivals[first..last.max(first)]
}
