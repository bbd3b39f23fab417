//! The summary that `strace -c -w` prints.

use std::fmt::Write as _;

use super::counting::Counting;
use super::counts::Counts;
use super::report::{self, Group, Sort};
use super::table::title;
use crate::set::Set;

const HEAD: &str = "% time     seconds  usecs/call     calls    errors syscall\n";

/// Whether strace counts a call: when it returns, so never those that do not.
pub(super) fn counts(number: usize) -> bool {
    ![libc::SYS_exit, libc::SYS_exit_group].contains(&(number as i64))
}

/// The summary of these calls; empty, as strace's, if none of them was made.
pub(crate) fn summary(counting: &Counting, calls: &Set, sort: Sort) -> String {
    let is_wanted = |number| counts(number) && calls.contains(number as u32);
    let groups = report::groups(counting.counted(is_wanted), None, sort, None);
    write(&groups, counting.nanoseconds_of_tick())
}

/// Writes a summary for each group.
pub(super) fn write(groups: &[Group], nanoseconds: f64) -> String {
    let mut text = String::new();
    for group in groups {
        text += &title(group, groups.len());
        text += HEAD;
        let rule = rule(group);
        text += &rule;
        for line in &group.lines {
            let share = 100.0 * line.counts.ticks as f64 / group.sum.ticks.max(1) as f64;
            row(&mut text, share, &line.counts, &line.name, nanoseconds);
        }
        text += &rule;
        row(&mut text, 100.0, &group.sum, "total", nanoseconds);
    }
    text
}

/// The line below the heads, and above the sum.
fn rule(group: &Group) -> String {
    let longest = group.lines.iter().map(|line| line.name.len()).max().unwrap_or_default();
    // strace's column is as wide as this, or one wider than the longest name.
    let width = 16.max(longest + 1);
    format!("------ ----------- ----------- --------- --------- {:-<width$}\n", "")
}

fn row(text: &mut String, share: f64, counts: &Counts, name: &str, nanoseconds: f64) {
    let microseconds = counts.ticks as f64 * nanoseconds / 1e3;
    let (seconds, each) = (microseconds / 1e6, (microseconds / counts.calls.max(1) as f64) as u64);
    let errors = if counts.errors > 0 { counts.errors.to_string() } else { String::new() };
    let _ = writeln!(text, "{share:6.2} {seconds:11.6} {each:11} {:9} {errors:>9} {name}", counts.calls);
}
