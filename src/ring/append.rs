//! Adding an event: what runs in the program's calls. No heap, no lock, no panic; a system call only to wait or to wake.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::clock::now_by;
use super::event::Event;
use super::futex;
use super::layout::{CLAIMED, COMMITTED, Control, Header, RingOf, SKIPPED};
use super::stack::Stack;

/// How long a reader may show no sign of life while a producer waits. It is asked for in steps, which do not count on when
/// everybody is stopped, reader included.
const PATIENCE_STEPS: u32 = 20;
const STEP_MS: u32 = 100;

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is there.
    Yes,
    /// It was thrown away; and counted, unless nobody wants it.
    Lost,
    /// The ring is closed, or others are always faster: try another one.
    Elsewhere,
}

/// Adds an event to a ring. Waits for room if the reader wants that and is alive.
pub(crate) fn append<const WORDS: usize>(
    control: &Control,
    ring: &RingOf<WORDS>,
    event: &Event,
    text: &[u8],
    stack: Option<&Stack>,
) -> Appended {
    let words = Event::words(text) + stack.map_or(0, Stack::words);
    let place = loop {
        if ring.is_closed() {
            return Appended::Elsewhere;
        }
        match claim(ring, event.thread, words) {
            Claim::At(place) => break place,
            Claim::Full { tail } => match wait_for_room(control, ring, tail) {
                Waited::Changed => {}
                Waited::Over => return Appended::Lost,
                Waited::InVain => {
                    control.lose();
                    return Appended::Lost;
                }
            },
            Claim::Contended => return Appended::Elsewhere,
            // Memory that was overwritten: nothing goes on here.
            Claim::Senseless => ring.close(),
        }
    };
    event.store(text, stack, ring.words(place, words));
    ring.word(place).store(Header::new(event.thread, words, COMMITTED).0, Release);
    if fills_half::<WORDS>(place, words) {
        ring_bell(control);
    }
    Appended::Yes
}

enum Claim {
    /// The record begins here.
    At(u64),
    /// There is no room while this is the tail.
    Full { tail: u64 },
    /// Whenever it was tried, somebody else was faster.
    Contended,
    /// There is something that no producer has written.
    Senseless,
}

/// How often others may be faster. On one CPU hardly anybody is even once; but a tracer that steps through a program on the same CPU,
/// and is traced itself, adds events between any two instructions of the program.
const TRIES: usize = 8;

fn claim<const WORDS: usize>(ring: &RingOf<WORDS>, thread: u32, words: usize) -> Claim {
    for _ in 0..TRIES {
        let (head, tail) = (ring.head(), ring.tail());
        let left = RingOf::<WORDS>::until_end(head);
        // A record is in one piece.
        let (claims, state) = if words <= left { (words, CLAIMED) } else { (left, SKIPPED) };
        // If both have moved on since the head was looked at, the tail may even be beyond it.
        if head.wrapping_sub(tail).saturating_add(claims as u64) > RingOf::<WORDS>::LENGTH {
            if ring.head() == head {
                return Claim::Full { tail };
            }
            continue;
        }
        let (free, claimed) = (RingOf::<WORDS>::free(head), Header::new(thread, claims, state));
        match ring.word(head).compare_exchange(free.0, claimed.0, AcqRel, Acquire) {
            Ok(_) => {
                ring.pass(head, claims);
                if state == CLAIMED {
                    return Claim::At(head);
                }
            }
            // Somebody was faster, and may have been interrupted before moving the head.
            Err(found) if ring.head() == head => {
                let words = Header(found).words();
                if words == 0 || words > left {
                    return Claim::Senseless;
                }
                ring.pass(head, words);
            }
            Err(_) => {}
        }
    }
    Claim::Contended
}

/// What has become of waiting for room.
enum Waited {
    /// Something has changed: try again.
    Changed,
    /// The event is to be thrown away, and counted.
    InVain,
    /// Nobody wants the event any more.
    Over,
}

/// Waits until the tail is another one.
fn wait_for_room<const WORDS: usize>(control: &Control, ring: &RingOf<WORDS>, tail: u64) -> Waited {
    let mut heartbeat = control.heartbeat.load(Relaxed);
    let mut steps = 0;
    let mut step = Step::start();
    loop {
        if control.is_over() {
            return Waited::Over;
        }
        if control.is_deserted() {
            return Waited::InVain;
        }
        ring_bell(control);
        if control.prefers_losses() {
            return Waited::InVain;
        }
        ring.waiting.fetch_add(1, AcqRel);
        let freed = ring.freed.load(Acquire);
        if ring.tail() == tail && !ring.is_closed() {
            futex::wait(&ring.freed, freed, step.milliseconds_left());
        }
        ring.waiting.fetch_sub(1, AcqRel);
        if ring.tail() != tail || ring.is_closed() {
            return Waited::Changed;
        }
        // Otherwise it was a signal: a program that gets many would be out of patience at once.
        if !step.is_over() {
            continue;
        }
        step = Step::start();
        let now = control.heartbeat.load(Relaxed);
        steps = if now == heartbeat { steps + 1 } else { 0 };
        heartbeat = now;
        if steps >= PATIENCE_STEPS {
            // For everybody: a program that waited before each of its calls would seem to hang.
            control.desert();
        }
    }
}

/// A step of the time that a producer waits.
struct Step {
    /// In nanoseconds of the kernel's clock: a program may not be allowed to read the counter.
    end: u64,
}

impl Step {
    fn start() -> Step {
        Step { end: now_by(false).value + u64::from(STEP_MS) * NANOSECONDS }
    }

    /// Also where the kernel does not tell the time, because of a filter, and the moment is zero.
    fn is_over(&self) -> bool {
        !(1..self.end).contains(&now_by(false).value)
    }

    /// Rounded up.
    fn milliseconds_left(&self) -> u32 {
        self.end.saturating_sub(now_by(false).value).div_ceil(NANOSECONDS) as u32
    }
}

/// In a millisecond.
const NANOSECONDS: u64 = 1_000_000;

/// Whether a record is the one that makes a half of its ring full.
fn fills_half<const WORDS: usize>(place: u64, words: usize) -> bool {
    let half = RingOf::<WORDS>::LENGTH / 2;
    place / half != place.wrapping_add(words as u64) / half
}

/// Tells the reader to look now.
fn ring_bell(control: &Control) {
    control.bell.fetch_add(1, Release);
    futex::wake(&control.bell);
}
