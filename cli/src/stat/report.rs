//! What is reported: rows in their order, for all that ran together or for each process or thread.

use std::collections::BTreeMap;

use syscall_intercept::stat::layout::OTHERS;

use super::counts::Counts;
use super::memory::{Counted, Who};
use crate::events::entry;

/// What is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum By {
    // And for each program it became.
    Process,
    Thread,
}

/// What rows are sorted by: largest first, names from A to Z; those that are equal, and all by nothing, by their numbers. What
/// strace has goes by its names, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Sort {
    #[value(alias = "count")]
    Calls,
    #[value(alias = "error")]
    Errors,
    #[value(aliases = ["time", "time-percent", "time-total", "total-time"])]
    Total,
    #[value(aliases = ["time-avg", "avg-time"])]
    Mean,
    P50,
    P99,
    #[value(aliases = ["longest", "time-max", "max-time"])]
    Max,
    #[value(aliases = ["syscall", "syscall-name"])]
    Name,
    #[value(alias = "none")]
    Nothing,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) number: usize,
    pub(super) counts: Counts,
}

/// One table.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Whose; `None` if it is that of all together, or of those who could not be told apart.
    pub(super) who: Option<(By, Who)>,
    pub(super) lines: Vec<Line>,
    /// All lines added up, also those that are not among the first.
    pub(super) sum: Counts,
}

/// Program and thread.
type Key = (u32, u32);

/// What was counted of each number.
type Calls = BTreeMap<usize, Counts>;

/// Adds up what belongs together. Groups with most time come first.
pub(super) fn groups(counted: Vec<Counted>, by: Option<By>, sort: Sort, top: Option<usize>) -> Vec<Group> {
    let mut all: BTreeMap<Option<Key>, (Option<Who>, Calls)> = BTreeMap::new();
    for Counted { who, calls } in counted {
        let who = who.filter(|_| by.is_some());
        let key = who.as_ref().map(|who| (who.program, if by == Some(By::Thread) { who.thread } else { 0 }));
        let (known, group) = all.entry(key).or_default();
        // A process has the name of its first thread.
        if known.is_none() || who.as_ref().is_some_and(|who| who.thread == who.process) {
            *known = who;
        }
        calls.into_iter().for_each(|(number, counts)| group.entry(number).or_default().add(&counts));
    }
    let group = |(who, calls)| Group::new(by.zip(who), calls, sort, top);
    let mut groups: Vec<Group> = all.into_values().map(group).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.sum.ticks));
    groups
}

impl Group {
    fn new(who: Option<(By, Who)>, calls: Calls, sort: Sort, top: Option<usize>) -> Group {
        let mut sum = Counts::default();
        calls.values().for_each(|counts| sum.add(counts));
        let line = |(number, counts)| Line { name: name_of(number), number, counts };
        let mut lines: Vec<Line> = calls.into_iter().map(line).collect();
        lines.sort_by(|one, other| sort.compare(one, other));
        lines.truncate(top.unwrap_or(usize::MAX));
        Group { who, lines, sum }
    }
}

impl Sort {
    fn compare(self, one: &Line, other: &Line) -> std::cmp::Ordering {
        let key = |line: &Line| match self {
            Sort::Calls => Some(line.counts.calls as f64),
            Sort::Errors => Some(line.counts.errors as f64),
            Sort::Total => Some(line.counts.ticks as f64),
            Sort::Mean => line.counts.mean(),
            Sort::P50 => line.counts.percentile(0.5),
            Sort::P99 => line.counts.percentile(0.99),
            Sort::Max => Some(line.counts.longest as f64),
            Sort::Name | Sort::Nothing => None,
        };
        match self {
            Sort::Name => one.name.cmp(&other.name),
            _ => key(other).partial_cmp(&key(one)).unwrap_or(std::cmp::Ordering::Equal),
        }
    }
}

fn name_of(number: usize) -> String {
    if number == OTHERS { "(no call)".to_owned() } else { entry::name(number as i32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(calls: u64, ticks: u64) -> Counts {
        let mut counts = Counts::default();
        (counts.calls, counts.ticks, counts.longest) = (calls, ticks, ticks);
        counts
    }

    fn counted(program: u32, thread: u32, name: &str, calls: &[(usize, Counts)]) -> Counted {
        Counted { who: Some(Who { program, process: 10, thread, name: name.into() }), calls: calls.to_vec() }
    }

    fn sample() -> Vec<Counted> {
        vec![
            counted(1, 11, "a thread", &[(0, counts(3, 90))]),
            counted(1, 10, "sh", &[(0, counts(2, 10)), (39, counts(1, 500))]),
            counted(2, 10, "ls", &[(1, counts(7, 1000))]),
        ]
    }

    #[test]
    fn without_being_asked_nothing_is_told_apart() {
        let groups = groups(sample(), None, Sort::Calls, None);
        let [group] = &groups[..] else { panic!("{groups:?}") };
        let lines: Vec<_> = group.lines.iter().map(|line| (line.name.as_str(), line.counts.calls)).collect();
        assert_eq!(lines, [("write", 7), ("read", 5), ("getpid", 1)]);
        assert_eq!((group.sum.calls, group.sum.ticks, group.sum.longest), (13, 1600, 1000));
    }

    #[test]
    fn processes_and_threads_have_groups_in_the_order_of_their_time() {
        let who = |by| {
            let groups = groups(sample(), Some(by), Sort::Total, None);
            let who = groups.iter().map(|group| {
                let (_, who) = group.who.as_ref().expect("somebody");
                (group.sum.calls, who.thread, String::from_utf8_lossy(&who.name).into_owned())
            });
            who.collect::<Vec<_>>()
        };
        let (ls, sh, thread) = ("ls".to_owned(), "sh".to_owned(), "a thread".to_owned());
        assert_eq!(who(By::Process), [(7, 10, ls.clone()), (6, 10, sh.clone())]);
        assert_eq!(who(By::Thread), [(7, 10, ls), (3, 10, sh), (3, 11, thread)]);
    }

    #[test]
    fn what_is_left_out_is_in_the_sum() {
        let groups = groups(sample(), None, Sort::Name, Some(2));
        let names: Vec<_> = groups[0].lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!((names, groups[0].sum.calls), (vec!["getpid", "read"], 13));
    }

    #[test]
    fn what_is_no_call_has_a_name_too() {
        assert_eq!([name_of(OTHERS), name_of(500)], ["(no call)", "syscall_0x1f4"]);
    }
}
