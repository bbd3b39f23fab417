use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::layout::{CLAIMED, GRAIN, Header, SKIPPED};
use super::*;

/// 32 kB.
type Small = RingOf<4096>;

fn ring() -> Box<Small> {
    Box::new(Small::zeroed())
}

fn control() -> Box<Control> {
    // SAFETY: atomics, for which zeroes are right, and that is how the kernel makes them.
    #[allow(unsafe_code, reason = "a fresh page")]
    unsafe {
        Box::new(core::mem::zeroed())
    }
}

fn event(thread: u32, count: u64) -> Event {
    Event {
        thread,
        process: 7,
        number: -1,
        args: [1, -2, 3, -4, 5, i64::MIN],
        result: -22,
        begin: count,
        end: count + 1,
        by_counter: true,
        ..Event::default()
    }
}

fn read(ring: &Small) -> Vec<(Event, Vec<u8>)> {
    let mut events = Vec::new();
    drain(ring, &mut Vec::new(), |event, _, text| events.push((event, core::mem::take(text))));
    events
}

/// Claims the next record as a producer does that is then killed.
fn claim_and_die(ring: &Small) {
    let head = ring.head();
    ring.word(head).store(Header::new(99, 16, CLAIMED).0, Relaxed);
    ring.pass(head, 16);
}

#[test]
fn what_is_read_is_what_was_added() {
    let (ring, control) = (ring(), control());
    let lengths = (0..=40).chain([1015, 1016, 1023, crate::log::CAPACITY, crate::log::CAPACITY + 9]);
    for (count, length) in (0..).zip(lengths) {
        let text: Vec<u8> = (0..length).map(|index| index as u8).collect();
        for kind in Kind::ALL {
            let added = Event { kind, result_at: length as u16, ..event(5, count) };
            assert_eq!(append(&control, &ring, &added, &text, None), Appended::Yes);
            let kept = text.get(..crate::log::CAPACITY).unwrap_or(&text).to_vec();
            assert_eq!(read(&ring), [(added, kept)], "{length}");
        }
    }
    assert!(ring.tail() > Small::LENGTH, "it went around");
}

#[test]
fn a_stack_arrives_as_far_as_it_can_be_read() {
    const PAGE: usize = 4096;
    let (ring, control) = (ring(), control());
    let mut pages = memmap2::MmapMut::map_anon(3 * PAGE).expect("three pages");
    pages.iter_mut().zip(0_u32..).for_each(|(byte, count)| *byte = (count % 251) as u8);
    let start = pages.as_ptr() as u64;
    // SAFETY: the last page of the mapping above, which nothing refers to.
    #[allow(unsafe_code, reason = "makes memory unreadable")]
    let hidden = unsafe { libc::mprotect((start as usize + 2 * PAGE) as *mut libc::c_void, PAGE, libc::PROT_NONE) };
    assert_eq!(hidden, 0);
    for length in [0, 1, 55, 56, 57, 1008, 1009, 2000, 2 * PAGE] {
        for (from, text) in [(0, &b""[..]), (8, b"text"), (PAGE + 8, &[b'x'; 1000])] {
            let stack = Stack { ip: 1, sp: start + from as u64, bp: u64::MAX, length };
            let added = Event { process: std::process::id(), ..event(5, 1) };
            assert_eq!(append(&control, &ring, &added, text, Some(&stack)), Appended::Yes);
            let mut found = Vec::new();
            drain(&ring, &mut Vec::new(), |event, stack, bytes| found.push((event, stack, bytes.clone())));
            let copied = length.min(2 * PAGE - from);
            let bytes = [text, &pages[from..from + copied]].concat();
            assert!(found == [(added, Some(Stack { length: copied, ..stack }), bytes)], "{length} from {from}");
        }
    }
}

/// Lets nobody wait for a reader that has panicked.
struct LeaveNobodyWaiting<'a>(&'a Small);

impl Drop for LeaveNobodyWaiting<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.abandon();
        }
    }
}

