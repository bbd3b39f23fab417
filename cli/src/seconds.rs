//! Times as options take them.

use std::time::Duration;

/// A number of seconds, which need not be whole.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "a number of seconds is expected, such as 2.5".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_that_are_not_negative() {
        assert_eq!(parse("2.5"), Ok(Duration::from_millis(2500)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
        for text in ["", "x", "1s", "-1", "nan", "inf", "1e30"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
