//! Instructions against `benches/budget.toml`: what the command fails on.

use std::collections::BTreeMap;

use crate::bench::Bench;
use crate::instructions::{of_a_call, of_the_constructor};
use crate::machine::{OneCpu, cpu_has};
use crate::row::{Row, Unit};
use crate::way::Way;

pub(crate) fn rows(bench: &Bench) -> Vec<Row> {
    // Two processes that wait for each other at every instruction.
    let _pinned = OneCpu::keep();
    let budget = Budget::read(include_str!("../budget.toml"));
    let plugin = |name: &str| bench.with_plugin(name);
    let everywhere = |name: &str| plugin(name).env("INTERCEPT_ALL_OBJS", "1");
    let subscribing = plugin("subscribing_hook");
    let mut ways = vec![
        ("forwarded", "getppid", plugin("forwarding_hook")),
        ("forwarded_vectors_saved", "vectors", everywhere("forwarding_hook")),
        ("forwarded_all_saved", "everything", everywhere("forwarding_hook")),
        ("emulated", "getppid", plugin("emulating_hook")),
        ("emulated_vectors_saved", "vectors", everywhere("emulating_hook")),
        ("emulated_all_saved", "everything", everywhere("emulating_hook")),
        ("observed", "getppid", plugin("observing_hook")),
        ("without_hook", "getppid", Way::with(bench.library())),
        ("logged", "getppid", Way::with(bench.library()).env("INTERCEPT_LOG", "/dev/null")),
    ];
    ways.push(("not_wanted_constant", "getppid", subscribing.clone()));
    ways.push(("not_wanted", "syscall", subscribing));
    let mut rows = Vec::new();
    let vectors = format!("vectors.{}", vector_state());
    let bare = ["getppid", "syscall", "vectors", "everything"].map(|site| (site, of_a_call(bench, &Way::bare(), site)));
    for (name, site, way) in ways {
        let (_, bare) = bare.iter().find(|(it, _)| *it == site).unwrap();
        let counts = bare.clone().and_then(|bare| Ok((of_a_call(bench, &way, site)?, bare)));
        match counts {
            Ok((count, bare)) => {
                rows.push(budget.row("crossing", name, "added to a call", count.others - bare.others));
                // What the log copies is copied by libc, which chooses by CPU how.
                if name != "logged" {
                    rows.push(budget.row(&vectors, name, "of vector state", count.vectors - bare.vectors));
                }
            }
            Err(why) => rows.push(not_counted(name, &why)),
        }
    }
    for (name, indexed) in [("fixed_input", false), ("fixed_input_in_index", true)] {
        rows.push(match of_the_constructor(bench, indexed) {
            Ok(count) => budget.row("constructor", name, "in the constructor", count),
            Err(why) => not_counted(name, &why),
        });
    }
    rows
}

/// A budget that nobody can check is not kept.
fn not_counted(name: &str, why: &str) -> Row {
    Row::impossible(name, why).budget("to be counted", false)
}

/// Which of the crossings in `asm/crossing.S` this CPU gets.
fn vector_state() -> &'static str {
    match (cpu_has("avx512bw"), cpu_has("avx")) {
        (true, _) => "avx512",
        (false, true) => "avx",
        (false, false) => "sse",
    }
}

/// The file: `name = number` under `[section]`.
struct Budget {
    figures: BTreeMap<String, f64>,
}

impl Budget {
    fn read(file: &str) -> Budget {
        let mut section = "";
        let mut figures = BTreeMap::new();
        for line in file.lines().map(|line| line.split('#').next().unwrap().trim()).filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
                continue;
            }
            let (name, figure) = line.split_once(" = ").unwrap_or_else(|| panic!("benches/budget.toml: {line}"));
            figures.insert(format!("{section}.{name}"), figure.replace('_', "").parse().unwrap());
        }
        Budget { figures }
    }

    fn row(&self, section: &str, name: &str, what: &str, figure: f64) -> Row {
        let row = Row::exact(format!("{name}: {what}"), figure, Unit::INSTRUCTIONS);
        let (key, share) = (format!("{section}.{name}"), self.figures["tolerance.share"]);
        match self.figures.get(&key) {
            Some(budget) => {
                let most = (budget * (1.0 + share)).floor();
                // A budget that is far above what it is for keeps nothing.
                let hint = if figure < budget * (1.0 - share) { ", may be lowered" } else { "" };
                row.budget(format!("<= {most}: {key} = {budget}{hint}"), figure <= most)
            }
            None => row.budget(format!("{key} is not in benches/budget.toml"), false),
        }
    }
}
