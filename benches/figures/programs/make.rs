//! A build: a tree of processes that live for a few milliseconds each.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use super::Throughput;
use crate::bench::{Bench, needed, text};
use crate::statistics::in_turns;
use crate::way::Way;

pub(super) fn measure(bench: &Bench, ways: &[Way]) -> Result<Throughput, String> {
    let program = needed("make", "make")?;
    let files = bench.rounds(16, 2);
    let folder = bench.folder_in_memory();
    let folder = folder.path();
    for file in 0..files {
        fs::write(folder.join(format!("part{file}.c")), source(file)).unwrap();
    }
    let calls: Vec<String> =
        (0..files).map(|file| format!("extern int part{file}(int); sum += part{file}(sum);")).collect();
    fs::write(
        folder.join("main.c"),
        format!("int main(void) {{ int sum = 0; {} return sum & 1; }}\n", calls.join(" ")),
    )
    .unwrap();
    let objects: Vec<String> = (0..files).map(|file| format!("part{file}.o")).collect();
    let makefile =
        format!("all: program\nprogram: main.o {}\n\tcc -o $@ $^\n.c.o:\n\tcc -O1 -c -o $@ $<\n", objects.join(" "));
    fs::write(folder.join("Makefile"), makefile).unwrap();
    let figures = in_turns(ways.len(), bench.rounds(120, 1), |way| {
        let mut command = ways[way].command(&program, &["-B", "-s", "-j2", "-C", text(folder)]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let began = Instant::now();
        assert!(command.status().unwrap().success(), "{command:?} failed");
        1.0 / began.elapsed().as_secs_f64()
    });
    Ok(Throughput::of(" builds/s", figures))
}

/// A file with headers to read and some functions to compile.
fn source(file: usize) -> String {
    let functions = (0..20).map(|number| {
        format!(
            "static int step{number}(int n)\n{{\n\tchar text[64];\n\tsnprintf(text, sizeof(text), \"%d\", n + {number});\n\
             \treturn (int) strlen(text) + atoi(text);\n}}\n"
        )
    });
    let calls: Vec<String> = (0..20).map(|number| format!("n += step{number}(n);")).collect();
    format!(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n{}int part{file}(int n)\n{{\n\t{}\n\treturn n;\n}}\n",
        functions.collect::<String>(),
        calls.join("\n\t")
    )
}
