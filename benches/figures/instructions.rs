//! Counting instructions: the same on each run, whatever else the machine does.

use std::process::Command;

use crate::bench::{Bench, needed, text};
use crate::way::Way;

/// Instructions of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    /// Those that move or clear vector and mask registers: their number depends on the CPU.
    pub(crate) vectors: f64,
    /// All others.
    pub(crate) others: f64,
}

/// The difference between so many calls and so many is free of everything that happens once.
const FEW: usize = 2;
const MANY: usize = 12;

/// What a call executes, single-stepped, with what the caller takes to make it. An error says why that is not possible here.
pub(crate) fn of_a_call(bench: &Bench, way: &Way, site: &str) -> Result<Count, String> {
    let (few, many) = (stepped(bench, way, site, FEW)?, stepped(bench, way, site, MANY)?);
    let per_call = |few: f64, many: f64| (many - few) / (MANY - FEW) as f64;
    let vectors = per_call(few[1], many[1]);
    Ok(Count { vectors, others: per_call(few[0], many[0]) - vectors })
}

/// All instructions, and those on vectors.
fn stepped(bench: &Bench, way: &Way, site: &str, calls: usize) -> Result<[f64; 2], String> {
    let mut command = way.environment(Command::new(bench.program("step_counter")));
    command.arg(way.preload()).arg(bench.program("caller")).args([site, &calls.to_string()]);
    let output = command.output().unwrap();
    let figures: Vec<f64> =
        String::from_utf8_lossy(&output.stdout).split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    <[f64; 2]>::try_from(figures).map_err(|_| format!("{} {}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// What the constructor executes for `benches/c/fixed_input.S`, which may be in an index: the difference between a program with it
/// and without.
pub(crate) fn of_the_constructor(bench: &Bench, indexed: bool) -> Result<f64, String> {
    let valgrind = needed("valgrind", "valgrind")?;
    let input = bench.fixed_input();
    let index = bench.index("fixed_input.index", &[&input]);
    let ours = Way::with(bench.library());
    let active = if indexed { ours.env("INTERCEPT_INDEX", index) } else { ours.without_index() };
    let inert = active.clone().env("INTERCEPT_HOOK_CMDLINE_FILTER", "no such program");
    let in_all = |way: &Way| -> Result<f64, String> {
        Ok(under_valgrind(bench, &valgrind, &way.clone().and(&input))? - under_valgrind(bench, &valgrind, way)?)
    };
    // Loading the object takes instructions, too: those of the dynamic loader.
    Ok(in_all(&active)? - in_all(&inert)?)
}

/// All instructions of a program that does nothing.
fn under_valgrind(bench: &Bench, valgrind: &std::path::Path, way: &Way) -> Result<f64, String> {
    let program = bench.program("nothing");
    // Code changes under its eyes.
    let options = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--smc-check=all", text(&program)];
    let output = way.command(valgrind, &options).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind: {} {said}", output.status))
}
