//! An effect on one call, from the call's beginning to its end.

use super::signal::{self, Waking};
use super::{Effect, delay, plan};

/// Bits of a register that holds a number: the kernel looks at no others. Above them is room for what goes with the call.
const NUMBER: u32 = 32;
/// Bits for the place of an effect; those above them are for a timer.
const PLACE: u32 = 8;

/// What happens to a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    effect: &'static Effect,
    /// Whether the signal has come already.
    has_signal: bool,
}

impl Due {
    pub(super) fn new(effect: &'static Effect) -> Due {
        Due { effect, has_signal: false }
    }

    /// What the program gets instead of a call, if it does.
    pub(crate) fn answer(self) -> Option<i64> {
        self.effect.answer
    }

    /// What a trace says of it behind the result.
    pub(crate) fn remark(self) -> &'static str {
        self.effect.remark()
    }

    /// Whether anything is to be done when the call is over.
    pub(crate) fn acts_after(self) -> bool {
        self.effect.acts_after()
    }

    /// Before the call, or what is done instead.
    pub(crate) fn enter(self) {
        if let Some(time) = self.effect.delay_enter {
            delay::sleep(time);
        }
        // This one does not wait for the end of a call.
        if self.effect.signal == Some(libc::SIGKILL) {
            signal::send_to_this_thread(libc::SIGKILL);
        }
    }

    /// When the program is about to get the result.
    pub(crate) fn leave(self) {
        if let Some(time) = self.effect.delay_exit {
            delay::sleep(time);
        }
        if let Some(signal) = self.effect.signal.filter(|_| !self.has_signal) {
            signal::send_to_this_thread(signal);
        }
    }

    #[inline(never)]
    fn sent_off(self, may_wait: bool) -> i64 {
        let signal = self.effect.signal.filter(|_| may_wait);
        let timer = signal.and_then(Waking::start).map_or(0, Waking::bits);
        i64::from(plan::place_of(self.effect)) | i64::from(timer) << PLACE
    }

    /// The call is about to be made, and may return on another stack: nothing can go with it.
    pub(crate) fn is_left_behind(self) {
        plan::remember(self.effect);
    }
}

/// A call is about to be made. Answers its number with what [`landed`] has to know when it is over. A signal is a reason not to wait in
/// it, if it may wait: then it has to come while the call waits.
#[inline(always)]
pub(crate) fn sent_off(number: i64, due: Option<Due>, may_wait: impl FnOnce(i64) -> bool) -> i64 {
    // Nearly always there is nothing.
    let above = due.map_or(0, |due| due.sent_off(may_wait(number)));
    i64::from(number as u32) | above << NUMBER
}

/// Such a call is over.
#[inline(always)]
pub(crate) fn landed(number: i64) -> Option<Due> {
    match (number.cast_unsigned() >> NUMBER) as u32 {
        0 => None,
        above => landed_with(above),
    }
}

#[inline(never)]
fn landed_with(above: u32) -> Option<Due> {
    let effect = plan::effect(above as u8)?;
    let has_signal = Waking::from_bits(above >> PLACE).is_some_and(Waking::stop);
    Some(Due { effect, has_signal })
}
