//! Durations sorted into buckets whose width grows with the duration: four to each doubling, so that none is wider than a quarter
//! of what is in it.
//!
//! From a few ticks to a minute everything has a bucket; what took longer is in the last one.

/// How many there are.
pub const BUCKETS: usize = 124;

/// The narrowest bucket is this many doublings wide: 32 ticks. With a counter of 3 GHz that is 11 ns, less than any call takes.
const NARROWEST: u32 = 5;

/// The bucket of a duration.
#[inline(always)]
pub fn bucket_of(ticks: u64) -> usize {
    let units = ticks >> NARROWEST;
    // The first eight are all of one width.
    let doublings = (units | 4).ilog2() - 2;
    let bucket = 4 * u64::from(doublings) + (units >> doublings);
    bucket.min(BUCKETS as u64 - 1) as usize
}

/// The shortest duration in a bucket; behind the last one, what would be in the next.
pub fn start_of(bucket: usize) -> u64 {
    let doublings = (bucket / 4).saturating_sub(1) as u32;
    (bucket as u64 - 4 * u64::from(doublings)) << (doublings + NARROWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_is_between_the_ends_of_its_bucket() {
        let ends = (0..40).flat_map(|doublings| [-1, 0, 1].map(|more| (1_i64 << doublings) + more));
        for ticks in (0..100_000).chain(ends).filter(|&ticks| ticks < 1 << 36).map(i64::cast_unsigned) {
            let bucket = bucket_of(ticks);
            assert!((start_of(bucket)..start_of(bucket + 1)).contains(&ticks), "{ticks}: {bucket}");
        }
    }

    #[test]
    fn buckets_follow_each_other_and_are_narrow() {
        assert_eq!(start_of(0), 0);
        for bucket in 8..BUCKETS {
            let (start, end) = (start_of(bucket), start_of(bucket + 1));
            assert!(start < end && 4 * (end - start) <= start, "{bucket}: {start} {end}");
        }
    }

    #[test]
    fn the_last_bucket_takes_what_is_longest() {
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert!(start_of(BUCKETS) > 50 << 30, "a minute of a counter of 1 GHz");
    }
}
