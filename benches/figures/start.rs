//! How long a program takes to start: `/bin/true`, from the call that starts it to its end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::bench::Bench;
use crate::machine::OneCpu;
use crate::row::{Row, Unit};
use crate::statistics::{Spread, added, in_turns, spread, times};
use crate::way::Way;

const TRUE: &str = "/bin/true";

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let _pinned = OneCpu::keep();
    let forwarding = bench.with_plugin("forwarding_hook");
    let subscribing = bench.with_plugin("subscribing_hook");
    let inert = Way::with(bench.library()).env("INTERCEPT_HOOK_CMDLINE_FILTER", "no such program");
    let unindexed = [&forwarding, &subscribing].map(|way| way.clone().without_index());
    let mut ways = vec![Way::bare(), inert, forwarding.clone(), subscribing.clone()];
    ways.extend(unindexed.clone());
    ways.push(bench.with_bare_start());
    let figures = take_turns(&ways, Path::new(TRUE), &[], bench.rounds(400, 5));

    let bare = spread(figures[0].iter().copied()).median;
    let row = |what: &str, way: usize| {
        let figure = added(&figures[way], &figures[0]);
        (Row::new(what, figure, Unit::MILLISECONDS.added()).bare(bare, Unit::MILLISECONDS), figure.median)
    };
    let (forwarding_row, all) = row("a forwarding plugin", 2);
    let mut rows = vec![forwarding_row.target("<= +0.9 ms", all <= 0.9).quoted("+77..82, +300..316 ms")];
    let (subscribing_row, few) = row("a plugin that wants five numbers", 3);
    rows.push(subscribing_row.target("<= +0.35 ms", few <= 0.35));
    rows.push(row("a forwarding plugin, no index", 4).0);
    rows.push(row("a plugin that wants five numbers, no index", 5).0);
    rows.push(row("yardstick: the least a start does", 6).0);
    rows.push(row("of which load: the library is there and told to do nothing", 1).0);
    rows.extend(stages(bench, &forwarding, "of which"));
    rows.extend(stages(bench, &subscribing, "five numbers, of which"));
    rows.extend(stages(bench, &unindexed[0], "no index, of which"));
    rows.extend(stages(bench, &unindexed[1], "five numbers, no index, of which"));
    rows
}

/// Starts a program in turns in each of these ways; milliseconds.
pub(crate) fn take_turns(ways: &[Way], program: &Path, args: &[&str], rounds: usize) -> Vec<Vec<f64>> {
    let mut commands: Vec<Command> = ways.iter().map(|way| quiet(way.command(program, args))).collect();
    for command in &mut commands {
        run(command);
    }
    in_turns(commands.len(), rounds, |way| run(&mut commands[way]))
}

/// Milliseconds. The standard library starts a command like this one with `posix_spawn`, which is a `vfork` and an `exec`: how
/// large this process is makes no difference.
fn run(command: &mut Command) -> f64 {
    let began = Instant::now();
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let milliseconds = began.elapsed().as_secs_f64() * 1e3;
    assert!(status.success(), "{command:?}: {status}");
    milliseconds
}

fn quiet(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// What the constructor says about itself.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The stages in their order, in nanoseconds.
    stages: Vec<(String, f64)>,
    /// System call sites found.
    pub(crate) sites: f64,
    /// Bytes of code they were found in.
    pub(crate) code: f64,
}

/// Asks the constructor for its times in a program.
pub(crate) fn told(way: &Way, program: &Path, args: &[&str]) -> Told {
    let mut command = quiet(way.clone().env("INTERCEPT_TIMES", "1").command(program, args));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let times = text.lines().find_map(|line| line.strip_prefix("libsyscall_intercept: times: "));
    let mut words = times.unwrap_or_else(|| panic!("{command:?}: {text}")).split(' ');
    let mut told = Told::default();
    while let (Some(name), Some(figure)) = (words.next(), words.next()) {
        let figure = figure.parse().unwrap();
        match name {
            "sites" => told.sites = figure,
            "code" => told.code = figure,
            stage => told.stages.push((stage.to_owned(), figure)),
        }
    }
    told
}

fn stages(bench: &Bench, way: &Way, of: &str) -> Vec<Row> {
    let runs: Vec<Told> = (0..bench.rounds(200, 3)).map(|_| told(way, Path::new(TRUE), &[])).collect();
    let stage = |index: usize| -> (String, Spread) {
        (
            runs[0].stages[index].0.clone(),
            times(&runs.iter().map(|told| told.stages[index].1 / 1e6).collect::<Vec<_>>()),
        )
    };
    let rows = (0..runs[0].stages.len()).map(stage);
    rows.map(|(name, figure)| Row::new(format!("{of} {name}"), figure, Unit::MILLISECONDS)).collect()
}
