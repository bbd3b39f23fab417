//! The trace: `INTERCEPT_TRACE`.

use core::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::choice::ENDS;
use super::colours::{END, coloured};
use super::delivery;
use super::events::Told;
use super::kind::signals::Information;
use super::memory::Memory;
use super::options::Options;
use super::sink::{Sink, kernel};
use super::{Call, Line, Outcome, Style, format};
use crate::handed_down;

/// A line a call, as strace writes them.
#[derive(Debug)]
pub(super) struct Trace {
    sink: Sink,
    /// The thread whose lines carry no id, or [`NO_IDS`] or [`ALL_IDS`].
    first_thread: AtomicI64,
}

/// No line carries an id.
pub(super) const NO_IDS: i64 = 0;
/// All lines do: the first thread is in another process.
pub(super) const ALL_IDS: i64 = -1;

impl Trace {
    pub(super) const fn new() -> Self {
        Self { sink: Sink::to(&handed_down::TRACE), first_thread: AtomicI64::new(NO_IDS) }
    }

    /// Starts the trace; `first_thread` is the one whose lines carry no id.
    pub(super) fn start(&self, path: impl Iterator<Item = u8>, truncate: bool, first_thread: i64) {
        self.first_thread.store(first_thread, Relaxed);
        self.sink.start_or_complain(path, truncate);
    }

    pub(super) fn stop(&self) {
        self.sink.stop();
    }

    pub(super) fn is_on(&self) -> bool {
        self.sink.is_on()
    }

    /// The kernel has carried out a call.
    pub(super) fn notice(&self, call: &Call) {
        if self.is_on() {
            self.sink.notice(call);
        }
    }

    /// Traces a call that may not come back, and the end that it may be.
    #[cold]
    pub(super) fn before(&self, call: &Call, told: Told, memory: &dyn Memory) {
        if told == Told::Everything {
            self.write(call, Outcome::Pending, "", memory);
        }
        if ENDS.contains(&call.number) && !Options::of_process().quiet {
            self.tell_of_end(call.args[0]);
        }
    }

    pub(super) fn after(&self, call: &Call, result: i64, remark: &str, memory: &dyn Memory) {
        self.write(call, Outcome::Returned(result), remark, memory);
    }

    /// Not inlined: a line needs a kilobyte of stack, which every system call would pay for.
    #[inline(never)]
    fn write(&self, call: &Call, outcome: Outcome, remark: &str, memory: &dyn Memory) {
        let mut line = Line::new();
        self.prefix(&mut line);
        format::append(Options::of_process(), &mut line, Style::Trace, call, outcome, memory);
        line.add(remark);
        self.sink.write(line.as_bytes());
    }

    /// A handler is about to get a signal.
    #[inline(never)]
    pub(super) fn signal(&self, signal: i32, information: &Information) {
        let mut line = Line::new();
        self.prefix(&mut line);
        delivery::describe(&mut line, Options::of_process(), signal, information);
        self.sink.write(line.as_bytes());
    }

    /// What strace says when a thread has ended. It is said just before; nothing comes between but the end itself.
    #[inline(never)]
    fn tell_of_end(&self, status: i64) {
        let mut line = Line::new();
        self.prefix(&mut line);
        coloured(&mut line, Options::of_process(), END, |line| {
            line.text("+++ exited with ");
            line.signed(status & 0xff);
            line.text(" +++");
        });
        line.finish();
        self.sink.write(line.as_bytes());
    }

    /// `[pid  1234] `, as strace tells its threads and processes apart.
    fn prefix(&self, line: &mut Line) {
        let first = self.first_thread.load(Relaxed);
        if first == NO_IDS {
            return;
        }
        let thread = kernel::thread();
        if thread == first {
            return;
        }
        line.text("[pid ");
        // Five places.
        [9, 99, 999, 9999].iter().filter(|&&below| thread <= below).for_each(|_| line.byte(b' '));
        line.signed(thread);
        line.text("] ");
    }
}
