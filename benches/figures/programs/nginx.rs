//! A server that opens a file for each request: `wrk` asks.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use super::Throughput;
use super::server::{Server, free_port};
use crate::bench::{Bench, needed, text};
use crate::machine::OneCpu;
use crate::statistics::in_turns;
use crate::way::Way;

pub(super) fn measure(bench: &Bench, ways: &[Way]) -> Result<Throughput, String> {
    let program = needed("nginx", "nginx")?;
    let client = needed("wrk", "wrk")?;
    let mut servers = Vec::new();
    let pinned = OneCpu::keep();
    for (way, name) in ways.iter().zip(["nginx_bare", "nginx_hooked"]) {
        let (folder, port) = (bench.new_folder(name), free_port());
        fs::write(folder.join("index.html"), "x".repeat(1000)).unwrap();
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration(&folder, port)).unwrap();
        let args = ["-p", text(&folder), "-c", text(&file), "-e", "stderr"];
        let server = Server::start(way.command(&program, &args), || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        servers.push((server, format!("http://127.0.0.1:{port}/index.html")));
    }
    // Where the servers run, the client does not.
    drop(pinned);
    let _elsewhere = OneCpu::another();
    let figures = in_turns(ways.len(), bench.rounds(40, 1), |way| {
        let output = Command::new(&client).args(["-t1", "-c16", "-d1s", &servers[way].1]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("Non-2xx"), "{text}");
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        rate.unwrap_or_else(|| panic!("{output:?}")).trim().parse().unwrap()
    });
    Ok(Throughput::of(" requests/s", figures))
}

fn configuration(folder: &Path, port: u16) -> String {
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};", folder.join(name).display()));
    format!(
        // As root its workers would run as somebody who may not read this folder.
        "user root; daemon off; worker_processes 1; error_log stderr; pid {pid};\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log off; {paths}\n\
         server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n",
        pid = folder.join("pid").display(),
        paths = paths.join(" "),
        root = folder.display(),
    )
}
