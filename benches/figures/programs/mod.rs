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

/// What was done a second, bare and hooked, in the order of the rounds.
struct Throughput {
    /// Of what.
    unit: Unit,
    bare: Vec<f64>,
    hooked: Vec<f64>,
}

impl Throughput {
    /// From what [`in_turns`](crate::statistics::in_turns) measured.
    fn of(unit: &'static str, figures: Vec<Vec<f64>>) -> Throughput {
        let [bare, hooked] = <[Vec<f64>; 2]>::try_from(figures).unwrap();
        Throughput { unit: Unit::per_second(unit), bare, hooked }
    }
}

/// Measures a program bare and hooked, or says why it cannot.
type Measure = fn(&Bench, &[Way; 2]) -> Result<Throughput, String>;

const PROGRAMS: [(&str, Measure); 5] = [
    ("redis-benchmark: get and set", redis::measure),
    ("nginx + wrk: a small file", nginx::measure),
    ("sqlite3: inserts, each its own transaction", sqlite::measure),
    ("make -j2: a C project", make::measure),
    ("git status: 10,000 files", git::measure),
];

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let ways = [Way::bare(), Way::with(bench.plugin("forwarding_hook"))];
    let row = |(what, measure): (&str, Measure)| match measure(bench, &ways) {
        Ok(Throughput { unit, bare, hooked }) => {
            let figure = ratio(&hooked, &bare);
            let bare = spread(bare).median;
            Row::new(what, figure, Unit::TIMES).bare(bare, unit).target(">= 0.98x", figure.median >= 0.98)
        }
        Err(why) => Row::impossible(what, &why).target(">= 0.98x", false),
    };
    PROGRAMS.into_iter().map(row).collect()
}
