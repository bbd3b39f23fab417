//! The whole variable: `openat,close:error=ENOENT;10-12:delay_enter=1ms`.

use std::ffi::OsStr;

use syscalls::Sysno;

use super::plan::NUMBERS;
use super::{Effect, Error};

/// Reads injections that are separated by semicolons: each a list of calls, a colon, and [what happens to them](Effect::parse). A call is
/// given by its name or number, several by a range of numbers, all by `all`, no call at all by `none`.
///
/// # Errors
///
/// If anything is not understood.
pub fn parse(text: &str) -> Result<Vec<(Vec<u16>, Effect)>, Error> {
    let expressions = text.split(';').map(str::trim).filter(|expression| !expression.is_empty());
    let expression = |expression: &str| {
        let (calls, options) = expression.split_once(':').ok_or(Error::NoEffect)?;
        Ok((listed(calls)?, Effect::parse(options)?))
    };
    expressions.map(expression).collect()
}

/// The numbers in another variable with a list of calls.
pub(crate) fn numbers(calls: &OsStr) -> Result<Vec<i64>, Error> {
    let text = calls.to_str().ok_or_else(|| Error::Call(calls.to_string_lossy().into_owned()))?;
    Ok(listed(text)?.into_iter().map(i64::from).collect())
}

/// The numbers that a list of calls names; `none` is an empty one.
fn listed(calls: &str) -> Result<Vec<u16>, Error> {
    if calls == "none" {
        return Ok(Vec::new());
    }
    let parts: Result<Vec<Vec<u16>>, Error> =
        calls.split(',').map(|call| part(call).ok_or_else(|| Error::Call(call.to_owned()))).collect();
    Ok(parts?.concat())
}

fn part(text: &str) -> Option<Vec<u16>> {
    let number = |text: &str| text.parse().ok().filter(|&number| usize::from(number) < NUMBERS);
    if text == "all" {
        return Some((0..NUMBERS as u16).collect());
    }
    if let Some((first, last)) = text.split_once('-') {
        return Some((number(first)?..=number(last)?).collect());
    }
    let by_name = || text.parse::<Sysno>().ok().map(|call| call as u16);
    Some(vec![number(text).or_else(by_name)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_numbered_or_in_a_range() {
        let injections = parse("openat,3,10-12:error=ENOENT; all:delay_enter=1ms;").expect("two injections");
        let [(calls, _), (all, _)] = &injections[..] else { panic!("{injections:?}") };
        assert_eq!(calls, &[257, 3, 10, 11, 12]);
        assert_eq!(all.len(), NUMBERS);
        assert_eq!(parse("  "), Ok(Vec::new()));
        assert_eq!(numbers(OsStr::new("3,write")), Ok(vec![3, 1]));
        assert_eq!(numbers(OsStr::new("none")), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let call = |text: &str| Err(Error::Call(text.to_owned()));
        for (text, error) in [
            ("opena:error=1", call("opena")),
            ("read,,write:error=1", call("")),
            ("-1:error=1", call("-1")),
            ("1023:error=1", call("1023")),
            ("3-:error=1", call("3-")),
            ("read", Err(Error::NoEffect)),
            ("read:", Err(Error::Option(String::new()))),
            ("read:error=EIO;;:", call("")),
        ] {
            assert_eq!(parse(text), error, "{text}");
        }
    }
}
