//! What was asked for, by number, as calls look it up.
#![allow(unsafe_code, reason = "a table that is made once and never freed")]

use std::ffi::OsStr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::counts::Counts;
use super::when::When;
use super::{Due, Effect, Error, parse};

/// Numbers below this can be injected into: all that Linux has, and many more.
pub(super) const NUMBERS: usize = 1023;

/// What happens to each number.
struct Plan {
    effects: Vec<Effect>,
    /// By number, the place in `effects`, counted from one; zero where nothing happens.
    effect_of: [u8; NUMBERS],
    /// By number, the place of its count; of those that are counted.
    count_of: [u16; NUMBERS],
    counts: Option<Counts>,
}

static PLAN: AtomicPtr<Plan> = AtomicPtr::new(std::ptr::null_mut());

#[inline(always)]
fn plan() -> Option<&'static Plan> {
    // SAFETY: null, or what `configure` has made and leaked.
    unsafe { PLAN.load(Ordering::Acquire).as_ref() }
}

/// From now on happens what a text says. Called once, by the constructor. If the text is wrong, nothing does.
pub(crate) fn configure(text: &OsStr) -> Result<(), Error> {
    let injections = parse(text.to_str().ok_or_else(|| Error::Call(text.to_string_lossy().into_owned()))?)?;
    if injections.is_empty() {
        return Ok(());
    }
    let mut plan = Plan { effects: Vec::new(), effect_of: [0; NUMBERS], count_of: [0; NUMBERS], counts: None };
    for (numbers, effect) in injections {
        plan.effects.push(effect);
        let place = u8::try_from(plan.effects.len()).map_err(|_| Error::TooMany)?;
        numbers.into_iter().for_each(|number| plan.effect_of[usize::from(number)] = place);
    }
    let mut counted = 0;
    for (number, place) in plan.effect_of.iter().enumerate() {
        let effect = usize::from(*place).checked_sub(1).and_then(|place| plan.effects.get(place));
        if effect.is_some_and(|effect| effect.when != When::ALWAYS) {
            plan.count_of[number] = counted;
            counted += 1;
        }
    }
    let remembers = plan.effects.iter().any(Effect::acts_after);
    if counted > 0 || remembers {
        plan.counts = Some(Counts::new(counted.into()).ok_or(Error::NoMemory)?);
    }
    PLAN.store(Box::into_raw(Box::new(plan)), Ordering::Release);
    Ok(())
}

/// Whether calls of a number have to be shown to [`due`].
#[inline(always)]
pub(crate) fn concerns(number: i64) -> bool {
    plan().is_some_and(|plan| plan.concerns(number))
}

/// Whether some calls bring signals.
pub(crate) fn brings_signals() -> bool {
    plan().is_some_and(|plan| plan.effects.iter().any(|effect| effect.signal.is_some()))
}

/// What happens to this call. Asked once for each call: it is counted.
pub(crate) fn due(number: i64) -> Option<Due> {
    let plan = plan()?;
    let effect = plan.effect(plan.place(number));
    let effect = effect.filter(|effect| effect.when == When::ALWAYS || plan.is_meant(number, effect));
    if ends_thread(number) && effect.is_none_or(|effect| effect.answer.is_none()) {
        plan.counts.as_ref().inspect(|counts| counts.forget_this_thread());
    }
    effect.map(Due::new)
}

/// What this thread has left behind when it made a call that returns on another stack, in its parent.
pub(crate) fn found_again() -> Option<Due> {
    let plan = plan()?;
    plan.effect(plan.counts.as_ref()?.recall()).map(Due::new)
}

/// Leaves an effect behind.
pub(super) fn remember(effect: &Effect) {
    if let Some(counts) = plan().and_then(|plan| plan.counts.as_ref()) {
        counts.remember(place_of(effect));
    }
}

/// The place of an effect, counted from one.
pub(super) fn place_of(effect: &Effect) -> u8 {
    let place = plan().and_then(|plan| plan.effects.iter().position(|other| std::ptr::eq(other, effect)));
    place.map_or(0, |place| place as u8 + 1)
}

/// The effect in a place; none in place zero.
pub(super) fn effect(place: u8) -> Option<&'static Effect> {
    plan()?.effect(place)
}

impl Plan {
    // Apart: nearly always there is no plan, and all calls ask.
    #[inline(never)]
    fn concerns(&self, number: i64) -> bool {
        self.place(number) != 0 || (self.counts.is_some() && ends_thread(number))
    }

    fn place(&self, number: i64) -> u8 {
        usize::try_from(number).ok().and_then(|number| self.effect_of.get(number)).copied().unwrap_or(0)
    }

    fn effect(&self, place: u8) -> Option<&Effect> {
        self.effects.get(usize::from(place).checked_sub(1)?)
    }

    fn is_meant(&self, number: i64, effect: &Effect) -> bool {
        let count = usize::try_from(number).ok().and_then(|number| self.count_of.get(number)).zip(self.counts.as_ref());
        count.is_some_and(|(&place, counts)| effect.when.includes(counts.next(place.into())))
    }
}

/// Whether a thread has nothing left to count after a call.
fn ends_thread(number: i64) -> bool {
    number == libc::SYS_exit || number == libc::SYS_exit_group
}
