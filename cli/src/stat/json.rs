//! JSON: one object; times in nanoseconds.

use serde_json::{Value, json};

use super::report::{Group, Line};

/// Writes everything, histograms of all calls included.
pub(super) fn write(groups: &[Group], nanoseconds: f64, elapsed: f64) -> String {
    let groups: Vec<Value> = groups.iter().map(|group| object(group, nanoseconds)).collect();
    let value = json!({ "elapsed_ns": elapsed.round() as u64, "groups": groups });
    // The alternative form is on several lines.
    format!("{value:#}\n")
}

fn object(group: &Group, nanoseconds: f64) -> Value {
    let calls: Vec<Value> = group.lines.iter().map(|line| call(line, nanoseconds)).collect();
    let mut value = json!({ "calls": calls });
    if let Some((_, who)) = &group.who {
        value["process"] = json!(who.process);
        value["thread"] = json!(who.thread);
        value["name"] = json!(String::from_utf8_lossy(&who.name));
    }
    value
}

fn call(line: &Line, nanoseconds: f64) -> Value {
    let Line { name, number, counts } = line;
    let time = |ticks: f64| (ticks * nanoseconds).round() as u64;
    let timed = counts.timed();
    let bucket = |(from, to, calls): (f64, f64, u64)| json!([time(from), time(to), calls]);
    json!({
        "call": name,
        "number": number,
        "calls": counts.calls,
        "errors": counts.errors,
        "timed": timed,
        "total_ns": time(counts.ticks as f64),
        "mean_ns": counts.mean().map(time),
        "p50_ns": counts.percentile(0.5).map(time),
        "p99_ns": counts.percentile(0.99).map(time),
        "max_ns": (timed > 0).then(|| time(counts.longest as f64)),
        "histogram": counts.histogram().into_iter().map(bucket).collect::<Vec<_>>(),
    })
}
