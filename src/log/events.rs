//! A trace as events in [shared memory](crate::ring), for the `intercept` command to read.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;

use super::at_once::at_once;
use super::delivery;
use super::kind::signals::Information;
use super::memory::{self, Memory};
use super::options::Options;
use super::stacks::Stacks;
use super::{Call, Line, Outcome, format, maps};
use crate::handed_down::EVENTS;
use crate::hook::creates;
use crate::report;
use crate::ring::{Appended, Event, Kind, Segment, Stack, Stamp, Thread, append, now_by};
use crate::sys::clock::{forbids_counter, is_counter_forbidden};

/// Where the events go.
#[derive(Debug)]
pub(super) struct Events {
    /// Set once, by the constructor.
    segment: OnceLock<Segment>,
    /// The program has come to where nothing can be recorded any more.
    is_stopped: AtomicBool,
    /// The program may not read the time stamp counter: it has forbidden that to itself.
    lacks_counter: AtomicBool,
    stacks: Stacks,
}

/// How much of a call is to be told. Whatever it is, threads are kept apart by the calls that make them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Everything,
    /// That it ends a thread. The event has no text.
    ThatItEnds,
    Nothing,
}

impl Events {
    pub(super) const fn new() -> Self {
        Self {
            segment: OnceLock::new(),
            is_stopped: AtomicBool::new(false),
            lacks_counter: AtomicBool::new(false),
            stacks: Stacks::new(),
        }
    }

