//! Every `0f 05` in a run of bytes.

use super::vector::{Bytes, Pair, find_pairs};

struct Syscall;

impl Pair for Syscall {
    #[inline(always)]
    fn wanted<B: Bytes>(first: B, second: B) -> B {
        first.are(0x0f).and(second.are(0x05))
    }
}

/// The offsets of all `0f 05`, ascending.
pub(super) fn scan(bytes: &[u8]) -> Vec<usize> {
    let mut hits = Vec::new();
    find_pairs::<Syscall>(bytes, |at| hits.push(at));
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_pair() {
        assert_eq!(scan(&[0x0f, 0x05, 0x0f, 0x05, 0x05, 0x0f]), [0, 2]);
        assert_eq!(scan(&[]), []);
        assert_eq!(scan(&[0x0f]), []);
    }
}
