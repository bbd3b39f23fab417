//! How much memory of its own a process has more for being intercepted: `cat`, waiting for input.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;

use crate::bench::{Bench, file_system, needed};
use crate::row::{Row, Unit};
use crate::statistics::{Spread, added, in_turns, spread};
use crate::way::Way;

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    let cat = match needed("cat", "coreutils") {
        Ok(cat) => cat,
        Err(why) => return vec![Row::impossible("private dirty memory", &why)],
    };
    if let Err(why) = fs::metadata("/proc/self/smaps_rollup") {
        return vec![
            Row::impossible("private dirty memory", &format!("/proc/self/smaps_rollup: {why}"))
                .target("<= +700 kB", false),
        ];
    }
    let mut ways = vec![Way::bare(), bench.with_plugin("forwarding_hook")];
    let subscribing = bench.with_plugin("subscribing_hook");
    ways.push(subscribing);
    ways.push(ways[1].clone().without_index());
    // A page of a file that is not on the disk yet counts as one that its only reader has written.
    let files = ["libsyscall_intercept.so", "forwarding_hook.so", "subscribing_hook.so"].map(|name| bench.path(name));
    files.iter().for_each(|file| File::open(file).unwrap().sync_all().unwrap());
    if file_system(&files[0]) == "tmpfs" {
        let why =
            "the library is on a tmpfs, where all pages of files count as written; set TMPDIR to a folder on a disk";
        return vec![Row::impossible("private dirty memory", why).target("<= +700 kB", false)];
    }
    let kilobytes = in_turns(ways.len(), bench.rounds(21, 3), |way| private_dirty(&ways[way], &cat));
    let row = |what: &str, way: usize| {
        let figure = Spread { fastest: None, ..added(&kilobytes[way], &kilobytes[0]) };
        Row::new(what, figure, Unit::KILOBYTES.added())
            .bare(spread(kilobytes[0].iter().copied()).median, Unit::KILOBYTES)
            .target("<= +700 kB", figure.median <= 700.0)
    };
    let mut rows = vec![row("private dirty, a forwarding plugin", 1).quoted("+1300 kB, -")];
    rows.push(row("private dirty, a plugin that wants five numbers", 2));
    rows.push(row("private dirty, a forwarding plugin, no index", 3));
    rows
}

/// Kilobytes of pages that a process has written and shares with nobody.
fn private_dirty(way: &Way, cat: &Path) -> f64 {
    let mut command = way.command(cat, &[]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // When it has copied a byte it is up and does nothing but wait for the next.
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let usage = fs::read_to_string(format!("/proc/{}/smaps_rollup", child.id())).unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();
    let dirty = usage.lines().find_map(|line| line.strip_prefix("Private_Dirty:")).unwrap();
    dirty.trim().trim_end_matches(" kB").parse().unwrap()
}
