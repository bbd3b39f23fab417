//! What real programs do in the same time with a hook that forwards every call.

mod git;
mod make;
mod nginx;
mod redis;
mod server;
mod sqlite;

use crate::bench::Bench;
use crate::row::{Row, Unit};
use crate::statistics::{ratio, spread};
use crate::way::Way;

/// What was done a second.
struct Throughput {
    /// Of what.
    unit: Unit,
    /// For each way, in the order of the rounds.
    figures: Vec<Vec<f64>>,
}

impl Throughput {
    fn of(unit: &'static str, figures: Vec<Vec<f64>>) -> Throughput {
        Throughput { unit: Unit::per_second(unit), figures }
    }
}

/// Measures a program in some ways, of which the first is bare, or says why it cannot.
type Measure = fn(&Bench, &[Way]) -> Result<Throughput, String>;

/// Programs that run on when they have started.
const LASTING: [(&str, Measure); 3] = [
    ("redis-benchmark: get and set", redis::measure),
    ("nginx + wrk: a small file", nginx::measure),
    ("sqlite3: inserts, each its own transaction", sqlite::measure),
];
/// Those that start and end all the time.
const SHORT_LIVED: [(&str, Measure); 2] =
    [("make -j2: a C project", make::measure), ("git status: 10,000 files", git::measure)];

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let ways = [Way::bare(), bench.with_plugin("forwarding_hook"), bench.with_bare_start()];
    let lasting = LASTING.into_iter().map(|program| (program, &ways[..2]));
    let all = lasting.chain(SHORT_LIVED.into_iter().map(|program| (program, &ways[..])));
    all.flat_map(|((what, measure), ways)| rows_of(what, measure(bench, ways))).collect()
}

fn rows_of(what: &str, measured: Result<Throughput, String>) -> Vec<Row> {
    let Throughput { unit, figures } = match measured {
        Ok(throughput) => throughput,
        Err(why) => return vec![Row::impossible(what, &why).target(">= 0.98x", false)],
    };
    let bare = spread(figures[0].iter().copied()).median;
    let row = |what: &str, way: usize| {
        let figure = ratio(figures.get(way)?, &figures[0]);
        Some((Row::new(what, figure, Unit::TIMES).bare(bare, unit), figure.median))
    };
    let hooked = row(what, 1).map(|(row, figure)| row.target(">= 0.98x", figure >= 0.98));
    let least = row(&format!("yardstick: {what}, the least a start does"), 2).map(|(row, _)| row);
    hooked.into_iter().chain(least).collect()
}
