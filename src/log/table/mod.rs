//! What the arguments of every call are: one row a call.

mod calls;
mod drop_in;
mod files;
mod identity;
mod memory;
mod network;
mod process;
mod system;
mod time;

use syscalls::Sysno;

use super::Style;
use super::kind::Kind;
use super::names::Set;

/// How the value of a successful call is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Returns {
    Number,
    Address,
    Hex,
    Mode,
    /// A number, which is a descriptor.
    Descriptor,
    /// A number, which is how many descriptors are ready; they are listed behind it.
    Ready,
    /// The same, with the time that was left.
    ReadyInTime,
    /// The same for `select`.
    Selected,
    /// A number, which is a signal.
    Signal,
    /// A number that has a name.
    Named(Set),
    /// Depends on the command of `fcntl`.
    Fcntl,
    /// Not at all: the call ends the thread, or continues elsewhere.
    Never,
    /// Only if it failed: otherwise another program runs.
    Away,
}

impl Returns {
    /// Whether something may stand behind the result.
    pub(super) fn has_remark(self) -> bool {
        use Returns::{Descriptor, Named, Ready, ReadyInTime, Selected, Signal};
        matches!(self, Descriptor | Named(_) | Ready | ReadyInTime | Selected | Signal)
    }
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    returns: Returns,
    kinds: &'static [Kind],
}

/// A row, and the name that goes with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// `None` if there is no such call.
    pub(super) name: Option<&'static str>,
    pub(super) returns: Returns,
    pub(super) kinds: &'static [Kind],
}

/// One more than the highest number of [`syscalls::Sysno`].
const NUMBERS: usize = Sysno::last() as usize + 1;

const TRACE_ROWS: &[&[(Sysno, Row)]] = &[
    files::ROWS,
    files::AT_ROWS,
    files::DESCRIPTOR_ROWS,
    memory::ROWS,
    network::ROWS,
    process::ROWS,
    identity::ROWS,
    time::ROWS,
    system::ROWS,
];

const DROP_IN_ROWS: &[&[(Sysno, Row)]] = &[drop_in::ROWS, drop_in::FROM_FUTEX, drop_in::FROM_OPENAT];

static TRACE: Table<{ kinds_in(TRACE_ROWS) }> = Table::build(TRACE_ROWS);

static DROP_IN: Table<{ kinds_in(DROP_IN_ROWS) }> = Table::build(DROP_IN_ROWS);

/// Without a row every register is shown.
const UNKNOWN: Entry = Entry { name: None, returns: Returns::Number, kinds: &[Kind::Hex; 6] };

/// What to print for the call with this number.
pub(super) fn entry(style: Style, number: i64) -> Entry {
    match style {
        // The kernel looks at the low half of rax only (`do_syscall_64` takes an `int`).
        Style::Trace => TRACE.entry(i64::from(number as i32)),
        // What came after the original is spelled like a trace; what the original left out stays without a name.
        Style::DropIn if number > drop_in::LAST => TRACE.entry(number),
        Style::DropIn => DROP_IN.entry(number),
    }
    .unwrap_or(UNKNOWN)
}

/// The numbers that may be those of calls.
pub(super) fn numbers() -> impl Iterator<Item = i64> {
    0..NUMBERS as i64
}

/// Whether this argument of the call with this number is a path.
pub(crate) fn is_path(number: i64, index: usize) -> bool {
    matches!(entry(Style::Trace, number).kinds.get(index), Some(Kind::Path))
}

/// A row of the tables below.
const fn call(number: Sysno, returns: Returns, kinds: &'static [Kind]) -> (Sysno, Row) {
    (number, Row { returns, kinds })
}

/// Rows by the numbers of their calls. Without pointers, but for those inside some kinds: see [`packed`](super::names::packed).
struct Table<const KINDS: usize> {
    places: [Option<Place>; NUMBERS],
    /// The arguments of all calls, in the order of the rows.
    kinds: [Kind; KINDS],
}

/// A row in a table.
#[derive(Clone, Copy)]
struct Place {
    returns: Returns,
    /// Where its kinds begin, and how many there are.
    first: u16,
    count: u8,
}

const fn has_pointer(kinds: &[Kind]) -> bool {
    let mut kind = 0;
    while kind < kinds.len() {
        if kinds[kind].has_pointer() {
            return true;
        }
        kind += 1;
    }
    false
}

/// As many arguments as all these calls have.
const fn kinds_in(parts: &[&[(Sysno, Row)]]) -> usize {
    let mut count = 0;
    let mut part = 0;
    while part < parts.len() {
        let mut row = 0;
        while row < parts[part].len() {
            count += parts[part][row].1.kinds.len();
            row += 1;
        }
        part += 1;
    }
    count
}

