//! A program that asks about many files and ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Throughput;
use crate::bench::{Bench, needed, text};
use crate::machine::OneCpu;
use crate::start::take_turns;
use crate::way::Way;

const FOLDERS: usize = 200;

pub(super) fn measure(bench: &Bench, ways: &[Way]) -> Result<Throughput, String> {
    let _pinned = OneCpu::keep();
    let program = needed("git", "git")?;
    let folder = bench.folder_in_memory();
    let folder = folder.path();
    for name in (0..FOLDERS).map(|number| folder.join(format!("folder{number}"))) {
        fs::create_dir(&name).unwrap();
        for file in 0..bench.rounds(50, 1) {
            fs::write(name.join(format!("file{file}.c")), format!("int number{file};\n")).unwrap();
        }
    }
    git(&program, folder, &["init", "-q"]);
    git(&program, folder, &["add", "."]);
    // The first one after writing reads the files whose age it cannot tell from that of the index. That is over then.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    git(&program, folder, &["update-index", "-q", "--really-refresh"]);
    git(&program, folder, &["status"]);

    let times = take_turns(ways, &program, &["-C", text(folder), "status"], bench.rounds(80, 2));
    let per_second = |times: Vec<f64>| times.into_iter().map(|milliseconds| 1e3 / milliseconds).collect();
    Ok(Throughput::of(" times/s", times.into_iter().map(per_second).collect()))
}

fn git(program: &Path, folder: &Path, args: &[&str]) {
    let mut command: Command = Way::bare().command(program, args);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(command.status().unwrap().success(), "{command:?} failed");
}
