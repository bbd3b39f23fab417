//! The tables that people read.

use std::fmt::Write as _;

use super::counts::Counts;
use super::memory::Who;
use super::report::{By, Group, Line};
use super::units::{count, duration};

/// Writes a table for each group, and what they are together if there are several.
pub(super) fn write(groups: &[Group], nanoseconds: f64) -> String {
    let mut text = String::new();
    for group in groups {
        text += &title(group, groups.len());
        text += &table(group, nanoseconds);
        text.push('\n');
    }
    text
}

/// The line above a table, where there are several.
pub(super) fn title(group: &Group, groups: usize) -> String {
    match &group.who {
        Some((by, who)) => name(*by, who) + "\n",
        None if groups > 1 => "those that could not be told apart, because there were too many\n".to_owned(),
        None => String::new(),
    }
}

/// Who somebody is, in words that do not speak to the terminal.
fn name(by: By, who: &Who) -> String {
    let Who { process, thread, name, .. } = who;
    let name = String::from_utf8_lossy(name).escape_debug().to_string();
    match by {
        By::Process => format!("process {process} ({name})"),
        By::Thread => format!("process {process}, thread {thread} ({name})"),
    }
}

const HEADS: [&str; 8] = ["call", "calls", "errors", "total", "mean", "p50", "p99", "max"];

fn table(group: &Group, nanoseconds: f64) -> String {
    let cells = |name: &str, counts: &Counts| {
        let time = |ticks: Option<f64>| ticks.map_or_else(|| "-".to_owned(), |ticks| duration(ticks * nanoseconds));
        let timed = (counts.timed() > 0).then_some(());
        [
            name.to_owned(),
            count(counts.calls),
            count(counts.errors),
            time(timed.map(|()| counts.ticks as f64)),
            time(counts.mean()),
            time(counts.percentile(0.5)),
            time(counts.percentile(0.99)),
            time(timed.map(|()| counts.longest as f64)),
        ]
    };
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(group.lines.iter().map(|Line { name, counts, .. }| cells(name, counts)));
    rows.push(cells("(all)", &group.sum));
    let widths: [usize; 8] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or_default());
    let mut text = String::new();
    for row in &rows {
        let [name, numbers @ ..] = row;
        let _ = write!(text, "{name:0$}", widths[0]);
        for (cell, width) in numbers.iter().zip(&widths[1..]) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    text
}
