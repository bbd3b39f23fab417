//! Whatever the bytes and whatever the bounds of functions: no panic, and every plan is one that can be carried out.
#![allow(clippy::unwrap_used, reason = "a test")]

mod locator_code;

use locator_code::{BASE, Object, promises};
use proptest::prelude::*;
use syscall_intercept::object::{Functions, Source};
use syscall_intercept::patch::plan;

syscall_intercept::for_analysis_only!();

fn check(object: &Object) {
    let located = object.locate();
    promises::check(&object.image(), &located, &plan(&located));
}

/// Bytes rich in what matters: whole instructions that occur around system calls, and noise.
fn code() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(vec![0x0f, 0x05]),
        1 => Just(vec![0x48, 0x0f, 0x05]),
        2 => Just(vec![0xb8, 1, 0, 0, 0]),
        2 => Just(vec![0x31, 0xc0]),
        1 => Just(vec![0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff]),
        1 => Just(vec![0x48, 0x8d, 0x05, 0x10, 0, 0, 0]),
        2 => Just(vec![0xc3]),
        2 => (1..20_usize).prop_map(|length| vec![0xcc; length]),
        1 => Just(vec![0x0f, 0x1f, 0x40, 0x00]),
        2 => any::<i8>().prop_map(|near| vec![0x75, near.cast_unsigned()]),
        1 => any::<i8>().prop_map(|near| vec![0xeb, near.cast_unsigned()]),
        1 => any::<i8>().prop_map(|far| [&[0xe9], &i32::from(far).to_le_bytes()[..]].concat()),
        1 => proptest::collection::vec(any::<u8>(), 1..8),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Bounds of functions, most of them within the code, none of them to be relied on.
fn functions() -> impl Strategy<Value = Functions> {
    let address = prop_oneof![8 => BASE - 4..BASE + 0x200, 1 => any::<u64>()];
    let source = prop_oneof![Just(Source::UnwindTable), Just(Source::Symbols), Just(Source::Nothing)];
    let ranges = proptest::collection::vec((address.clone(), address), 0..12);
    (ranges, source, any::<bool>()).prop_map(|(ranges, source, sorted)| {
        let mut ranges: Vec<_> = ranges.into_iter().map(|(start, end)| start..end).collect();
        if sorted {
            ranges.sort_by_key(|range| range.start);
        }
        Functions { ranges, source }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn plans_can_be_carried_out(code in code(), functions in functions(), data in proptest::collection::vec(any::<u8>(), 0..64)) {
        let object = Object { code, data, functions };
        check(&object);
    }

    #[test]
    fn noise_does_no_harm(code in proptest::collection::vec(any::<u8>(), 0..400), functions in functions()) {
        let object = Object { code, data: Vec::new(), functions };
        check(&object);
    }
}
