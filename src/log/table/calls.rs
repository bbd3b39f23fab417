//! The names of the calls, in one string: see [`packed`](super::super::names::packed).

use syscalls::Sysno;

use super::NUMBERS;

struct Names<const LENGTH: usize> {
    text: [u8; LENGTH],
    /// Where the name of a call ends, which is where that of the next one begins.
    ends: [u16; NUMBERS],
}

impl<const LENGTH: usize> Names<LENGTH> {
    const fn all() -> Self {
        let mut names = Names { text: [0; LENGTH], ends: [0; NUMBERS] };
        let mut end = 0;
        let mut number = 0;
        while number < NUMBERS {
            if let Some(call) = Sysno::new(number) {
                let name = call.name().as_bytes();
                let mut at = 0;
                while at < name.len() {
                    names.text[end] = name[at];
                    end += 1;
                    at += 1;
                }
            }
            names.ends[number] = end as u16;
            number += 1;
        }
        names
    }
}

/// How long all names are.
const fn length() -> usize {
    let mut length = 0;
    let mut number = 0;
    while number < NUMBERS {
        if let Some(call) = Sysno::new(number) {
            length += call.name().len();
        }
        number += 1;
    }
    assert!(length <= u16::MAX as usize);
    length
}

const ALL: Names<{ length() }> = Names::all();

const TEXT: &str = match std::str::from_utf8(&ALL.text) {
    Ok(text) => text,
    Err(_) => panic!("names are identifiers"),
};

static ENDS: [u16; NUMBERS] = ALL.ends;

/// The name of the call with this number; empty if there is none.
pub(super) fn name(number: usize) -> &'static str {
    let end = |number: usize| ENDS.get(number).copied().map(usize::from);
    let start = number.checked_sub(1).map_or(Some(0), end);
    start.zip(end(number)).and_then(|(start, end)| TEXT.get(start..end)).unwrap_or_default()
}
