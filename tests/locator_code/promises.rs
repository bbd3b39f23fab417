//! What every plan must keep to, whatever it was made from.

use std::ops::Range;

use syscall_intercept::disasm::{Instruction, Kind, Located, Site};
use syscall_intercept::object::Image;
use syscall_intercept::patch::{Edits, Patch, Rung};

/// What a plan must leave as it is or may change: the window, and the syscall with the address it returns to.
fn claim(patch: &Patch) -> Range<u64> {
    patch.window.start.min(patch.address)..patch.window.end.max(patch.end())
}

fn bytes<'a>(image: &Image<'a>, range: Range<u64>) -> &'a [u8] {
    image.bytes(range.start, (range.end - range.start) as usize).unwrap_or_else(|| panic!("{range:x?} is nowhere"))
}

/// Every `0f 05` is accounted for, no two patches touch the same bytes, and each patch can be carried out.
pub(crate) fn check(image: &Image<'_>, located: &Located, patches: &[Patch]) {
    let hits = image.code().flat_map(|segment| segment.bytes.windows(2)).filter(|pair| *pair == [0x0f, 0x05]).count();
    assert_eq!(hits, located.sites.len() + located.lookalikes.len() + located.unknown.len());
    assert_eq!(located.sites.len(), patches.len());

    let mut claims: Vec<Range<u64>> = patches.iter().map(claim).collect();
    claims.extend(patches.iter().filter_map(|patch| patch.island).map(|island| island..island + 5));
    claims.sort_by_key(|claim| claim.start);
    assert!(claims.windows(2).all(|pair| pair[0].end <= pair[1].start), "{claims:x?} overlap");
    for claim in claims {
        assert!(image.is_code(claim.start), "{claim:x?}");
        bytes(image, claim);
    }
    patches.iter().zip(&located.sites).for_each(|(patch, site)| check_patch(image, located, patch, site));
}

fn check_patch(image: &Image<'_>, located: &Located, patch: &Patch, site: &Site) {
    let window = &patch.window;
    assert_eq!((patch.address, patch.end(), patch.number), (site.address, site.end(), site.number));
    assert!(bytes(image, site.address..site.end()).ends_with(&[0x0f, 0x05]));
    for instruction in site.before.iter().chain(&site.after) {
        assert_eq!(instruction.bytes(), bytes(image, instruction.address..instruction.end()));
    }
    if !patch.rung.is_taken() {
        assert!(window.is_empty());
        return;
    }
    assert!(!site.has_target_in(window.start + 1..window.end), "{patch:?}");
    // Whole instructions, one after the other.
    let mut at = window.start;
    let follow = |at: &mut u64, moved: &[Instruction]| {
        for instruction in moved {
            assert_eq!(instruction.address, *at);
            let same_place = instruction.relocated(instruction.address).expect("it stands there");
            assert!(same_place.0.starts_with(instruction.bytes()));
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
    let mut edits = Edits::default();
    patch.edits(window.start.wrapping_add(0x100_0000), &mut edits).expect("a stub within reach");
    for (address, bytes) in edits.iter() {
        let range = address..address + bytes.len() as u64;
        let in_island = patch.island.is_some_and(|island| range == (island..island + 5));
        assert!(in_island || range == *window, "{range:x?} is neither window nor island of {patch:?}");
    }
}
