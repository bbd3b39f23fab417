//! What was counted of one call, and what follows from it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use syscall_intercept::stat::buckets::{BUCKETS, start_of};
use syscall_intercept::stat::layout::Row;

/// Counts of one number, of one thread or of many. Times are in ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    /// Calls that were begun.
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) ticks: u64,
    pub(super) longest: u64,
    buckets: [u64; BUCKETS],
}

impl Default for Counts {
    fn default() -> Counts {
        Counts { calls: 0, errors: 0, ticks: 0, longest: 0, buckets: [0; BUCKETS] }
    }
}

impl Counts {
    /// Adds what is in a row, which may be growing.
    pub(super) fn add_row(&mut self, row: &Row) {
        let read = |place: &AtomicU64| place.load(Relaxed);
        self.add(&Counts {
            calls: read(&row.calls),
            errors: read(&row.errors),
            ticks: read(&row.ticks),
            longest: read(&row.longest),
            buckets: std::array::from_fn(|bucket| read(&row.buckets[bucket])),
        });
    }

    pub(super) fn add(&mut self, other: &Counts) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.ticks += other.ticks;
        self.longest = self.longest.max(other.longest);
        self.buckets.iter_mut().zip(other.buckets).for_each(|(bucket, more)| *bucket += more);
    }

    /// Calls that have returned and were timed.
    pub(super) fn timed(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// How long a call takes on average; `None` if none was timed.
    pub(super) fn mean(&self) -> Option<f64> {
        let timed = self.timed();
        (timed > 0).then(|| self.ticks as f64 / timed as f64)
    }

    /// How long the fastest calls take that make up this share of all: as exact as the buckets, whose calls are thought to be spread
    /// evenly in them.
    pub(super) fn percentile(&self, share: f64) -> Option<f64> {
        let timed = self.timed();
        let rank = (share * timed as f64).ceil().max(1.0) as u64;
        if rank >= timed {
            return (timed > 0).then_some(self.longest as f64);
        }
        let mut below = 0;
        for (bucket, &count) in self.buckets.iter().enumerate() {
            if below + count >= rank {
                let (start, end) = self.ends(bucket);
                let part = ((rank - below) as f64 - 0.5) / count as f64;
                return Some(start + part * (end.min(self.longest as f64) - start));
            }
            below += count;
        }
        None
    }

    /// The buckets from the first that has something in it to the last: from, to, and how many.
    pub(super) fn histogram(&self) -> Vec<(f64, f64, u64)> {
        let used = |bucket: &usize| self.buckets[*bucket] > 0;
        let Some(first) = (0..BUCKETS).find(used) else { return Vec::new() };
        let last = (first..BUCKETS).rfind(used).unwrap_or(first);
        (first..=last)
            .map(|bucket| {
                let (start, end) = self.ends(bucket);
                (start, end, self.buckets[bucket])
            })
            .collect()
    }

    /// The ends of a bucket; the last one reaches as far as it has to.
    fn ends(&self, bucket: usize) -> (f64, f64) {
        let end = start_of(bucket + 1);
        let end = if bucket == BUCKETS - 1 { end.max(self.longest) } else { end };
        (start_of(bucket) as f64, end as f64)
    }
}

#[cfg(test)]
mod tests {
    use syscall_intercept::stat::buckets::bucket_of;

    use super::*;

    fn counts(ticks: impl IntoIterator<Item = u64>) -> Counts {
        let mut all = Counts::default();
        for ticks in ticks {
            let mut one = Counts { calls: 1, ticks, longest: ticks, ..Counts::default() };
            one.buckets[bucket_of(ticks)] = 1;
            all.add(&one);
        }
        all
    }

    #[test]
    fn percentiles_are_as_exact_as_buckets() {
        let all = counts((1..=100_000).map(|tick| tick * 10));
        for (share, exact) in [(0.5, 500_000.0), (0.9, 900_000.0), (0.99, 990_000.0), (1.0, 1_000_000.0)] {
            let found = all.percentile(share).expect("there are calls");
            assert!((found - exact).abs() / exact < 0.01, "{share}: {found}");
        }
        assert_eq!(all.mean(), Some(500_005.0));
    }

    #[test]
    fn of_one_call_everything_is_that_call() {
        let one = counts([12_345]);
        assert_eq!([one.mean(), one.percentile(0.5), one.percentile(0.99)], [Some(12_345.0); 3]);
        assert_eq!((one.calls, one.timed(), one.longest), (1, 1, 12_345));
    }

    #[test]
    fn of_calls_that_never_returned_nothing_is_said() {
        let none = Counts { calls: 3, ..Counts::default() };
        assert_eq!((none.mean(), none.percentile(0.5), none.histogram()), (None, None, Vec::new()));
    }

    #[test]
    fn a_histogram_has_every_call_and_no_gap() {
        let histogram = counts([100, 100, 5000, u64::MAX / 2]).histogram();
        assert_eq!(histogram.iter().map(|(.., count)| count).sum::<u64>(), 4);
        assert!(histogram.windows(2).all(|pair| pair[0].1 == pair[1].0), "{histogram:?}");
        assert_eq!(histogram.first().map(|first| first.2), Some(2));
        assert!(histogram.last().is_some_and(|last| last.1 >= (u64::MAX / 2) as f64));
    }
}