#[test]
fn every_event_of_many_threads_arrives_in_order_while_it_is_read() {
    const THREADS: u32 = 8;
    const EVENTS: u64 = 20_000;
    let (ring, control) = (ring(), control());
    let clock = AtomicU64::new(0);
    let mut next = [0; THREADS as usize];
    thread::scope(|scope| {
        let _guard = LeaveNobodyWaiting(&ring);
        let produce = |id| {
            let (ring, control, clock) = (&ring, &control, &clock);
            move || {
                for count in 0..EVENTS {
                    let text = format!("{id} {count} {}", "x".repeat(count as usize % 300));
                    let added = Event { end: clock.fetch_add(1, Relaxed), ..event(id, count) };
                    loop {
                        match append(control, ring, &added, text.as_bytes(), None) {
                            Appended::Yes => break,
                            // Others may always be faster; then there is no other ring here to go to.
                            Appended::Elsewhere if !ring.is_closed() => thread::yield_now(),
                            // The reader says how many are missing.
                            Appended::Elsewhere | Appended::Lost => return,
                        }
                    }
                }
            }
        };
        let producers: Vec<_> = (1..=THREADS).map(|id| scope.spawn(produce(id))).collect();
        let mut waiting = Vec::new();
        loop {
            let is_last = producers.iter().all(thread::ScopedJoinHandle::is_finished);
            control.beat();
            let seen = control.bell();
            // While a ring is read, an event may be stepped over that is on its way, and the next one of its thread be found. That
            // one is younger than this moment.
            let horizon = if is_last { u64::MAX } else { clock.load(Relaxed) };
            waiting.extend(read(&ring));
            waiting.sort_by_key(|(event, _)| event.end);
            let young = waiting.split_off(waiting.partition_point(|(event, _)| event.end < horizon));
            for (event, text) in core::mem::replace(&mut waiting, young) {
                let count = &mut next[event.thread as usize - 1];
                assert_eq!(event, Event { end: event.end, ..self::event(event.thread, *count) });
                let expected = format!("{} {count} {}", event.thread, "x".repeat(*count as usize % 300));
                assert_eq!(text.escape_ascii().to_string(), expected);
                *count += 1;
            }
            if is_last {
                break;
            }
            control.wait(seen, 10);
        }
    });
    assert_eq!(next, [EVENTS; THREADS as usize]);
    assert_eq!((read(&ring).len(), control.lost(), ring.is_closed()), (0, 0, false));
}

#[test]
fn nothing_in_a_record_looks_like_a_place_that_is_free() {
    let (ring, control) = (ring(), control());
    for kind in Kind::ALL {
        for length in (0..=100).chain([crate::log::CAPACITY]) {
            let start = ring.head();
            let added = Event { kind, process: std::process::id(), ..Event::default() };
            // Zeroes are what a free place looks like.
            let zeroes = [0; 3000];
            let stack = Stack { sp: zeroes.as_ptr() as u64, length: 10 * length, ..Stack::default() };
            let stack = Some(&stack).filter(|_| length % 2 == 0);
            assert_eq!(append(&control, &ring, &added, &vec![b'x'; length], stack), Appended::Yes);
            // At the end of the ring it may have had no room.
            let skipped = Header(ring.word(start).load(Relaxed));
            let skips = if skipped.state() == SKIPPED { skipped.words() as u64 } else { 0 };
            for place in (start + skips..ring.head()).step_by(GRAIN) {
                let found = Header(ring.word(place).load(Relaxed));
                assert!(!found.is_free(), "{kind:?}, {length}, word {}: {found:?}", place - start);
            }
            read(&ring);
        }
    }
}

#[test]
fn a_full_ring_loses_events_where_that_is_preferred_and_counts_them() {
    let (ring, control) = (ring(), control());
    control.prefer_losses();
    let added =
        (0..10_000).filter(|&count| append(&control, &ring, &event(1, count), b"", None) == Appended::Yes).count();
    assert_eq!(control.lost(), 10_000 - added as u64);
    assert_eq!(added as u64, Small::LENGTH / 16, "a record without text takes sixteen words");
    assert_eq!(read(&ring).len(), added);
    assert_eq!(append(&control, &ring, &event(1, 0), b"", None), Appended::Yes, "there is room again");
}

#[test]
fn nobody_waits_for_ever_for_a_reader_that_is_dead() {
    let (ring, control) = (ring(), control());
    fill(&ring, &control);
    let started = Instant::now();
    assert_eq!(append(&control, &ring, &event(1, 0), b"", None), Appended::Lost);
    assert!(started.elapsed() > Duration::from_secs(1));
    // Only the first one waits.
    let started = Instant::now();
    (0..100).for_each(|_| assert_eq!(append(&control, &ring, &event(1, 0), b"", None), Appended::Lost));
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(control.lost(), 101);
    // It was only stopped.
    control.beat();
    read(&ring);
    assert_eq!(append(&control, &ring, &event(1, 0), b"", None), Appended::Yes);
}

fn fill(ring: &Small, control: &Control) {
    while ring.head() < Small::LENGTH {
        assert_eq!(append(control, ring, &event(1, 0), b"", None), Appended::Yes);
    }
}

#[test]
fn an_event_that_nobody_wants_any_more_is_not_lost() {
    let (ring, control) = (ring(), control());
    fill(&ring, &control);
    control.end();
    assert_eq!((append(&control, &ring, &event(1, 0), b"", None), control.lost()), (Appended::Lost, 0));
}

