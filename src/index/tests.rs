//! What is written into an index is what is read from it, and nothing else is.
#![allow(clippy::unwrap_used, clippy::single_range_in_vec_init, reason = "a test; a list of one function")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::disasm::{self, Located};
use crate::object::{BuildId, Functions, Image, Segment, Source};
use crate::patch::{self, Patch};

const BASE: u64 = 0x10000;
/// How far from there an object is loaded.
const BIAS: u64 = 0x7f00_0000_0000;

/// Functions with sites for every rung but the last, at the start of a page.
fn code() -> Vec<u8> {
    let tight: &[u8] = &[0x0f, 0x05, 0x74, 0xfc];
    [
        // mov $39,%eax; syscall; ret
        &[0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3][..],
        // mov 0x100(%rip),%eax; syscall; nop; ret
        &[0x8b, 0x05, 0, 1, 0, 0, 0x0f, 0x05, 0x90, 0xc3],
        // xor %eax,%eax; syscall; cmp $-4096,%rax; ret
        &[0x31, 0xc0, 0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0xc3],
        // syscall; je back; and room for islands
        tight,
        &[0xc3],
        &[0xcc; 16],
    ]
    .concat()
}

struct Fixture {
    folder: tempfile::TempDir,
    code: Vec<u8>,
    id: BuildId,
}

impl Fixture {
    fn new() -> Fixture {
        Fixture { folder: tempfile::tempdir().unwrap(), code: code(), id: BuildId(vec![7; 20]) }
    }

    /// The object at an address.
    fn image(&self, address: u64) -> Image<'_> {
        Image::new(vec![Segment { address, bytes: &self.code, executable: true, file_offset: 0 }])
    }

    fn located(&self, address: u64) -> Located {
        let range = address..address + self.code.len() as u64;
        let functions = Functions { ranges: vec![range], source: Source::UnwindTable };
        disasm::locate(&self.image(address), &functions).unwrap()
    }

    fn built(&self) -> Vec<u8> {
        let located = self.located(BASE);
        let mut builder = Builder::default();
        builder.add(Some(&self.id), &self.image(BASE), &located, &patch::plan(&located)).unwrap();
        builder.bytes()
    }

    fn write(&self, index: &[u8]) -> PathBuf {
        let path = self.folder.path().join(FILE_NAME);
        fs::write(&path, index).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        path
    }

    /// What an index says of the object as it is loaded.
    fn read(&self, path: &Path) -> Option<Vec<Patch>> {
        let found = open(path)?.find(&self.id)?;
        let image = self.image(BASE + BIAS);
        let mut patches = Vec::new();
        found.try_for_each(
            BIAS,
            |_| true,
            |record| {
                record.fits(&image).then_some(())?;
                patches.push(record.patch(Vec::new()));
                Some(())
            },
        )?;
        Some(patches)
    }
}

/// A patch without what an index does not keep: what instructions leave in eax.
fn essence(patch: &Patch) -> String {
    let moved: Vec<_> = patch.moved.iter().map(|moved| (moved.address, moved.kind, moved.bytes().to_vec())).collect();
    let Patch { address, length, number, state_is_dead, x87_is_empty, rung, window, island, moved_before, .. } = patch;
    format!(
        "{address:x} {length} {number:?} {state_is_dead} {x87_is_empty} {rung:?} {window:x?} {island:x?} {moved_before} {moved:x?}"
    )
}

#[test]
fn an_index_says_what_would_be_planned_in_memory() {
    let fixture = Fixture::new();
    let read = fixture.read(&fixture.write(&fixture.built())).unwrap();
    let planned = patch::plan(&fixture.located(BASE + BIAS));
    assert_eq!(planned.len(), 4);
    assert!(planned.iter().any(|patch| !patch.in_place()) && planned.iter().any(|patch| patch.island.is_some()));
    let essence = |patches: &[Patch]| patches.iter().map(essence).collect::<Vec<_>>();
    assert_eq!(essence(&read), essence(&planned));
}