    /// Begins to record into the segment at a path. Only the constructor may do that.
    pub(super) fn start(&self, path: &OsStr) {
        let Ok(name) = CString::new(path.as_bytes()) else { return };
        match EVENTS.open(&name).and_then(Segment::open) {
            Ok(segment) => {
                self.lacks_counter.store(!segment.control.trusts_counter() || is_counter_forbidden(), Relaxed);
                let stacks = segment.control.wanted_of_stacks();
                let _ = self.segment.set(segment);
                self.tell_of_program();
                if stacks > 0 {
                    self.stacks.start(stacks, Thread::current().ids().0);
                    self.tell_of_maps();
                }
            }
            Err(errno) => report::line(&format_args!(
                "nothing of this program is recorded, cannot use {}: {}",
                path.display(),
                errno
            )),
        }
    }

    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }

    /// Whether events are wanted.
    pub(super) fn is_on(&self) -> bool {
        self.wanted().is_some()
    }

    fn wanted(&self) -> Option<&Segment> {
        self.segment.get().filter(|segment| !segment.control.is_over() && !self.is_stopped.load(Relaxed))
    }

    /// A call is about to be made; `may_not_return` says that this may be the last that is heard of it.
    pub(super) fn before(&self, call: &Call, may_not_return: bool, told: Told, memory: &dyn Memory) {
        if forbids_counter(call.number, &call.args) {
            self.lacks_counter.store(true, Relaxed);
        }
        let thread = Thread::current();
        if let Some(Makes { shares_words: true, .. }) = makes(call, memory) {
            thread.share(true);
        }
        let stack = self.stacks.of_caller();
        if stack.is_some() {
            if self.stacks.need_maps(thread.ids().0) {
                self.tell_of_maps();
            }
            thread.tells_stack(0);
        }
        let now = self.now();
        thread.begin(now.value);
        if told == Told::Nothing {
            return;
        }
        if told == Told::ThatItEnds {
            self.add(&self.event(Kind::Leaving, call, Outcome::Pending, now.value, now), now, &[], None);
        } else if may_not_return {
            let event = self.event(Kind::Leaving, call, Outcome::Pending, now.value, now);
            self.tell(event, now, call, Outcome::Pending, "", stack.as_ref(), memory);
        } else if !at_once(call.number, &call.args) {
            if let Some(stack) = &stack {
                thread.tells_stack(stack.sp);
            }
            self.add(&self.event(Kind::Begin, call, Outcome::Pending, now.value, now), now, &[], stack.as_ref());
            if stack.is_some() {
                // Copying it is none of the call's time.
                thread.begin(self.now().value);
            }
        }
    }

    /// A call has been answered. The remark stands behind the result.
    pub(super) fn after(&self, call: &Call, result: i64, remark: &str, told: Told, memory: &dyn Memory) {
        let now = self.now();
        let thread = Thread::current();
        let mut began = thread.began();
        if let Some(made) = makes(call, memory) {
            match (result, made.shares_memory) {
                (0, false) => thread.forget(),
                // The child of a `vfork` is over, or has never been.
                (1.. | ..0, _) if made.waits => thread.share(false),
                _ => {}
            }
            if result == 0 {
                began = now.value;
                if made.is_process && self.stacks.are_wanted() {
                    self.tell_of_maps();
                }
            }
        }
        if told == Told::Nothing {
            return;
        }
        let outcome = Outcome::Returned(result);
        let stack = self.stacks.of_caller().filter(|stack| !thread.has_told_stack(stack.sp));
        let event = self.event(Kind::Call, call, outcome, began, now);
        self.tell(event, now, call, outcome, remark, stack.as_ref(), memory);
    }

    /// Not inlined: the line needs a kilobyte of stack, which is not to be kept while [`before`](Self::before) only marks a beginning.
    #[inline(never)]
    #[allow(clippy::too_many_arguments, reason = "each caller has all of them in registers")]
    fn tell(
        &self,
        event: Event,
        now: Stamp,
        call: &Call,
        outcome: Outcome,
        remark: &str,
        stack: Option<&Stack>,
        memory: &dyn Memory,
    ) {
        let mut line = Line::new();
        let end = format::append_unaligned(&mut line, call, outcome, memory);
        line.add(remark);
        let text = line.as_bytes().strip_suffix(b"\n").unwrap_or(line.as_bytes());
        self.add(&Event { result_at: end as u16, ..event }, now, text, stack);
    }

    /// A handler is about to get a signal. Not inlined: see [`tell`](Self::tell).
    #[inline(never)]
    pub(super) fn signal(&self, signal: i32, information: &Information) {
        let now = self.now();
        let mut line = Line::new();
        delivery::describe(&mut line, Options::DEFAULT, signal, information);
        let call = Call { number: signal.into(), args: [0; 6], object: b"", offset: 0 };
        let event = self.event(Kind::Signal, &call, Outcome::Pending, now.value, now);
        self.add(&event, now, line.as_bytes().strip_suffix(b"\n").unwrap_or(line.as_bytes()), None);
    }

    fn event(&self, kind: Kind, call: &Call, outcome: Outcome, begin: u64, now: Stamp) -> Event {
        let (process, thread) = Thread::current().ids();
        let result = match outcome {
            Outcome::Pending => 0,
            Outcome::Returned(result) => result,
        };
        Event {
            kind,
            process,
            thread,
            number: call.number as i32,
            args: call.args,
            result,
            begin,
            end: now.value,
            by_counter: now.by_counter,
            result_at: 0,
        }
    }

    fn now(&self) -> Stamp {
        now_by(!self.lacks_counter.load(Relaxed))
    }

    /// Adds to the ring of the CPU; where that is not possible, to one that the CPU has no part in.
    fn add(&self, event: &Event, now: Stamp, text: &[u8], stack: Option<&Stack>) {
        let Some(Segment { control, rings }) = self.wanted() else { return };
        let others = (0..rings.len()).map(|turn| event.thread as usize + turn);
        // Without the counter it is not known which CPU this is.
        let own = now.by_counter.then_some(now.cpu as usize);
        for number in own.into_iter().chain(others) {
            let Some(ring) = rings.get(number % rings.len()) else { return };
            if append(control, ring, event, text, stack) != Appended::Elsewhere {
                return;
            }
        }
        control.lose();
    }

    /// The first event of a program: its command line.
    fn tell_of_program(&self) {
        let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        let (process, thread) = Thread::current().ids();
        let now = self.now();
        let parent = std::os::unix::process::parent_id();
        let event = Event {
            kind: Kind::Program,
            process,
            thread,
            args: [parent.into(), 0, 0, 0, 0, 0],
            begin: now.value,
            end: now.value,
            by_counter: now.by_counter,
            ..Event::default()
        };
        self.add(&event, now, words.join(" ").as_bytes(), None);
    }

    /// What is mapped, in as many events as it takes.
    #[cold]
    fn tell_of_maps(&self) {
        let (process, thread) = Thread::current().ids();
        let [start, end] = self.stacks.library();
        maps::read(|before, piece| {
            let now = self.now();
            let event = Event {
                kind: Kind::Maps,
                process,
                thread,
                args: [before.cast_signed(), start, end, 0, 0, 0],
                begin: now.value,
                end: now.value,
                by_counter: now.by_counter,
                ..Event::default()
            };
            self.add(&event, now, piece, None);
        });
    }
}

/// What a call makes that makes a thread or a process.
struct Makes {
    /// With the memory of the caller.
    shares_memory: bool,
    /// And with its thread-local words.
    shares_words: bool,
    /// The caller waits until the child has let go of its memory.
    waits: bool,
    /// It is not one more thread.
    is_process: bool,
}

#[inline]
fn makes(call: &Call, memory: &dyn Memory) -> Option<Makes> {
    if creates(call.number) { what_is_made(call, memory) } else { None }
}

#[inline(never)]
fn what_is_made(call: &Call, memory: &dyn Memory) -> Option<Makes> {
    let flags = match call.number {
        libc::SYS_fork => 0,
        libc::SYS_vfork => i64::from(libc::CLONE_VM | libc::CLONE_VFORK),
        libc::SYS_clone => call.args[0],
        // Its first member. Where it cannot be read, the kernel makes nothing.
        libc::SYS_clone3 => memory::array(memory, call.args[0].cast_unsigned()).map_or(0, i64::from_le_bytes),
        _ => return None,
    };
    let has = |flag: i32| flags & i64::from(flag) != 0;
    let shares_memory = has(libc::CLONE_VM);
    Some(Makes {
        shares_memory,
        shares_words: shares_memory && !has(libc::CLONE_SETTLS),
        waits: has(libc::CLONE_VFORK),
        is_process: !has(libc::CLONE_THREAD),
    })
}
