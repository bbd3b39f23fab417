//! A program that writes and locks files.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Instant;

use super::Throughput;
use crate::bench::{Bench, needed, text};
use crate::machine::OneCpu;
use crate::statistics::in_turns;
use crate::way::Way;

pub(super) fn measure(bench: &Bench, ways: &[Way]) -> Result<Throughput, String> {
    let _pinned = OneCpu::keep();
    let program = needed("sqlite3", "sqlite3")?;
    let inserts = bench.rounds(4_000, 100);
    let script = bench.path("inserts.sql");
    // Without waiting for the disk, which would hide everything else.
    let mut lines = "PRAGMA synchronous = OFF; CREATE TABLE t (number INTEGER PRIMARY KEY, name TEXT);\n".to_owned();
    lines.extend((0..inserts).map(|number| format!("INSERT INTO t VALUES ({number}, 'the name of {number}');\n")));
    fs::write(&script, lines).unwrap();
    let folder = bench.folder_in_memory();
    let database = folder.path().join("inserts.db");
    let figures = in_turns(ways.len(), bench.rounds(21, 1), |way| {
        let _ = fs::remove_file(&database);
        let mut command = ways[way].command(&program, &["-batch", text(&database)]);
        command.stdin(File::open(&script).unwrap()).stdout(Stdio::null());
        let began = Instant::now();
        assert!(command.status().unwrap().success(), "{command:?} failed");
        inserts as f64 / began.elapsed().as_secs_f64()
    });
    Ok(Throughput::of(" inserts/s", figures))
}
