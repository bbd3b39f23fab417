//! Comma-separated values: one line a call, times in nanoseconds.

use std::fmt::Write as _;

use super::report::{Group, Line};

const HEAD: &str = "process,thread,name,call,number,calls,errors,timed,total_ns,mean_ns,p50_ns,p99_ns,max_ns\n";

/// Writes all groups below each other. What is not told apart, and times of what was not timed, are empty.
pub(super) fn write(groups: &[Group], nanoseconds: f64) -> String {
    let mut text = HEAD.to_owned();
    for group in groups {
        let who = match &group.who {
            None => ",,".to_owned(),
            Some((_, who)) => {
                // RFC 4180: what is quoted may contain anything; quotes are doubled.
                let name = String::from_utf8_lossy(&who.name).replace('"', "\"\"");
                format!("{},{},\"{name}\"", who.process, who.thread)
            }
        };
        for Line { name, number, counts } in &group.lines {
            let time =
                |ticks: Option<f64>| ticks.map_or_else(String::new, |ticks| format!("{:.0}", ticks * nanoseconds));
            let timed = counts.timed();
            let if_timed = |ticks: u64| (timed > 0).then_some(ticks as f64);
            let times = [
                if_timed(counts.ticks),
                counts.mean(),
                counts.percentile(0.5),
                counts.percentile(0.99),
                if_timed(counts.longest),
            ];
            let times = times.map(time).join(",");
            let (calls, errors) = (counts.calls, counts.errors);
            let _ = writeln!(text, "{who},{name},{number},{calls},{errors},{timed},{times}");
        }
    }
    text
}