impl<const KINDS: usize> Table<KINDS> {
    /// Puts every row in the place of its number. Two rows for one call do not compile.
    const fn build(parts: &[&[(Sysno, Row)]]) -> Self {
        let mut table = Table { places: [None; NUMBERS], kinds: [Kind::Hex; KINDS] };
        // Arguments with pointers in them come first, where they share a page or two.
        let end = table.add(parts, true, 0);
        table.add(parts, false, end);
        table
    }

    /// Adds the rows that have pointers in them, or those that have none, behind so many kinds. Answers how many those are then.
    const fn add(&mut self, parts: &[&[(Sysno, Row)]], pointers: bool, mut end: usize) -> usize {
        let mut part = 0;
        while part < parts.len() {
            let mut row = 0;
            while row < parts[part].len() {
                let (number, Row { returns, kinds }) = parts[part][row];
                if has_pointer(kinds) == pointers {
                    let place = &mut self.places[number as usize];
                    assert!(place.is_none(), "two rows for one call");
                    *place = Some(Place { returns, first: end as u16, count: kinds.len() as u8 });
                    let mut kind = 0;
                    while kind < kinds.len() {
                        self.kinds[end] = kinds[kind];
                        end += 1;
                        kind += 1;
                    }
                }
                row += 1;
            }
            part += 1;
        }
        end
    }

    fn entry(&'static self, number: i64) -> Option<Entry> {
        let Place { returns, first, count } = (*self.places.get(usize::try_from(number).ok()?)?)?;
        let name = calls::name(usize::try_from(number).ok()?);
        let kinds = self.kinds.get(first.into()..)?.get(..count.into())?;
        Some(Entry { name: Some(name), returns, kinds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_a_row_in_the_trace_table() {
        for number in Sysno::iter() {
            let entry = entry(Style::Trace, i64::from(number.id()));
            assert_eq!(entry.name, Some(number.name()));
            assert!(entry.kinds.len() <= 6, "{number}");
        }
    }

    /// By the kernel's `SYSCALL_DEFINE`s, a digit a call: numbers 0 to 336, then 424 to 469.
    const ARGUMENTS: [(i64, &str); 2] = [
        (
            0,
            "3331222336 3214403443 3215053333 3312022130 4333663323 2334555003 1421334124 5332112232 1122122123 2233312221 \
            1403011002 0002222333 3111122243 2223112223 2322311122 2100321521 2101252214 2213232154 3555330355 5444333222 \
            2163312153 3131445310 4434211222 4144325635 4155234554 5320324434 5343453433 6512364446 4632144244 2132144455 \
            2545321423 6653345332 5351336664 2156400",
        ),
        (424, "4264352533 2234345654 3421254443 4644444336 654555"),
    ];

    #[test]
    fn every_row_shows_what_the_kernel_takes() {
        for (first, digits) in ARGUMENTS {
            for (number, digit) in (first..).zip(digits.split_whitespace().flat_map(str::chars)) {
                let Entry { name, kinds, .. } = entry(Style::Trace, number);
                assert_eq!(Some(kinds.len() as u32), digit.to_digit(10), "{number} {name:?}");
            }
        }
    }

    #[test]
    fn the_drop_in_format_knows_what_the_original_knew() {
        let unknown: Vec<_> = Sysno::iter()
            .filter(|number| entry(Style::DropIn, i64::from(number.id())).name.is_none())
            .map(|number| number.id())
            .collect();
        assert_eq!(unknown, [110, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 214, 215, 216, 219, 236]);
    }

    #[test]
    fn a_path_is_where_the_kernel_takes_one() {
        let paths = |number: Sysno| (0..8).filter(|&index| is_path(number as i64, index)).collect::<Vec<_>>();
        assert_eq!(
            [Sysno::open, Sysno::openat, Sysno::renameat2, Sysno::getcwd].map(paths),
            [vec![0], vec![1], vec![1, 3], vec![]]
        );
        assert!(!is_path(-1, 0) && !is_path(5000, 0));
    }

    #[test]
    fn numbers_beyond_the_tables_are_no_calls() {
        for number in [-1, 337, 423, 470, 600, i64::MAX] {
            assert!(entry(Style::Trace, number).name.is_none(), "{number}");
        }
        assert_eq!(entry(Style::Trace, 1 << 32 | 1).name, Some("write"));
        assert_eq!(entry(Style::DropIn, 1 << 32 | 1).name, None);
    }
}