#[test]
fn records_of_calls_that_nobody_wants_are_passed_over() {
    let fixture = Fixture::new();
    let found = open(&fixture.write(&fixture.built())).unwrap().find(&fixture.id).unwrap();
    let numbers = |wanted: fn(u32) -> bool| -> Vec<_> {
        let mut numbers = Vec::new();
        let found = found.try_for_each(BIAS, wanted, |record| {
            numbers.push(record.patch(Vec::new()).number);
            Some(())
        });
        found.unwrap();
        numbers
    };
    // Those whose number is not known may be wanted.
    assert_eq!(numbers(|_| true), [Some(39), None, Some(0), None]);
    assert_eq!(numbers(|number| number == 0), [None, Some(0), None]);
    assert_eq!(numbers(|_| false), [None, None]);
}

#[test]
fn code_that_has_changed_at_a_site_is_noticed() {
    let mut fixture = Fixture::new();
    let path = fixture.write(&fixture.built());
    let planned = patch::plan(&fixture.located(BASE));
    let mut noticed = 0;
    for at in 0..fixture.code.len() {
        fixture.code[at] ^= 0x40;
        let address = BASE + at as u64;
        let relied_on = planned.iter().any(|patch| {
            let window = patch.window.start.min(patch.address)..patch.window.end.max(patch.end());
            window.contains(&address) || patch.island.is_some_and(|island| (island..island + 5).contains(&address))
        });
        assert_eq!(fixture.read(&path).is_none(), relied_on, "offset {at}");
        noticed += usize::from(relied_on);
        fixture.code[at] ^= 0x40;
    }
    assert!(noticed > 20, "{noticed}");
}

#[test]
fn a_damaged_index_says_nothing() {
    let fixture = Fixture::new();
    let index = fixture.built();
    for at in 0..index.len() {
        for bit in [0x01, 0x80] {
            let mut damaged = index.clone();
            damaged[at] ^= bit;
            assert!(fixture.read(&fixture.write(&damaged)).is_none(), "byte {at}");
        }
        assert!(fixture.read(&fixture.write(&index[..at])).is_none(), "{at} bytes");
    }
    assert!(fixture.read(&fixture.write(&index)).is_some());
}

#[test]
fn records_that_make_no_sense_do_no_harm() {
    let fixture = Fixture::new();
    let index = fixture.built();
    let mut believed = 0;
    for at in HEADER + ENTRY..index.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut wrong = index.clone();
            wrong[at] = value;
            // Somebody wrote this on purpose.
            let sum = hash(&wrong[HEADER + ENTRY..]).to_le_bytes();
            wrong[HEADER + ENTRY - 8..HEADER + ENTRY].copy_from_slice(&sum);
            for patch in fixture.read(&fixture.write(&wrong)).into_iter().flatten() {
                let before: u64 = patch.moved_before().iter().map(|moved| u64::from(moved.length())).sum();
                assert!(!patch.rung.is_taken() || patch.window.start + before == patch.address, "{patch:?}");
                believed += 1;
            }
        }
    }
    assert!(believed > 0, "numbers of calls can be anything");
}

#[test]
fn an_index_that_others_may_write_is_not_used() {
    let fixture = Fixture::new();
    let path = fixture.write(&fixture.built());
    for mode in [0o664, 0o646, 0o622] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(open(&path).is_none(), "{mode:o}");
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert!(open(&path).is_some());
    // Nor is one that is somebody else's, where this test may give it away.
    if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
        assert!(open(&path).is_none());
    }
    assert!(open(fixture.folder.path()).is_none(), "a folder");
    assert!(open(Path::new("/dev/null")).is_none());
}

#[test]
fn an_object_that_nothing_is_known_of_is_not_found() {
    let fixture = Fixture::new();
    let path = fixture.write(&fixture.built());
    for id in [vec![7; 19], vec![7; 21], vec![8; 20], vec![7; 100], Vec::new()] {
        assert!(open(&path).unwrap().find(&BuildId(id)).is_none());
    }
    let located = fixture.located(BASE);
    let (image, patches) = (fixture.image(BASE), patch::plan(&located));
    let add = |id: Option<&BuildId>| Builder::default().add(id, &image, &located, &patches);
    assert_eq!(add(None), Err(Unfit::NoBuildId));
    assert_eq!(add(Some(&BuildId(vec![7; 33]))), Err(Unfit::NoBuildId));
    assert_eq!(add(Some(&BuildId(vec![7; 32]))), Ok(()));
}
