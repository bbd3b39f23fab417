//! The summary that `strace -c -w` prints.

use std::fmt::Write as _;

use super::counts::Counts;
use super::report::Group;
use super::table::title;

const HEAD: &str = "% time     seconds  usecs/call     calls    errors syscall\n";
const RULE: &str = "------ ----------- ----------- --------- --------- ----------------\n";

/// Writes a summary for each group.
pub(super) fn write(groups: &[Group], nanoseconds: f64) -> String {
    let mut text = String::new();
    for group in groups {
        text += &title(group, groups.len());
        text += HEAD;
        text += RULE;
        for line in &group.lines {
            let share = 100.0 * line.counts.ticks as f64 / group.sum.ticks.max(1) as f64;
            row(&mut text, share, &line.counts, &line.name, nanoseconds);
        }
        text += RULE;
        row(&mut text, 100.0, &group.sum, "total", nanoseconds);
    }
    text
}

fn row(text: &mut String, share: f64, counts: &Counts, name: &str, nanoseconds: f64) {
    let microseconds = counts.ticks as f64 * nanoseconds / 1e3;
    let (seconds, each) = (microseconds / 1e6, (microseconds / counts.calls.max(1) as f64) as u64);
    let errors = if counts.errors > 0 { counts.errors.to_string() } else { String::new() };
    let _ = writeln!(text, "{share:6.2} {seconds:11.6} {each:11} {:9} {errors:>9} {name}", counts.calls);
}
