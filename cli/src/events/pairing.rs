//! Finds the beginning of each call that has ended, and the calls that never end.

use std::collections::HashMap;

use syscall_intercept::ring::{Event, Kind, creates};

/// Calls that have begun, by thread. There may be several of one: signal handlers make calls while another call waits.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    begun: HashMap<(u32, u32), Vec<Event>>,
}

impl Pairing {
    /// A call begins.
    pub(crate) fn begin(&mut self, event: Event) {
        self.begun.entry((event.process, event.thread)).or_default().push(event);
    }

    /// A call has ended: sets when it began, and answers those that were begun later and will not end any more, because the handler
    /// that made them was left by `longjmp`.
    pub(crate) fn end(&mut self, event: &mut Event) -> Vec<Event> {
        let Some(begun) = self.begun.get_mut(&(event.process, event.thread)) else { return Vec::new() };
        let Some(place) = begun.iter().rposition(|begun| is_same_call(begun, event)) else { return Vec::new() };
        let mut from_there = begun.split_off(place).into_iter();
        if let Some(begun) = from_there.next() {
            event.begin = begun.begin;
        }
        from_there.collect()
    }

    /// A program begins, or is over: whatever the process had begun before is, too, and the threads that had are gone.
    pub(crate) fn program(&mut self, process: u32) -> Vec<Event> {
        let of_process: Vec<(u32, u32)> = self.begun.keys().filter(|(of, _)| *of == process).copied().collect();
        in_order(of_process.iter().filter_map(|key| self.begun.remove(key)))
    }

    /// Nothing will end any more.
    pub(crate) fn rest(&mut self) -> Vec<Event> {
        in_order(self.begun.drain().map(|(_, begun)| begun))
    }
}

fn in_order(events: impl Iterator<Item = Vec<Event>>) -> Vec<Event> {
    let mut events: Vec<Event> = events.flatten().collect();
    events.sort_by_key(|event| event.begin);
    events
}

fn is_same_call(begun: &Event, ended: &Event) -> bool {
    // At the end of a call through libc's `syscall()` it is not known which of these it was.
    let clones = |event: &Event| creates(event.number.into());
    debug_assert!(begun.kind == Kind::Begin);
    begun.args == ended.args && (begun.number == ended.number || clones(begun) && clones(ended))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(thread: u32, number: i64, begin: u64) -> Event {
        Event { kind: Kind::Begin, process: 1, thread, number: number as i32, begin, ..Event::default() }
    }

    #[test]
    fn a_call_of_a_handler_ends_before_the_one_it_has_interrupted() {
        let mut pairing = Pairing::default();
        pairing.begin(event(1, libc::SYS_read, 10));
        pairing.begin(event(1, libc::SYS_write, 20));
        pairing.begin(event(2, libc::SYS_read, 30));
        let mut write = event(1, libc::SYS_write, 0);
        assert!(pairing.end(&mut write).is_empty());
        assert_eq!(write.begin, 20);
        let mut read = event(1, libc::SYS_read, 0);
        assert!(pairing.end(&mut read).is_empty());
        assert_eq!(read.begin, 10);
        assert_eq!(pairing.rest(), [event(2, libc::SYS_read, 30)]);
    }

    #[test]
    fn what_a_handler_has_left_behind_does_not_end() {
        let mut pairing = Pairing::default();
        pairing.begin(event(1, libc::SYS_pause, 10));
        pairing.begin(event(1, libc::SYS_read, 20));
        assert_eq!(pairing.end(&mut event(1, libc::SYS_pause, 0)), [event(1, libc::SYS_read, 20)]);
        assert!(pairing.rest().is_empty());
    }

    #[test]
    fn a_call_that_has_no_beginning_ends_nothing() {
        let mut pairing = Pairing::default();
        pairing.begin(event(1, libc::SYS_read, 10));
        assert!(pairing.end(&mut event(1, libc::SYS_getpid, 7)).is_empty());
        assert_eq!(pairing.program(2), []);
        assert_eq!(pairing.program(1), [event(1, libc::SYS_read, 10)]);
    }
}
