//! Sets of signals, written as for strace: `SIGINT,TERM`, `!SIGCHLD`, `all`, `none`, `17`.

use syscall_intercept::log::signal_name;

use crate::error::Error;
use crate::inject;

/// The kernel's last real-time signal.
const LAST: i32 = 64;

/// The signals of a set, as the library reads them.
pub(super) fn listed(text: &str) -> Result<String, Error> {
    let (names, inverted) = text.strip_prefix('!').map_or((text, false), |names| (names, true));
    let named = match names {
        "all" => (1..=LAST).collect(),
        "none" => Vec::new(),
        _ => names.split(',').map(number).collect::<Result<Vec<i32>, Error>>()?,
    };
    let chosen = (1..=LAST).filter(|signal| named.contains(signal) != inverted);
    Ok(inject::listed(chosen.map(i32::unsigned_abs)))
}

/// By its number, or its name with or without `SIG`, in any case.
fn number(name: &str) -> Result<i32, Error> {
    let upper = name.to_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    let is_it = |signal: &i32| {
        let known = signal_name(*signal).and_then(|known| known.strip_prefix("SIG"));
        name.parse() == Ok(*signal) || known == Some(short)
    };
    let real_time = || match short.strip_prefix("RT_") {
        Some(above) => {
            above.parse().ok().map(|above: i32| above.saturating_add(32)).filter(|signal| (33..=LAST).contains(signal))
        }
        None => (short == "RTMIN").then_some(32),
    };
    let unknown = || Error::new(format_args!("{name}: no such signal; examples: SIGINT, term, !SIGCHLD, none"));
    (1..=LAST).find(is_it).or_else(real_time).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_named_as_for_strace() {
        for (text, expected) in [
            ("SIGINT,term,17", "2,15,17"),
            ("!SIGCHLD", "1-16,18-64"),
            ("all", "1-64"),
            ("none", "none"),
            ("SIGRT_1,RTMIN", "32-33"),
        ] {
            assert_eq!(listed(text).expect(text), expected);
        }
        for text in ["SIGNOTHING", "", "0", "65", "SIGRT_99999999999"] {
            assert!(listed(text).expect_err(text).to_string().contains("no such signal"), "{text}");
        }
    }
}
