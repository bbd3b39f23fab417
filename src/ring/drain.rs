//! Emptying a ring: what the reader does. There is one reader.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::event::Event;
use super::futex;
use super::layout::{CLAIMED, COMMITTED, Control, GRAIN, Header, READ, RingOf, SKIPPED};
use super::stack::Stack;

/// How a ring was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// Events that were read.
    pub events: usize,
    /// Records that are claimed and not committed: on their way, or never to come.
    pub unfinished: usize,
    /// The first of them, where there are any, as a place that is never used again.
    pub first_unfinished: Option<u64>,
    /// Whether that keeps most of the ring from being used.
    pub is_blocked: bool,
}

/// Reads what there is, and frees it up to the first record that is still on its way. The text of each event goes into a buffer,
/// behind what is there, and the bytes of its stack behind the text.
pub fn drain<const WORDS: usize>(
    ring: &RingOf<WORDS>,
    text: &mut Vec<u8>,
    mut take: impl FnMut(Event, Option<Stack>, &mut Vec<u8>),
) -> Drained {
    let mut drained = Drained::default();
    let start = ring.tail();
    let (mut place, mut free_to) = (start, start);
    // Once around at most: the memory may hold anything.
    while place.wrapping_sub(start) < RingOf::<WORDS>::LENGTH {
        let word = ring.word(place);
        let header = Header(word.load(Acquire));
        if header == RingOf::<WORDS>::free(place) {
            // A head that has come past a record that is not there would keep producers waiting for ever.
            if ring.head() != place && Header(word.load(Acquire)) == header {
                ring.close();
            }
            break;
        }
        let words = header.words();
        if words == 0 || words > RingOf::<WORDS>::until_end(place) {
            // No producer writes this.
            ring.close();
            break;
        }
        match header.state() {
            COMMITTED => {
                if let Some((event, stack)) = Event::load(header, ring.words(place, words), text) {
                    take(event, stack, text);
                    drained.events += 1;
                }
                word.store(Header::new(header.thread(), words, READ).0, Relaxed);
            }
            CLAIMED => {
                drained.unfinished += 1;
                drained.first_unfinished.get_or_insert(place);
            }
            READ | SKIPPED => {}
            _ => {
                ring.close();
                break;
            }
        }
        // Its producer may not live to do it.
        if ring.head() == place {
            ring.pass(place, words);
        }
        place = place.wrapping_add(words as u64);
        if drained.unfinished == 0 {
            free_to = place;
        }
    }
    drained.is_blocked = drained.unfinished > 0 && place.wrapping_sub(free_to) > RingOf::<WORDS>::LENGTH / 2;
    free(ring, start, free_to);
    drained
}

/// Frees the words between two places for the next time around.
fn free<const WORDS: usize>(ring: &RingOf<WORDS>, from: u64, to: u64) {
    if from == to {
        return;
    }
    for words in (0..to.wrapping_sub(from)).step_by(GRAIN) {
        let place = from.wrapping_add(words);
        ring.word(place).store(RingOf::<WORDS>::free(place.wrapping_add(RingOf::<WORDS>::LENGTH)).0, Release);
    }
    ring.set_tail(to);
    ring.freed.fetch_add(1, Release);
    wake(ring);
}

fn wake<const WORDS: usize>(ring: &RingOf<WORDS>) {
    // After the tail: who begins to wait in between sees the new tail.
    if ring.waiting.fetch_add(0, AcqRel) > 0 {
        futex::wake(&ring.freed);
    }
}

impl<const WORDS: usize> RingOf<WORDS> {
    /// [Closes](RingOf::close) the ring, and sends those who wait for room in it elsewhere.
    pub fn abandon(&self) {
        self.close();
        self.freed.fetch_add(1, Release);
        wake(self);
    }
}

impl Control {
    /// Waits until there is much to read, but not longer than this; what `seen` answered before the last look makes sure that
    /// nothing is missed.
    pub fn wait(&self, seen: u32, milliseconds: u32) {
        futex::wait(&self.bell, seen, milliseconds);
    }

    /// For [`wait`](Self::wait).
    pub fn bell(&self) -> u32 {
        self.bell.load(Acquire)
    }
}
