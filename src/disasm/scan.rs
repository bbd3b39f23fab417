//! Every `0f 05` in a run of bytes.

/// Bytes looked at in one step. The loop body compiles to compares and ORs of whole vectors.
const BLOCK: usize = 64;

/// The offsets of all `0f 05`, ascending.
pub(super) fn scan(bytes: &[u8]) -> Vec<usize> {
    let mut hits = Vec::new();
    let mut offset = 0;
    // One byte more than a block: a pair may begin with the last byte of one.
    while let Some(window) = bytes.get(offset..offset + BLOCK + 1) {
        if holds_pair(window) {
            hits.extend(pairs(window).map(|at| offset + at));
        }
        offset += BLOCK;
    }
    hits.extend(pairs(&bytes[offset..]).map(|at| offset + at));
    hits
}

/// Whether a pair begins in the first [`BLOCK`] bytes: without a branch inside, so that it vectorises.
fn holds_pair(window: &[u8]) -> bool {
    let first = &window[..BLOCK];
    let second = &window[1..=BLOCK];
    let mut found = 0_u8;
    for at in 0..BLOCK {
        found |= u8::from(first[at] == 0x0f) & u8::from(second[at] == 0x05);
    }
    found != 0
}

fn pairs(window: &[u8]) -> impl Iterator<Item = usize> {
    window.windows(2).enumerate().filter(|(_, pair)| *pair == [0x0f, 0x05]).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_pair_wherever_it_stands() {
        for length in 2..200 {
            for at in 0..length - 1 {
                let mut bytes = vec![0x0f; length];
                bytes[at + 1] = 0x05;
                assert_eq!(scan(&bytes), [at], "of {length} bytes");
            }
        }
    }

    #[test]
    fn finds_neighbours() {
        assert_eq!(scan(&[0x0f, 0x05, 0x0f, 0x05, 0x05, 0x0f]), [0, 2]);
        assert_eq!(scan(&[]), []);
        assert_eq!(scan(&[0x0f]), []);
    }
}
