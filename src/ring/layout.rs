//! What lies where in the shared memory.
//!
//! Everything is an atomic, and the memory begins as zeroes. Whoever maps it may find anything in it: a program with a stray pointer
//! writes into it, too.

use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

/// How many rings there are. More CPUs than this share some.
pub const RINGS: usize = 64;

/// 64-bit words in a ring: a megabyte.
const WORDS: usize = (1 << 20) / 8;

/// Records begin and end at multiples of this many words, a cache line: two producers never write to one line.
pub(super) const GRAIN: usize = 8;

/// The first word of the segment: a name, and the version of this layout.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"intrcpt\x03");

/// The first page.
#[repr(C, align(4096))]
#[derive(Debug)]
pub struct Control {
    /// [`MAGIC`]
    pub(super) magic: AtomicU64,
    /// What the reader wants.
    wishes: AtomicU32,
    /// Changes when the reader is to look at once. A futex.
    pub(super) bell: AtomicU32,
    /// Counts how often the reader has looked.
    pub(super) heartbeat: AtomicU32,
    /// The reader is believed dead.
    deserted: AtomicU32,
    /// Events that were thrown away.
    lost: AtomicU64,
    /// So many bytes of the stack go with each call.
    stacks: AtomicU32,
}

/// Events are not to be kept any more, and nothing is lost by that.
const OVER: u32 = 1;
/// Whoever finds a ring full throws its event away.
const DROP: u32 = 1 << 1;
/// Time stamps are to be taken by asking the kernel.
const NO_COUNTER: u32 = 1 << 2;

impl Control {
    /// Says that no more events are wanted.
    pub fn end(&self) {
        self.wishes.fetch_or(OVER, Relaxed);
    }

    /// Whether events are still wanted.
    pub fn is_over(&self) -> bool {
        self.wishes.load(Relaxed) & OVER != 0
    }

    /// Says that producers must never wait.
    pub fn prefer_losses(&self) {
        self.wishes.fetch_or(DROP, Relaxed);
    }

    pub(super) fn prefers_losses(&self) -> bool {
        self.wishes.load(Relaxed) & DROP != 0
    }

    /// Says that the time stamp counter cannot be relied on.
    pub fn mistrust_counter(&self) {
        self.wishes.fetch_or(NO_COUNTER, Relaxed);
    }

    /// Whether the time stamp counter can be relied on.
    pub fn trusts_counter(&self) -> bool {
        self.wishes.load(Relaxed) & NO_COUNTER == 0
    }

    /// Says that so many bytes of the stack are wanted with each call. To be said before the first program starts.
    pub fn want_stacks(&self, length: u32) {
        self.stacks.store(length, Relaxed);
    }

    /// How many bytes of the stack are wanted with each call; zero for none.
    pub(crate) fn wanted_of_stacks(&self) -> usize {
        self.stacks.load(Relaxed) as usize
    }

    /// A sign of life, due several times a second; also takes back that the reader is dead.
    pub fn beat(&self) {
        self.heartbeat.fetch_add(1, Relaxed);
        self.deserted.store(0, Relaxed);
    }

    /// There was no sign of life for too long: nobody waits any more.
    pub(super) fn desert(&self) {
        self.deserted.store(1, Relaxed);
    }

    pub(super) fn is_deserted(&self) -> bool {
        self.deserted.load(Relaxed) != 0
    }

    /// How many events were thrown away.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    pub(crate) fn lose(&self) {
        self.lost.fetch_add(1, Relaxed);
    }
}

/// A ring in a segment.
pub type Ring = RingOf<WORDS>;

/// A ring of so many words, a power of two: what the producers change, what the reader changes, and the records.
#[repr(C, align(4096))]
#[derive(Debug)]
pub struct RingOf<const WORDS: usize> {
    /// Words that were ever claimed.
    head: OnItsOwnLine<AtomicU64>,
    /// Words that were ever freed.
    tail: OnItsOwnLine<AtomicU64>,
    /// Changes when the tail does. A futex.
    pub(super) freed: AtomicU32,
    /// Producers that wait for it.
    pub(super) waiting: AtomicU32,
    closed: AtomicU32,
    words: Words<WORDS>,
}

