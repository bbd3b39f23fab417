//! What is to happen to a call: `error=ENOENT:when=3+`.

use std::time::Duration;

use super::when::When;
use super::{Error, delay, names};

/// What happens to the calls that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What the program gets instead of a call: a value or a negated errno.
    pub(super) answer: Option<i64>,
    pub(super) signal: Option<i32>,
    pub(super) delay_enter: Option<Duration>,
    pub(super) delay_exit: Option<Duration>,
    pub(super) when: When,
}

impl Effect {
    /// Reads options that are separated by colons, as strace takes them: `error=ERRNO` or `retval=VALUE`, `signal=SIGNAL`,
    /// `delay_enter=TIME`, `delay_exit=TIME`, and `when=FIRST[..LAST][+[STEP]]`.
    ///
    /// ```
    /// use syscall_intercept::inject::{Effect, Error};
    /// assert!(Effect::parse("error=ENOENT:delay_exit=10ms:when=2+").is_ok());
    /// assert_eq!(Effect::parse("error=EMOENT"), Err(Error::Errno("EMOENT".to_owned())));
    /// ```
    ///
    /// # Errors
    ///
    /// If anything is not understood, or contradicts the rest.
    pub fn parse(options: &str) -> Result<Effect, Error> {
        let mut effect = Effect { answer: None, signal: None, delay_enter: None, delay_exit: None, when: When::ALWAYS };
        for option in options.split(':') {
            let (name, value) = option.split_once('=').ok_or_else(|| Error::Option(option.to_owned()))?;
            let wrong = |error: fn(String) -> Error| move || error(value.to_owned());
            match name {
                "error" => {
                    let errno = names::errno(value).ok_or_else(wrong(Error::Errno))?;
                    once(&mut effect.answer, -i64::from(errno), "error= or retval=")?;
                }
                "retval" => {
                    let result = result(value).ok_or_else(wrong(Error::Value))?;
                    once(&mut effect.answer, result, "error= or retval=")?;
                }
                "signal" => {
                    let signal = names::signal(value).ok_or_else(wrong(Error::Signal))?;
                    once(&mut effect.signal, signal, "signal=")?;
                }
                "delay_enter" => {
                    let time = delay::parse(value).ok_or_else(wrong(Error::Delay))?;
                    once(&mut effect.delay_enter, time, "delay_enter=")?;
                }
                "delay_exit" => {
                    let time = delay::parse(value).ok_or_else(wrong(Error::Delay))?;
                    once(&mut effect.delay_exit, time, "delay_exit=")?;
                }
                // The last one counts.
                "when" => effect.when = When::parse(value)?,
                _ => return Err(Error::Option(option.to_owned())),
            }
        }
        let acts = effect.answer.is_some() || effect.delay_enter.is_some() || effect.acts_after();
        if acts { Ok(effect) } else { Err(Error::NoEffect) }
    }

    /// Whether anything is to be done when the call is over.
    pub(super) fn acts_after(&self) -> bool {
        self.signal.is_some() || self.delay_exit.is_some()
    }

    /// What a trace says of it behind the result.
    pub(super) fn remark(&self) -> &'static str {
        let delayed = self.delay_enter.is_some() || self.delay_exit.is_some();
        match (self.answer.is_some(), delayed) {
            (true, true) => " (INJECTED) (DELAYED)",
            (true, false) => " (INJECTED)",
            (false, true) => " (DELAYED)",
            (false, false) => "",
        }
    }
}

fn once<T>(place: &mut Option<T>, value: T, what: &'static str) -> Result<(), Error> {
    if place.replace(value).is_some() { Err(Error::Twice(what)) } else { Ok(()) }
}

/// A result that is no error: decimal, or hexadecimal with `0x`.
fn result(text: &str) -> Option<i64> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok()?,
        None => text.parse().ok()?,
    };
    (value >= 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_any_order() {
        let effect = Effect::parse("when=2:delay_exit=1ms:error=ENOENT:signal=usr1:delay_enter=5").expect("an effect");
        assert_eq!(effect.answer, Some(-2));
        assert_eq!(effect.signal, Some(libc::SIGUSR1));
        assert_eq!(effect.delay_enter, Some(Duration::from_micros(5)));
        assert_eq!(effect.delay_exit, Some(Duration::from_millis(1)));
        assert!(!effect.when.includes(1) && effect.when.includes(2));
        for (value, answer) in [("0", 0), ("42", 42), ("0x7fff", 0x7fff)] {
            assert_eq!(Effect::parse(&format!("retval={value}")).expect(value).answer, Some(answer));
        }
        for (name, errno) in [("EWOULDBLOCK", 11), ("ENOTSUP", 95), ("4095", 4095)] {
            assert_eq!(Effect::parse(&format!("error={name}")).expect(name).answer, Some(-errno));
        }
        for (name, signal) in [("SIGTERM", 15), ("kill", 9), ("64", 64), ("IO", 29)] {
            assert_eq!(Effect::parse(&format!("signal={name}")).expect(name).signal, Some(signal));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = str::to_owned;
        for (options, error) in [
            ("", Error::Option(text(""))),
            ("when=3", Error::NoEffect),
            ("error", Error::Option(text("error"))),
            ("poke_enter=@arg1=00", Error::Option(text("poke_enter=@arg1=00"))),
            ("error=EPERM:retval=3", Error::Twice("error= or retval=")),
            ("signal=9:signal=9", Error::Twice("signal=")),
            ("error=0", Error::Errno(text("0"))),
            ("error=4096", Error::Errno(text("4096"))),
            ("error=", Error::Errno(text(""))),
            ("retval=-1", Error::Value(text("-1"))),
            ("retval=99999999999999999999", Error::Value(text("99999999999999999999"))),
            ("signal=SIGFOO", Error::Signal(text("SIGFOO"))),
            ("signal=65", Error::Signal(text("65"))),
            ("signal=0", Error::Signal(text("0"))),
            ("delay_enter=-3", Error::Delay(text("-3"))),
            ("delay_exit=3h", Error::Delay(text("3h"))),
        ] {
            assert_eq!(Effect::parse(options), Err(error), "{options}");
        }
    }
}
