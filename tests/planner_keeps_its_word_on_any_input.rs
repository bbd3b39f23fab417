//! Whatever the bytes and whatever the bounds of functions: no panic, and every plan is one that can be carried out.
#![allow(clippy::unwrap_used, reason = "a test")]

mod locator_code;

use std::ops::Range;

use locator_code::{BASE, Object};
use proptest::prelude::*;
use syscall_intercept::disasm::{Instruction, Kind, Located};
use syscall_intercept::object::{Functions, Source};
use syscall_intercept::patch::{Patch, Rung, plan};

syscall_intercept::for_analysis_only!();

/// What a plan must leave as it is or may change: the window, and the syscall with the address it returns to.
fn claim(patch: &Patch) -> Range<u64> {
    patch.window.start.min(patch.site.address)..patch.window.end.max(patch.site.end())
}

fn check(object: &Object, located: &Located, patches: &[Patch]) {
    let code = BASE..BASE + object.code.len() as u64;
    let mut claims: Vec<Range<u64>> = patches.iter().map(claim).collect();
    claims.extend(patches.iter().filter_map(|patch| patch.island).map(|island| island..island + 5));
    claims.sort_by_key(|claim| claim.start);
    assert!(claims.windows(2).all(|pair| pair[0].end <= pair[1].start), "{claims:x?} overlap");
    assert!(claims.iter().all(|claim| code.start <= claim.start && claim.end <= code.end));

    let bytes = |range: Range<u64>| &object.code[(range.start - BASE) as usize..(range.end - BASE) as usize];
    for patch in patches {
        let (site, window) = (&patch.site, &patch.window);
        assert!(bytes(site.address..site.end()).ends_with(&[0x0f, 0x05]));
        for instruction in site.before.iter().chain(&site.after) {
            assert_eq!(instruction.bytes(), bytes(instruction.address..instruction.end()));
        }
        if !patch.rung.is_taken() {
            assert!(window.is_empty());
            continue;
        }
        assert!(!site.has_target_in(window.start + 1..window.end), "{patch:?}");
        // Whole instructions, one after the other.
        let mut at = window.start;
        let follow = |at: &mut u64, moved: &[Instruction]| {
            for instruction in moved {
                assert_eq!(instruction.address, *at);
                assert!(instruction.relocated(instruction.address).unwrap().0.starts_with(instruction.bytes()));
                *at = instruction.end();
            }
        };
        follow(&mut at, patch.moved_before());
        assert_eq!(at, site.address);
        match patch.rung {
            Rung::InPlace | Rung::InPlaceShort => {
                assert_eq!(window.end, site.address);
                assert!(!site.targets.contains(&site.address));
            }
            _ => {
                at = site.end();
                follow(&mut at, patch.moved_after());
                let returns = patch.moved_after().last().is_some_and(|last| last.kind == Kind::Return);
                let padded = located.paddings.iter().any(|padding| padding.start == at && padding.end >= window.end);
                assert!(at == window.end || (returns && padded), "{patch:?}");
            }
        }
        for edit in patch.edits(BASE + 0x100_0000).unwrap() {
            let range = edit.address..edit.address + edit.bytes.len() as u64;
            let in_island = patch.island.is_some_and(|island| range == (island..island + 5));
            assert!(in_island || range == *window, "{range:x?} is neither window nor island of {patch:?}");
        }
    }
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
        let located = object.locate();
        let patches = plan(located.clone());
        check(&object, &located, &patches);
    }

    #[test]
    fn noise_does_no_harm(code in proptest::collection::vec(any::<u8>(), 0..400), functions in functions()) {
        let object = Object { code, data: Vec::new(), functions };
        let located = object.locate();
        check(&object, &located, &plan(located.clone()));
    }

    #[test]
    fn every_hit_is_accounted_for(code in code(), functions in functions()) {
        let object = Object { code, data: Vec::new(), functions };
        let located = object.locate();
        let hits = object.code.windows(2).filter(|pair| *pair == [0x0f, 0x05]).count();
        prop_assert_eq!(hits, located.sites.len() + located.lookalikes.len() + located.unknown.len());
    }
}
