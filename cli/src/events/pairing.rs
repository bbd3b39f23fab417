//! Finds the beginning of each call that has ended, and the calls that never end.

use std::collections::HashMap;
use std::sync::Arc;

use syscall_intercept::ring::{Event, Kind, creates};

use crate::stacks::Frame;

/// A call that has begun, and who has made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) event: Event,
    pub(crate) stack: Vec<Arc<Frame>>,
    /// A signal handler has made calls meanwhile.
    is_interrupted: bool,
}

/// Calls that have begun, by thread. There may be several of one: signal handlers make calls while another call waits.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    begun: HashMap<(u32, u32), Vec<Begun>>,
}

impl Pairing {
    /// A call begins.
    pub(crate) fn begin(&mut self, event: Event, stack: Vec<Arc<Frame>>) {
        let begun = self.begun.entry((event.process, event.thread)).or_default();
        interrupt(begun);
        begun.push(Begun { event, stack, is_interrupted: false });
    }

    /// A call has ended: sets when it began, and answers who had made it, if that was told at its beginning; and those that were begun
    /// later and will not end any more, because the handler that made them was left by `longjmp`.
    pub(crate) fn end(&mut self, event: &mut Event) -> (Vec<Arc<Frame>>, Vec<Begun>) {
        let Some(begun) = self.begun.get_mut(&(event.process, event.thread)) else { return Default::default() };
        let Some(place) = place(begun, event) else {
            interrupt(begun);
            return Default::default();
        };
        let mut from_there = begun.split_off(place).into_iter();
        let stack = from_there.next().map_or(Vec::new(), |begun| {
            // The thread itself knows when its latest call began, and that may be later: it has told of its stack first.
            let latest = if begun.is_interrupted { 0 } else { event.begin };
            event.begin = latest.max(begun.event.begin);
            begun.stack
        });
        (stack, from_there.collect())
    }

    /// A program begins, or is over: whatever the process had begun before is, too, and the threads that had are gone.
    pub(crate) fn program(&mut self, process: u32) -> Vec<Begun> {
        let of_process: Vec<(u32, u32)> = self.begun.keys().filter(|(of, _)| *of == process).copied().collect();
        in_order(of_process.iter().filter_map(|key| self.begun.remove(key)))
    }

    /// Nothing will end any more.
    pub(crate) fn rest(&mut self) -> Vec<Begun> {
        in_order(self.begun.drain().map(|(_, begun)| begun))
    }
}

/// Whatever a thread does next, it does not in the call that it has begun last.
fn interrupt(begun: &mut [Begun]) {
    if let Some(latest) = begun.last_mut() {
        latest.is_interrupted = true;
    }
}

fn in_order(begun: impl Iterator<Item = Vec<Begun>>) -> Vec<Begun> {
    let mut begun: Vec<Begun> = begun.flatten().collect();
    begun.sort_by_key(|begun| begun.event.begin);
    begun
}

/// Which of these calls has ended.
fn place(begun: &[Begun], ended: &Event) -> Option<usize> {
    let is_it = |begun: &Begun| begun.event.args == ended.args && may_be(&begun.event, ended);
    // A plugin may have changed what it was called with.
    let is_latest = || begun.len().checked_sub(1).filter(|&latest| may_be(&begun[latest].event, ended));
    begun.iter().rposition(is_it).or_else(is_latest)
}

fn may_be(begun: &Event, ended: &Event) -> bool {
    // At the end of a call through libc's `syscall()` it is not known which of these it was.
    let clones = |event: &Event| creates(event.number.into());
    debug_assert!(begun.kind == Kind::Begin);
    begun.number == ended.number || clones(begun) && clones(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(thread: u32, number: i64, begin: u64) -> Event {
        Event { kind: Kind::Begin, process: 1, thread, number: number as i32, begin, ..Event::default() }
    }

    /// A stack that can be told from others.
    fn stack(offset: u64) -> Vec<Arc<Frame>> {
        vec![Arc::new(Frame { offset, ..Frame::default() })]
    }

    fn begin(pairing: &mut Pairing, event: Event) {
        pairing.begin(event, stack(event.begin));
    }

    fn begun(event: Event) -> Begun {
        Begun { event, stack: stack(event.begin), is_interrupted: false }
    }

    #[test]
    fn telling_of_the_stack_is_none_of_the_time_of_a_call() {
        let mut pairing = Pairing::default();
        for (interrupts, began) in [(false, 15), (true, 10)] {
            begin(&mut pairing, event(1, libc::SYS_read, 10));
            if interrupts {
                pairing.end(&mut event(1, libc::SYS_getpid, 15));
            }
            let mut read = event(1, libc::SYS_read, 15);
            pairing.end(&mut read);
            assert_eq!(read.begin, began);
        }
    }

    #[test]
    fn a_call_of_a_handler_ends_before_the_one_it_has_interrupted() {
        let mut pairing = Pairing::default();
        begin(&mut pairing, event(1, libc::SYS_read, 10));
        begin(&mut pairing, event(1, libc::SYS_write, 20));
        begin(&mut pairing, event(2, libc::SYS_read, 30));
        let mut write = event(1, libc::SYS_write, 0);
        assert_eq!(pairing.end(&mut write), (stack(20), Vec::new()));
        assert_eq!(write.begin, 20);
        let mut read = event(1, libc::SYS_read, 0);
        assert_eq!(pairing.end(&mut read), (stack(10), Vec::new()));
        assert_eq!(read.begin, 10);
        assert_eq!(pairing.rest(), [begun(event(2, libc::SYS_read, 30))]);
    }

    #[test]
    fn a_call_ends_with_what_a_plugin_has_made_of_its_arguments() {
        let mut pairing = Pairing::default();
        let with = |first: i64, begin: u64| Event { args: [first, 0, 0, 0, 0, 0], ..event(1, libc::SYS_read, begin) };
        begin(&mut pairing, with(3, 10));
        begin(&mut pairing, with(4, 20));
        assert_eq!(pairing.end(&mut with(5, 0)), (stack(20), Vec::new()));
        assert_eq!(pairing.end(&mut with(3, 0)), (stack(10), Vec::new()));
        assert!(pairing.rest().is_empty());
    }

    #[test]
    fn what_a_handler_has_left_behind_does_not_end() {
        let mut pairing = Pairing::default();
        begin(&mut pairing, event(1, libc::SYS_pause, 10));
        begin(&mut pairing, event(1, libc::SYS_read, 20));
        let left = vec![begun(event(1, libc::SYS_read, 20))];
        assert_eq!(pairing.end(&mut event(1, libc::SYS_pause, 0)), (stack(10), left));
        assert!(pairing.rest().is_empty());
    }

    #[test]
    fn a_call_that_has_no_beginning_ends_nothing() {
        let mut pairing = Pairing::default();
        begin(&mut pairing, event(1, libc::SYS_read, 10));
        assert_eq!(pairing.end(&mut event(1, libc::SYS_getpid, 7)), Default::default());
        assert_eq!(pairing.program(2), []);
        let left = Begun { is_interrupted: true, ..begun(event(1, libc::SYS_read, 10)) };
        assert_eq!(pairing.program(1), [left]);
    }
}
