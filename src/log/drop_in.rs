//! The log in the format of the original library: `INTERCEPT_LOG`.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::at_once::at_once;
use super::magic::{self, Magic};
use super::memory::{self, Memory};
use super::options::Options;
use super::sink::{Sink, kernel};
use super::{Call, Line, Outcome, Style, format};
use crate::sys::seccomp::installs_filter;

/// A line before each call and a line after it.
#[derive(Debug)]
pub(super) struct DropIn {
    sink: Sink,
    /// There is a seccomp filter, and which call it kills for nobody can ask it: the line before each call must be there.
    expects_to_be_killed: AtomicBool,
    /// The program may start and stop the log by writes.
    honours_magic: AtomicBool,
}

impl DropIn {
    pub(super) const fn new() -> Self {
        Self { sink: Sink::new(), expects_to_be_killed: AtomicBool::new(false), honours_magic: AtomicBool::new(false) }
    }

    /// Starts the log. Whoever calls this [updates](super::process::Log::update) what is known of all logs.
    pub(super) fn start(&self, path: impl Iterator<Item = u8>, truncate: bool) {
        if kernel::is_filtered() {
            self.expects_to_be_killed.store(true, Relaxed);
        }
        self.sink.start_or_complain(path, truncate);
    }

    pub(super) fn stop(&self) {
        self.sink.stop();
    }

    pub(super) fn is_on(&self) -> bool {
        self.sink.is_on()
    }

    /// Whether writes switch the log.
    pub(super) fn honours_magic(&self) -> bool {
        self.honours_magic.load(Relaxed)
    }

    /// From now on they do.
    pub(super) fn honour_magic(&self) {
        self.honours_magic.store(true, Relaxed);
    }

    pub(super) fn before(&self, call: &Call, memory: &dyn Memory) {
        if installs_filter(call.number, &call.args) {
            self.expects_to_be_killed.store(true, Relaxed);
        }
        if !self.logs_at_once(call) {
            self.write(call, Outcome::Pending, memory);
        }
    }

    pub(super) fn after(&self, call: &Call, result: i64, memory: &dyn Memory) {
        if !self.logs_at_once(call) || !self.write_both(call, result, memory) {
            self.write(call, Outcome::Returned(result), memory);
        }
    }

    /// The kernel has carried out a call.
    pub(super) fn notice(&self, call: &Call) {
        if self.is_on() {
            self.sink.notice(call);
        }
    }

    /// Whether both lines of a call are written when its result is known.
    fn logs_at_once(&self, call: &Call) -> bool {
        at_once(call.number, &call.args) && !self.expects_to_be_killed.load(Relaxed)
    }

    /// Writes both lines of a call, or the first alone if there is no room for two; answers which. Not inlined, as [`Self::obey`].
    #[inline(never)]
    fn write_both(&self, call: &Call, result: i64, memory: &dyn Memory) -> bool {
        let mut line = Line::new();
        let both = format::both(&mut line, call, result, memory);
        self.sink.write(line.as_bytes());
        both
    }

    /// Not inlined, as [`Self::obey`].
    #[inline(never)]
    fn write(&self, call: &Call, outcome: Outcome, memory: &dyn Memory) {
        let mut line = Line::new();
        format::append(Options::DEFAULT, &mut line, Style::DropIn, call, outcome, memory);
        self.sink.write(line.as_bytes());
    }

    /// Obeys a write that switches the log, and says what it returns; `None` for every other call. Not inlined: it needs a
    /// kilobyte of stack, which every system call would pay for.
    #[inline(never)]
    pub(super) fn obey(&self, call: &Call, memory: &dyn Memory) -> Option<i64> {
        let magic = magic::recognise(call.number, &call.args, memory)?;
        match magic {
            Magic::Start { path, truncate } => {
                let byte = |index: u64| memory::array(memory, path.wrapping_add(index)).filter(|[byte]| *byte != 0);
                self.start((0..).map_while(byte).map(|[byte]| byte), truncate);
            }
            Magic::Stop => self.stop(),
        }
        Some(magic.result())
    }
}
