//! How the durations of a call are spread, drawn with bars.

use std::fmt::Write as _;

use super::report::{Group, Line};
use super::table::title;
use super::units::{count, duration};

/// The longest bar.
const WIDEST: u64 = 40;

/// Draws each of these calls.
pub(super) fn write(groups: &[Group], nanoseconds: f64) -> String {
    let mut text = String::new();
    for group in groups {
        for line in &group.lines {
            text += &title(group, groups.len());
            draw(&mut text, line, nanoseconds);
            text.push('\n');
        }
    }
    text
}

fn draw(text: &mut String, line: &Line, nanoseconds: f64) {
    let counts = &line.counts;
    let _ = writeln!(text, "{}: {} calls, {} timed", line.name, count(counts.calls), count(counts.timed()));
    let histogram = counts.histogram();
    let most = histogram.iter().map(|(.., calls)| *calls).max().unwrap_or_default();
    let digits = count(most).len();
    for (from, to, calls) in histogram {
        let [from, to] = [from, to].map(|ticks| duration(ticks * nanoseconds));
        // What is there at all is seen.
        let bar = "#".repeat((calls * WIDEST).div_ceil(most.max(1)) as usize);
        let _ = writeln!(text, "{from:>8} .. {to:>8}  {:>digits$}  {bar}", count(calls));
    }
}
