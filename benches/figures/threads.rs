//! Whether threads that call at once get in each other's way.
//!
//! A cache line that all of them write would show: the more of them run, the longer each call takes. It shows most where there
//! is no system call, which takes most of the time of the other ways. A machine with one CPU says nothing about it.

use crate::bench::Bench;
use crate::caller::Caller;
use crate::row::{Row, Unit};
use crate::statistics::{in_turns, ratio, spread};
use crate::way::Way;

/// How many threads.
const THREADS: [usize; 3] = [1, 2, 8];

/// How long a round takes one thread: long enough that starting eight does not matter.
const BATCH: f64 = 4e6;

/// How much of what bare threads win by being several is to be won: the rest is noise.
const SHARE: f64 = 0.95;

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let program = bench.program("caller");
    let ways = [
        ("bare", Way::bare()),
        ("forwarded", bench.with_plugin("forwarding_hook")),
        ("emulated", bench.with_plugin("emulating_hook")),
    ];
    let mut callers: Vec<(Caller, usize)> = Vec::new();
    for (_, way) in &ways {
        let mut caller = Caller::start(way.command(&program, &["getppid"])).unwrap();
        let per_call = caller.a_call(1000);
        callers.push((caller, (BATCH / per_call) as usize));
    }
    // Calls in a nanosecond, all threads together: each way with one thread, then each with two, then with eight.
    let speeds = in_turns(ways.len() * THREADS.len(), bench.rounds(240, 3), |turn| {
        let ((caller, calls), threads) = (&mut callers[turn % ways.len()], THREADS[turn / ways.len()]);
        (threads * *calls) as f64 / caller.time(threads, *calls)
    });
    // How many times as fast as one thread.
    let faster = |way: usize, threads: usize| -> Vec<f64> {
        let (one, many) = (&speeds[way], &speeds[threads * ways.len() + way]);
        one.iter().zip(many).map(|(one, many)| many / one).collect()
    };
    let mut rows = Vec::new();
    for (index, threads) in THREADS.into_iter().enumerate().skip(1) {
        let bare = faster(0, index);
        for (way, (name, _)) in ways.iter().enumerate() {
            let ours = faster(way, index);
            let what = format!("{threads} threads, {name}: as fast as one");
            let row = Row::new(what, spread(ours.iter().copied()), Unit::TIMES);
            rows.push(if way == 0 {
                row
            } else {
                let met = ratio(&ours, &bare).median >= SHARE;
                row.bare(spread(bare.iter().copied()).median, Unit::TIMES).target(format!(">= {SHARE} of bare"), met)
            });
        }
    }
    rows
}
