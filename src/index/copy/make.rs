//! Making a copy.

use goblin::elf::header::EI_ABIVERSION;

use super::about::About;
use super::{Code, DISTANCE, Original, PAGE, hash_of_page, start};
use crate::index::padded;
use crate::object::BuildId;
use crate::object::file::ElfFile;
use crate::patch::{Edits, Patch, Reason, Rung};
use crate::trampoline::assembler::Assembler;
use crate::trampoline::{Row, header};

/// A version of the ABI that glibc's loader knows not, and says so (elf/dl-load.c). Nobody else asks.
const NOT_TO_BE_LOADED: u8 = 0xff;

/// The patched copy of a library, as it stands in its file. `None` if there is none of a library like this: one with several segments of
/// code, or with sites that are left alone for a reason that is to be told each time; one in which there is nothing to patch; or one
/// whose file has no time.
pub fn make(elf: &ElfFile<'_>, id: &BuildId, original: Original, patches: &[Patch]) -> Option<Vec<u8>> {
    let image = elf.image();
    let (code, start) = (Code::of(&image)?, start(&image)?);
    let taken: Vec<&Patch> = patches.iter().filter(|patch| patch.rung.is_taken()).collect();
    let is_silent = |patch: &Patch| patch.reason().is_none_or(Reason::is_deliberate);
    let first = taken.first()?.address;
    if !original.is_dated() || !patches.iter().all(is_silent) {
        return None;
    }

    let arena = start.wrapping_sub(DISTANCE);
    let mut assembler = Assembler::new(arena, taken.len());
    let mut stubs = vec![0; Assembler::capacity(taken.len())];
    let mut edits = Edits::default();
    for patch in taken {
        let stub = assembler.add(&mut stubs, patch, image.file_offset(patch.address)?)?;
        patch.edits(stub.entry(), &mut edits)?;
    }
    let (used, rows) = assembler.finish();
    stubs.truncate(used);
    stubs.resize(used.next_multiple_of(8), 0);
    let table = stubs.len() as u64;
    stubs.extend(rows.iter().flat_map(Row::bytes));

    let mut copy = elf.bytes().to_vec();
    *copy.get_mut(EI_ABIVERSION)? = NOT_TO_BE_LOADED;
    for (address, bytes) in edits.iter() {
        let place = usize::try_from(image.file_offset(address)?).ok()?;
        copy.get_mut(place..)?.get_mut(..bytes.len())?.copy_from_slice(bytes);
    }
    let end_of_page = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(PAGE as usize), 0);
    end_of_page(&mut copy);
    let begin = copy.len() as u64;
    copy.append(&mut stubs);
    end_of_page(&mut copy);

    let on = |rung: Rung| patches.iter().filter(|patch| patch.rung == rung).count() as u64;
    let rungs = [Rung::InPlace, Rung::InPlaceShort, Rung::InStub, Rung::InStubShort].map(on);
    let [a, b, c, d] = rungs;
    let about = About {
        id: padded(&id.0)?,
        original,
        code,
        start,
        sample: (first, hash_of_page(&image, first)?),
        stubs: begin..copy.len() as u64,
        table,
        rows: rows.len() as u64,
        counts: [a, b, c, d, patches.len() as u64 - rungs.iter().sum::<u64>()],
    };
    debug_assert!((about.stubs.end - about.stubs.start) + header::LENGTH as u64 <= DISTANCE);
    copy.extend(about.page());
    Some(copy)
}
