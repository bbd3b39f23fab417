//! The figures of the README, from one command.
//!
//! ```text
//! cargo bench                     all of them, in a few minutes
//! cargo bench -- calls threads    some parts
//! cargo bench -- --quick          every part, a few rounds each: shows that it runs, and no more
//! ```
//!
//! What is compared is measured in turns. Every round runs each way once (bare, with a forwarding hook, with a log, ...),
//! and starts with another one than the round before; a figure is the median of the differences or ratios within the rounds. So
//! what a machine does on the side, and how fast its clock runs today, falls on all ways alike. What is printed with a figure is
//! where the middle half of these differences lies.
//!
//! Nothing is measured that was not seen to happen: a program that makes calls says first whether its hook was asked.
//!
//! Times are too noisy to fail on. Instructions are not: the part `budget` counts them, and the command fails if there are more
//! than `benches/budget.toml` allows.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "prints a table, and on stderr where it is")]

mod bench;
mod budget;
mod caller;
mod calls;
mod growth;
mod instructions;
mod machine;
mod memory;
mod plot;
mod programs;
mod row;
mod start;
mod statistics;
mod threads;
mod way;

use std::process::ExitCode;
use std::time::Instant;

use bench::Bench;
use row::{Row, Verdict};

/// A part of the table.
struct Part {
    name: &'static str,
    title: &'static str,
    measure: fn(&Bench) -> Vec<Row>,
}

const PARTS: [Part; 7] = [
    Part { name: "start", title: "Start-up of /bin/true", measure: start::rows },
    Part { name: "calls", title: "One call: getppid, with all that takes part in it on one CPU", measure: calls::rows },
    Part { name: "threads", title: "Threads that call at once", measure: threads::rows },
    Part { name: "memory", title: "Memory", measure: memory::rows },
    Part {
        name: "programs",
        title: "Programs: throughput with a forwarding hook, bare being 1",
        measure: programs::rows,
    },
    Part { name: "growth", title: "Growth: start-up added, by what there is to patch", measure: growth::rows },
    Part { name: "budget", title: "Budget: instructions", measure: budget::rows },
];

fn main() -> ExitCode {
    // Cargo passes `--bench`.
    let (options, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).filter(|it| it != "--bench").partition(|it| it.starts_with('-'));
    let wrong = options.iter().find(|option| *option != "--quick");
    if let Some(wrong) = wrong.or_else(|| names.iter().find(|name| PARTS.iter().all(|part| part.name != **name))) {
        eprintln!("{wrong}: not known. Parts: {}. Option: --quick", PARTS.map(|part| part.name).join(", "));
        return ExitCode::from(2);
    }
    let began = Instant::now();
    let bench = Bench::new(!options.is_empty());
    println!("{}", machine::describe());
    if bench.quick {
        println!("\nA QUICK RUN: it shows that everything runs. Its figures say nothing.");
    }
    let mut verdicts = Vec::new();
    for part in PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name)) {
        eprintln!("[{:4.0} s] {}", began.elapsed().as_secs_f64(), part.name);
        let rows = (part.measure)(&bench);
        println!("\n{}\n\n{}", part.title, row::table(&rows));
        verdicts.extend(rows.iter().map(|row| row.verdict));
    }
    let count = |verdict| verdicts.iter().filter(|&&it| it == verdict).count();
    let (met, missed, failed) = (count(Verdict::Met), count(Verdict::Missed), count(Verdict::Failed));
    println!("\n{met} targets met, {missed} missed; {failed} budgets not kept");
    println!("\n{}", row::NOTES);
    eprintln!("[{:4.0} s] done", began.elapsed().as_secs_f64());
    if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
