//! From the time stamps of programs to nanoseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use syscall_intercept::ring::now_by;

/// Relates the time stamp counter, if programs read that, to the kernel's clock: by what both said at the beginning and
/// what both say now.
#[derive(Debug)]
pub(crate) struct Clock {
    by_counter: bool,
    first: (u64, u64),
    /// Nanoseconds a count, when it was last looked at.
    rate: f64,
}

/// A first guess at the rate needs some time to pass.
const FIRST_LOOK: Duration = Duration::from_micros(500);

impl Clock {
    /// Starts now. It is not known how fast the counter is before the clock was adjusted.
    pub(crate) fn start(by_counter: bool) -> Clock {
        Clock { by_counter, first: both(by_counter), rate: 1.0 }
    }

    /// Waits as long as it takes to guess how fast the counter is.
    pub(crate) fn with_first_rate(mut self) -> Clock {
        if self.by_counter {
            std::thread::sleep(FIRST_LOOK);
            self.adjust();
        }
        self
    }

    /// Looks at both clocks again.
    pub(crate) fn adjust(&mut self) {
        self.rate = self.rate();
    }

    /// How many nanoseconds a count was since the start.
    pub(crate) fn rate(&self) -> f64 {
        if !self.by_counter {
            return 1.0;
        }
        let now = both(true);
        let (counts, nanoseconds) = (now.0.saturating_sub(self.first.0), now.1.saturating_sub(self.first.1));
        if counts > 0 { nanoseconds as f64 / counts as f64 } else { self.rate }
    }

    /// The stamp of this moment.
    pub(crate) fn now(&self) -> u64 {
        now_by(self.by_counter).value
    }

    /// A stamp of either kind as one of ours.
    pub(crate) fn stamp(&self, value: u64, by_counter: bool) -> u64 {
        if by_counter || !self.by_counter {
            return value;
        }
        // A program may have written anything there.
        self.first.0.saturating_add((value.saturating_sub(self.first.1) as f64 / self.rate) as u64)
    }

    /// How many counts there are in a while.
    pub(crate) fn counts(&self, while_: Duration) -> u64 {
        (while_.as_nanos() as f64 / self.rate) as u64
    }

    /// Nanoseconds since the start.
    pub(crate) fn nanoseconds(&self, stamp: u64) -> u64 {
        (stamp.saturating_sub(self.first.0) as f64 * self.rate) as u64
    }
}

/// What both say at one moment. Without the counter it is the same twice.
fn both(by_counter: bool) -> (u64, u64) {
    // The closest pair of a few: the thread may be interrupted between the two.
    let pair = |_| {
        let before = now_by(by_counter).value;
        let kernel = now_by(false).value;
        let after = now_by(by_counter).value;
        let distance = after.saturating_sub(before);
        (distance, (before + distance / 2, kernel))
    };
    let (_, pair) = (0..5).map(pair).min_by_key(|(distance, _)| *distance).unwrap_or_default();
    if by_counter { pair } else { (pair.1, pair.1) }
}

/// Nanoseconds since 1970.
pub(crate) fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stamp_is_some_moment() {
        let clock = Clock { by_counter: true, first: (5_000, 1_000), rate: 0.5 };
        assert_eq!(clock.stamp(1_100, false), 5_200);
        assert_eq!(clock.stamp(7_000, true), 7_000);
        for value in [0, 1, u64::MAX - 1, u64::MAX] {
            for by_counter in [true, false] {
                let stamp = clock.stamp(value, by_counter);
                assert_eq!(clock.nanoseconds(stamp) == 0, stamp <= 5_001, "{value} {by_counter}");
            }
        }
    }
}