#[repr(C, align(128))]
#[derive(Debug)]
struct OnItsOwnLine<T>(T);

#[repr(C, align(4096))]
#[derive(Debug)]
struct Words<const WORDS: usize>([AtomicU64; WORDS]);

impl<const WORDS: usize> RingOf<WORDS> {
    pub(super) const LENGTH: u64 = WORDS as u64;

    /// As the kernel makes them.
    #[cfg(test)]
    pub(super) fn zeroed() -> Self {
        Self {
            head: OnItsOwnLine(AtomicU64::new(0)),
            tail: OnItsOwnLine(AtomicU64::new(0)),
            freed: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            closed: AtomicU32::new(0),
            words: Words([const { AtomicU64::new(0) }; WORDS]),
        }
    }

    pub(super) fn head(&self) -> u64 {
        self.head.0.load(Acquire)
    }

    /// Moves the head over a record that was claimed there, unless somebody else has.
    pub(super) fn pass(&self, head: u64, words: usize) {
        let _ = self.head.0.compare_exchange(head, head.wrapping_add(words as u64), AcqRel, Relaxed);
    }

    pub(super) fn tail(&self) -> u64 {
        self.tail.0.load(Acquire)
    }

    pub(super) fn set_tail(&self, tail: u64) {
        self.tail.0.store(tail, Release);
    }

    /// The word that has this place among all words ever claimed.
    pub(super) fn word(&self, place: u64) -> &AtomicU64 {
        const { assert!(WORDS.is_power_of_two() && WORDS.is_multiple_of(GRAIN)) };
        &self.words.0[place as usize % WORDS]
    }

    /// The words from a place on, which do not reach beyond the end of the ring.
    pub(super) fn words(&self, place: u64, count: usize) -> &[AtomicU64] {
        let start = place as usize % WORDS;
        self.words.0.get(start..start + count).unwrap_or(&[])
    }

    /// How many words follow until the ring begins again.
    pub(super) fn until_end(place: u64) -> usize {
        WORDS - place as usize % WORDS
    }

    /// What stands at the beginning of each grain that is free, the next time a record may begin there: another value each time
    /// around, so that a producer that was held up does not claim a place whose time is over.
    pub(super) fn free(place: u64) -> Header {
        Header((place / Self::LENGTH) << 32)
    }

    /// Nobody is to add anything any more.
    pub fn close(&self) {
        self.closed.store(1, Relaxed);
    }

    /// Whether somebody may add something.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Relaxed) != 0
    }
}

/// The first word of a record: whose it is, how long, and how far it has come. Or of a grain that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header(pub(super) u64);

/// A record on its way: its producer fills it.
pub(super) const CLAIMED: u64 = 1;
/// It can be read.
pub(super) const COMMITTED: u64 = 2;
/// It was read, and its place is not free yet.
pub(super) const READ: u64 = 3;
/// There is nothing in it: the end of the ring, where no record had room.
pub(super) const SKIPPED: u64 = 4;

impl Header {
    pub(super) fn new(thread: u32, words: usize, state: u64) -> Header {
        Header(u64::from(thread) << 32 | ((words / GRAIN) as u64 & 0xffff) << 16 | state)
    }

    /// Whether it says that a grain is free, whichever time around.
    #[cfg(test)]
    pub(super) fn is_free(self) -> bool {
        self.0 as u32 == 0
    }

    pub(super) fn thread(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Zero if nothing begins here.
    pub(super) fn words(self) -> usize {
        (self.0 >> 16 & 0xffff) as usize * GRAIN
    }

    pub(super) fn state(self) -> u64 {
        self.0 & 0xffff
    }
}
