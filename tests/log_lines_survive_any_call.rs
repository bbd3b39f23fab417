//! Whatever a program passes to the kernel, the log makes one line of it.

use proptest::prelude::*;
use syscall_intercept::log::{CAPACITY, Call, Line, Memory, Outcome, Style, format};
use syscalls::Sysno;

syscall_intercept::for_analysis_only!();

/// Readable between two addresses, with bytes that repeat.
#[derive(Debug, Clone)]
struct Patch {
    start: u64,
    length: u64,
    bytes: Vec<u8>,
}

impl Memory for Patch {
    fn read(&self, address: u64, out: &mut [u8]) -> usize {
        let Some(offset) = address.checked_sub(self.start).filter(|&offset| offset < self.length) else { return 0 };
        let count = out.len().min((self.length - offset) as usize);
        for (index, byte) in (offset..).zip(&mut out[..count]) {
            *byte = self.bytes[index as usize % self.bytes.len()];
        }
        count
    }
}

const START: u64 = 0x7fff_f000;

fn memory() -> impl Strategy<Value = Patch> {
    (prop_oneof![Just(START), Just(u64::MAX - 4096)], 0..20_000_u64, prop::collection::vec(any::<u8>(), 1..300))
        .prop_map(|(start, length, bytes)| Patch { start, length, bytes })
}

/// Numbers that exist more often than not, with pointers that lead somewhere more often than not.
fn call() -> impl Strategy<Value = (i64, [i64; 6])> {
    let number = prop_oneof![4 => 0..480_i64, 1 => any::<i64>()];
    let argument = prop_oneof![
        any::<i64>(),
        -5..70_i64,
        (START - 10..START + 20_000).prop_map(|address| address as i64),
        Just(-1),
        Just(0)
    ];
    (number, prop::array::uniform6(argument))
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Pending),
        (-4200..5000_i64).prop_map(Outcome::Returned),
        any::<i64>().prop_map(Outcome::Returned)
    ]
}

fn style() -> impl Strategy<Value = Style> {
    prop_oneof![Just(Style::DropIn), Just(Style::Trace)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_call_is_one_line_that_fits(
        (number, args) in call(),
        outcome in outcome(),
        style in style(),
        memory in memory(),
        object in prop::collection::vec(any::<u8>(), 0..1500),
        offset in any::<u64>(),
    ) {
        let mut line = Line::new();
        format(&mut line, style, &Call { number, args, object: &object, offset }, outcome, &memory);
        let bytes = line.as_bytes();
        prop_assert!(bytes.len() <= CAPACITY);
        prop_assert_eq!(bytes.iter().position(|&byte| byte == b'\n'), Some(bytes.len() - 1));
        prop_assert!(!bytes.iter().any(|&byte| byte < b' ' && byte != b'\n'), "{}", bytes.escape_ascii());
    }

    #[test]
    fn the_result_is_never_lost((number, args) in call(), result in any::<i32>(), memory in memory()) {
        let mut line = Line::new();
        let call = Call { number, args, object: &[b'/'; 2000], offset: 0 };
        for style in [Style::DropIn, Style::Trace] {
            format(&mut line, style, &call, Outcome::Returned(i64::from(result)), &memory);
            let text = String::from_utf8_lossy(line.as_bytes());
            let is_silent = style == Style::DropIn
                && [libc::SYS_exit, libc::SYS_exit_group, libc::SYS_rt_sigreturn].contains(&number);
            prop_assert_eq!(text.contains(") = "), !is_silent, "{}", text);
        }
    }

    #[test]
    fn what_is_between_quotes_can_be_read_back(bytes in prop::collection::vec(any::<u8>(), 1..33), style in style()) {
        let memory = Patch { start: START, length: bytes.len() as u64, bytes: bytes.clone() };
        let args = [1, START as i64, bytes.len() as i64, 0, 0, 0];
        let mut line = Line::new();
        format(&mut line, style, &Call { number: libc::SYS_write, args, object: b"", offset: 0 }, Outcome::Pending, &memory);
        let text = std::str::from_utf8(line.as_bytes()).expect("ASCII");
        let quoted = text.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).expect("quotes").0;
        // The drop-in format cuts by what it writes, not by what it reads.
        let (quoted, cut) = quoted.strip_suffix("...").filter(|_| quoted.len() >= 122).map_or((quoted, false), |q| (q, true));
        let read = unescape(style, quoted);
        prop_assert_eq!(&read, &bytes[..if cut { read.len() } else { bytes.len() }]);
    }
}

/// What a C compiler would make of the escapes.
fn unescape(style: Style, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let digits = |radix, most: usize, from: &[u8]| {
            let count = from.iter().take(most).take_while(|&&digit| char::from(digit).is_digit(radix)).count();
            let text = std::str::from_utf8(&from[..count]).expect("digits");
            (u8::from_str_radix(text, radix).expect("a byte"), count)
        };
        let (byte, used) = match rest[0] {
            b'n' => (b'\n', 1),
            b't' => (b'\t', 1),
            b'r' => (b'\r', 1),
            b'f' => (0x0c, 1),
            b'v' => (0x0b, 1),
            b'a' => (0x07, 1),
            b'b' => (0x08, 1),
            b'x' => {
                let (byte, count) = digits(16, 2, &rest[1..]);
                (byte, count + 1)
            }
            // The drop-in format does not care whether a digit follows.
            b'0' if style == Style::DropIn => (0, 1),
            b'0'..=b'7' => digits(8, 3, rest),
            other => (other, 1),
        };
        bytes.push(byte);
        rest = &rest[used..];
    }
    bytes
}

#[test]
fn every_call_is_called_by_its_name() {
    let mut line = Line::new();
    for number in Sysno::iter() {
        let call = Call { number: i64::from(number.id()), args: [0; 6], object: b"", offset: 0 };
        format(&mut line, Style::Trace, &call, Outcome::Pending, &Patch { start: 0, length: 0, bytes: vec![0] });
        let text = std::str::from_utf8(line.as_bytes()).expect("ASCII");
        assert!(text.starts_with(&format!("{number}(")) && text.ends_with(") = ?\n"), "{text}");
    }
}
