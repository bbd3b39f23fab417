//! Which of the calls of a number are meant: `FIRST[..LAST][+[STEP]]`.

use super::Error;

/// What strace takes for the numbers of an expression.
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=65535;

/// The first call that is meant, the last one, and how many lie between one and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    first: u32,
    last: u32,
    step: u32,
}

impl When {
    /// All of them.
    pub(super) const ALWAYS: When = When { first: 1, last: u32::MAX, step: 1 };

    pub(super) fn parse(text: &str) -> Result<When, Error> {
        Self::read(text).ok_or_else(|| Error::When(text.to_owned()))
    }

    fn read(text: &str) -> Option<When> {
        let number = |text: &str| text.parse().ok().filter(|number| NUMBERS.contains(number));
        let (range, step) = match text.split_once('+') {
            Some((range, "")) => (range, Some(1)),
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once("..") {
            // strace reserves the largest number for "no last one".
            Some((first, last)) => (number(first)?, Some(number(last).filter(|last| last < NUMBERS.end())?)),
            None => (number(range)?, None),
        };
        let last = match (last, step) {
            (Some(last), _) => last,
            (None, Some(_)) => u32::MAX,
            (None, None) => first,
        };
        (first <= last).then_some(When { first, last, step: step.unwrap_or(1) })
    }

    /// Whether the call is meant that is this one by number, the first being 1.
    pub(super) fn includes(self, count: u32) -> bool {
        (self.first..=self.last).contains(&count) && (count - self.first).is_multiple_of(self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_means_what_it_means_to_strace() {
        for (text, meant) in [
            ("3", &[3][..]),
            ("3+", &[3, 4, 5, 6, 7, 8, 9]),
            ("2+3", &[2, 5, 8]),
            ("2..5", &[2, 3, 4, 5]),
            ("2..5+", &[2, 3, 4, 5]),
            ("2..8+3", &[2, 5, 8]),
            ("2..7+3", &[2, 5]),
            ("1+", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ] {
            let when = When::parse(text).expect(text);
            assert_eq!((0..10).filter(|&count| when.includes(count)).collect::<Vec<u32>>(), meant, "{text}");
        }
        assert!((1..9).all(|count| When::ALWAYS.includes(count)) && !When::ALWAYS.includes(0));
    }

    #[test]
    fn what_strace_refuses_is_refused() {
        for text in
            ["", "0", "x", "3..1", "2..", "..2", "65536", "1..65535", "2+0", "+2", "-1", "1+65536", "1+2+3", " 1"]
        {
            assert_eq!(When::parse(text), Err(Error::When(text.to_owned())));
        }
    }
}
