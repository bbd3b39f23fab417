//! The logs of this process, which see every call before it is made and when it has been answered.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::choice::Choice;
use super::delivery;
use super::drop_in::DropIn;
use super::events::{Events, Told};
use super::memory::{Memory, ProcessMemory};
use super::table::{self, Returns};
use super::trace::Trace;
use super::{Call, Style};
use crate::handed_down;
use crate::hook::creates;
use crate::sys::seccomp::enters_strict_mode;

pub(super) static LOG: Log = Log::new();

/// Whether anybody wants lines.
pub(crate) fn active() -> bool {
    LOG.active.load(Relaxed)
}

/// Whether calls have to be shown to [`before`] at all.
pub(crate) fn watches() -> bool {
    active() || LOG.drop_in.honours_magic()
}

/// A call is about to be made; `last_word` says that no [`after`] will follow. Where the call is none of the program's, but a
/// write that switches the log, it is obeyed, and what it returns is answered.
pub(crate) fn before(call: &Call, last_word: bool) -> Option<i64> {
    if LOG.drop_in.honours_magic()
        && let Some(result) = LOG.obey(call, &ProcessMemory)
    {
        return Some(result);
    }
    LOG.before(call, last_word, &ProcessMemory);
    None
}

/// The kernel has answered a call. A trace shows the remark behind the result.
pub(crate) fn after(call: &Call, result: i64, remark: &str) {
    if active() {
        LOG.notice(call, result);
        // The other return of a call that returns twice: a trace has no line for it.
        let is_for_traces = result != 0 || !creates(call.number);
        LOG.after(call, result, remark, is_for_traces, &ProcessMemory);
    }
}

/// A hook has answered a call in the kernel's place: whatever the answer says, no descriptor was closed.
pub(crate) fn answered(call: &Call, result: i64, remark: &str) {
    if active() {
        LOG.after(call, result, remark, true, &ProcessMemory);
    }
}

/// Whether [`signal`] has to be told of signals.
pub(crate) fn tells_of_signals() -> bool {
    LOG.traces()
}

/// A handler of the program is about to get a signal. Traces say so; the log has no line for it.
pub(crate) fn signal(signal: i32, information: &[u8; 48]) {
    if !tells_of_signals() || !delivery::is_shown(signal) {
        return;
    }
    if LOG.events.is_on() {
        LOG.events.signal(signal, information);
    }
    if LOG.trace.is_on() {
        LOG.trace.signal(signal, information);
        LOG.update_if(!LOG.trace.is_on());
    }
}

/// All logs, of which usually at most one is in use.
#[derive(Debug)]
pub(super) struct Log {
    /// One of them is.
    active: AtomicBool,
    pub(super) drop_in: DropIn,
    pub(super) trace: Trace,
    /// The trace in another form, and for other readers.
    pub(super) events: Events,
    /// What these two show.
    pub(super) choice: Choice,
}

impl Log {
    const fn new() -> Self {
        Self {
            active: AtomicBool::new(false),
            drop_in: DropIn::new(),
            trace: Trace::new(),
            events: Events::new(),
            choice: Choice::new(),
        }
    }

    /// Whether calls are traced, to a file or to the command.
    pub(super) fn traces(&self) -> bool {
        self.trace.is_on() || self.events.is_on()
    }

    /// To be called when one has been started, or has ended.
    pub(super) fn update(&self) {
        self.active.store(self.drop_in.is_on() || self.traces(), Relaxed);
    }

    fn before(&self, call: &Call, last_word: bool, memory: &dyn Memory) {
        if self.drop_in.is_on() {
            self.drop_in.before(call, memory);
        }
        let enters_strict_mode = enters_strict_mode(call.number, &call.args);
        if self.traces() {
            let may_not_return = last_word || leaves(call.number) || enters_strict_mode;
            self.before_for_traces(call, may_not_return, memory);
        }
        // From then on the kernel kills for nearly every call a line is made with.
        if enters_strict_mode {
            self.drop_in.stop();
            self.trace.stop();
            self.events.stop();
            self.update();
        }
    }

    #[inline(never)]
    fn before_for_traces(&self, call: &Call, may_not_return: bool, memory: &dyn Memory) {
        handed_down::before(call.number, &call.args);
        let told = self.choice.told_before(call, memory);
        // A trace has one line a call, written when the result is known. Of `execve` that may be never: it is written before,
        // with `?`, and once more with the error if it returns.
        if self.trace.is_on() && may_not_return {
            self.trace.before(call, told, memory);
        }
        if self.events.is_on() {
            self.events.before(call, may_not_return, told, memory);
        }
    }

    /// Takes note of a descriptor of ours that the program has closed.
    fn notice(&self, call: &Call, result: i64) {
        if result >= 0 {
            self.drop_in.notice(call);
            self.trace.notice(call);
        }
    }

    #[inline(always)]
    fn after(&self, call: &Call, result: i64, remark: &str, is_for_traces: bool, memory: &dyn Memory) {
        if self.events.is_on() {
            let is_shown = is_for_traces && self.choice.shows(call.number, result);
            let told = if is_shown { Told::Everything } else { Told::Nothing };
            self.events.after(call, result, remark, told, memory);
        }
        if self.drop_in.is_on() {
            self.drop_in.after(call, result, memory);
            self.update_if(!self.drop_in.is_on());
        }
        if self.trace.is_on() && is_for_traces && self.choice.shows(call.number, result) {
            self.trace.after(call, result, remark, memory);
            self.update_if(!self.trace.is_on());
        }
    }

    /// Nobody reads a log any more.
    fn update_if(&self, is_over: bool) {
        if is_over {
            self.update();
        }
    }

    fn obey(&self, call: &Call, memory: &dyn Memory) -> Option<i64> {
        let result = self.drop_in.obey(call, memory)?;
        self.update();
        Some(result)
    }
}

/// Whether a call might not come back to tell its result.
fn leaves(number: i64) -> bool {
    matches!(table::entry(Style::Trace, number).returns, Returns::Never | Returns::Away)
}

#[cfg(test)]
mod tests;