#[test]
fn signals_do_not_cost_a_producer_its_patience() {
    use std::os::unix::thread::JoinHandleExt as _;
    let (ring, control): (Arc<Small>, Arc<Control>) = (ring().into(), control().into());
    fill(&ring, &control);
    // A signal that nobody else in these tests uses, and a handler that does nothing.
    let signal = libc::SIGRTMAX();
    extern "C" fn nothing(_: i32) {}
    // SAFETY: such a handler may run anywhere.
    #[allow(unsafe_code, reason = "a signal handler")]
    unsafe {
        libc::signal(signal, nothing as extern "C" fn(i32) as libc::sighandler_t)
    };
    let producer = thread::spawn({
        let (ring, control) = (Arc::clone(&ring), Arc::clone(&control));
        move || append(&control, &ring, &event(1, 0), b"", None)
    });
    while ring.waiting.load(Relaxed) == 0 && !producer.is_finished() {
        thread::sleep(Duration::from_millis(1));
    }
    let started = Instant::now();
    // The reader is not late yet.
    while started.elapsed() < Duration::from_millis(500) && !producer.is_finished() {
        // SAFETY: the thread was not joined yet.
        #[allow(unsafe_code, reason = "sends a signal")]
        unsafe {
            libc::pthread_kill(producer.as_pthread_t(), signal)
        };
        thread::sleep(Duration::from_millis(1));
    }
    assert!(!producer.is_finished(), "after {:?}", started.elapsed());
    control.beat();
    read(&ring);
    assert_eq!(producer.join().expect("the producer goes on"), Appended::Yes);
}

#[test]
fn a_head_beyond_what_was_ever_claimed_keeps_nobody_waiting() {
    let (ring, control) = (ring(), control());
    ring.pass(0, Small::LENGTH as usize);
    thread::scope(|scope| {
        let producer = scope.spawn(|| append(&control, &ring, &event(1, 0), b"", None));
        // Its patience would be at an end, but for the signs of life.
        let started = Instant::now();
        while !producer.is_finished() && started.elapsed() < Duration::from_secs(10) {
            control.beat();
            drain(&ring, &mut Vec::new(), |_, _, _| panic!("there is none"));
            thread::sleep(Duration::from_millis(10));
        }
        let gone = producer.is_finished();
        // If not, let it go now.
        ring.abandon();
        assert_eq!((gone, producer.join().expect("the producer goes on")), (true, Appended::Elsewhere));
    });
}

#[test]
fn a_reader_steps_over_a_record_that_is_never_committed() {
    let (ring, control) = (ring(), control());
    assert_eq!(append(&control, &ring, &event(1, 0), b"", None), Appended::Yes);
    claim_and_die(&ring);
    assert_eq!(append(&control, &ring, &event(1, 1), b"", None), Appended::Yes);
    assert_eq!(read(&ring).len(), 2);
    assert_eq!(read(&ring).len(), 0, "none is read twice");
    let drained = drain(&ring, &mut Vec::new(), |_, _, _| panic!("there is none"));
    assert_eq!((drained.unfinished, drained.first_unfinished, drained.is_blocked), (1, Some(16), false));
}

#[test]
fn producers_leave_a_ring_that_cannot_be_emptied() {
    let (ring, control) = (ring(), control());
    claim_and_die(&ring);
    thread::scope(|scope| {
        let producer = scope.spawn(|| {
            let added = |&count: &u64| append(&control, &ring, &event(1, count), b"", None) == Appended::Yes;
            (0..u64::MAX).take_while(added).count()
        });
        let mut seen = 0;
        loop {
            control.beat();
            let drained = drain(&ring, &mut Vec::new(), |_, _, _| ());
            seen += drained.events;
            // The producer has come to its end and waits for room.
            if drained.is_blocked && ring.head() == Small::LENGTH {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        ring.abandon();
        let added = producer.join().expect("the producer goes on");
        seen += drain(&ring, &mut Vec::new(), |_, _, _| ()).events;
        assert_eq!((seen, added as u64), (added, Small::LENGTH / 16 - 1));
    });
    assert_eq!((append(&control, &ring, &event(1, 0), b"", None), control.lost()), (Appended::Elsewhere, 0));
}

#[test]
fn memory_that_was_overwritten_harms_neither_side() {
    let control = control();
    control.prefer_losses();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut ring = ring();
    for round in 0..3000 {
        for count in 0..20 {
            let text = vec![b'x'; next() as usize % 600];
            let stack = Stack { sp: text.as_ptr() as u64, length: next() as usize % 600, ..Stack::default() };
            append(&control, &ring, &event(1, count), &text, Some(&stack).filter(|_| count % 3 == 0));
        }
        let (place, value) = (next(), next());
        // What looks like a header is the most dangerous.
        let value = if round % 2 == 0 { value } else { value & 0x0003_0007 };
        match round % 10 {
            0 => ring.set_tail(value),
            1 => ring.pass(ring.head(), value as usize % 10_000),
            _ => ring.word(place).store(value, Relaxed),
        }
        let before = ring.tail();
        drain(&ring, &mut Vec::new(), |_, stack, text| {
            assert!(text.len() <= crate::log::CAPACITY + stack.map_or(0, |stack| stack.length));
            text.clear();
        });
        assert!(ring.tail().wrapping_sub(before) <= Small::LENGTH);
        if ring.is_closed() {
            ring = self::ring();
        }
    }
}
