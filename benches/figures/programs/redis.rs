//! A server that makes two calls a request: `redis-benchmark` asks, through a socket.

use std::os::unix::net::UnixStream;
use std::process::Command;

use super::Throughput;
use super::server::Server;
use crate::bench::{Bench, needed, text};
use crate::machine::OneCpu;
use crate::statistics::in_turns;
use crate::way::Way;

pub(super) fn measure(bench: &Bench, ways: &[Way]) -> Result<Throughput, String> {
    let program = needed("redis-server", "redis-server")?;
    let client = needed("redis-benchmark", "redis-tools")?;
    let mut servers = Vec::new();
    let pinned = OneCpu::keep();
    for (way, name) in ways.iter().zip(["bare", "hooked"]) {
        let socket = bench.path(&format!("{name}.socket"));
        let args = ["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", text(&socket)];
        let server = Server::start(way.command(&program, &args), || UnixStream::connect(&socket).is_ok())?;
        servers.push((server, socket));
    }
    // Where the servers run, the client does not.
    drop(pinned);
    let _elsewhere = OneCpu::another();
    let requests = bench.rounds(60_000, 1_000).to_string();
    let figures = in_turns(ways.len(), bench.rounds(12, 1), |way| {
        let mut command = Command::new(&client);
        command.args(["-s", text(&servers[way].1), "-n", &requests, "-c", "16", "-t", "set,get", "--csv"]);
        let output = command.output().unwrap();
        per_second(&String::from_utf8_lossy(&output.stdout))
    });
    Ok(Throughput::of(" requests/s", figures))
}

/// Requests a second over both tests, which make equally many: `"SET","98765.43","0.1",...`.
fn per_second(csv: &str) -> f64 {
    let lines = csv.lines().filter(|line| line.starts_with("\"SET") || line.starts_with("\"GET"));
    let rates: Vec<f64> = lines.map(|line| line.split('"').nth(3).unwrap().parse().unwrap()).collect();
    assert_eq!(rates.len(), 2, "{csv}");
    rates.len() as f64 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>()
}
