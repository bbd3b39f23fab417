//! One object on its way into the hooks: its sites found, their stubs assembled, the jumps written.
#![allow(unsafe_code, reason = "code that is changed")]

use std::cell::LazyCell;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::capi;
use crate::disasm;
use crate::hook::{Numbers, is_for_the_library};
use crate::index::copy::Mapped;
use crate::index::{Found, Record, Shelf};
use crate::object::loaded::Loaded;
use crate::patch::{self, Edits, Patch, Reason, Rung, write};
use crate::sys::room::kernel_has;
use crate::sys::text::TextWriter;
use crate::times::{Stage, Times};
use crate::trampoline::{self, Crossings};

/// Takes note of what goes wrong: the object, the address in its file, the reason.
pub(crate) type Fail<'a> = dyn FnMut(&Path, Option<u64>, &dyn Display) + 'a;

/// An object whose stubs are in place and whose code is as it was.
pub(crate) struct Prepared<'a> {
    /// What programs are told that ask.
    counts: capi::Object,
    object: &'a Loaded,
    change: Change,
    /// Whether its sites had to be found, which takes more memory than all the rest.
    pub(crate) was_searched: bool,
}

/// How the code of an object comes to be patched.
enum Change {
    /// These bytes are written.
    Edits(Edits),
    /// It is replaced by code that is patched.
    Copy(Mapped),
}

impl<'a> Prepared<'a> {
    /// Finds the sites of an object where somebody wants to see calls, plans their windows and assembles their stubs; or does
    /// what the index says of it, if it is in there.
    pub(crate) fn new(
        object: &'a Loaded,
        wanted: Option<&Numbers>,
        shelf: Option<&Shelf>,
        crossings: Crossings,
        fail: &mut Fail<'_>,
        times: &mut Times,
    ) -> Option<Prepared<'a>> {
        if object.is_of_go() {
            fail(object.path(), None, &"the stacks of goroutines are too small for a hook");
            return None;
        }
        let is_wanted = |number: u32| {
            wanted.is_none_or(|wanted| wanted.contains(number.into()) || is_for_the_library(number.into()))
        };
        let copied = shelf.filter(|_| wanted.is_none()).and_then(|shelf| from_copy(object, shelf, crossings));
        if let Some(prepared) = copied {
            times.had(object, prepared.counts.sites());
            times.lap(Stage::Emit);
            return Some(prepared);
        }
        if let Some(found) = shelf.and_then(|shelf| found(object, shelf)) {
            times.lap(Stage::Locate);
            if let Some(draft) = from_index(object, &found, is_wanted, crossings) {
                ::log::debug!("{}: {} sites from the index", object.path().display(), found.count());
                times.had(object, found.count());
                let prepared = draft.finish(fail);
                times.lap(Stage::Emit);
                return prepared;
            }
            ::log::debug!("{}: is not what the index says", object.path().display());
        }
        if !kernel_has(room_to_locate(object)) {
            fail(object.path(), None, &"there is not enough memory to look for its system calls");
            return None;
        }
        let located = match disasm::locate_some(&object.image, &object.functions(), is_wanted) {
            Ok(located) => located,
            Err(error) => {
                fail(object.path(), None, &error);
                return None;
            }
        };
        times.lap(Stage::Locate);
        times.had(object, located.sites.len());
        for unknown in &located.unknown {
            let address = object.in_file(unknown.address);
            if unknown.doubt.is_in_function() {
                fail(object.path(), Some(address), &unknown.doubt);
            } else {
                // Tables of constants, in all likelihood: libraries hold hundreds of these and run well.
                ::log::debug!("{}+{address:#x}: no known code: {}", object.path().display(), unknown.doubt);
            }
        }
        let mut patches = patch::plan(&located);
        drop(located);
        patches.retain(|patch| patch.number.is_none_or(is_wanted));
        times.lap(Stage::Plan);
        let mut draft = Draft::new(object, crossings, patches.len());
        patches.iter().for_each(|patch| draft.add(patch));
        let prepared = draft.finish(fail);
        times.lap(Stage::Emit);
        Some(Prepared { was_searched: true, ..prepared? })
    }

    /// Puts the jumps in place. Answers what programs are told.
    pub(crate) fn write(self, writer: &LazyCell<TextWriter>, fail: &mut Fail<'_>) -> Option<capi::Object> {
        let outcome = match self.change {
            // SAFETY: the image is that of a loaded object and the stubs are in place; there is no other thread.
            Change::Edits(edits) => unsafe { write::apply(writer, &self.object.image, edits) }.map(drop),
            // SAFETY: as above.
            Change::Copy(copy) => unsafe { copy.map_code() }.map_err(write::Error::Refused),
        };
        match outcome {
            Ok(()) => Some(self.counts),
            Err(error) => {
                fail(self.object.path(), None, &error);
                None
            }
        }
    }
}

/// More than locating takes: a third of the code, as was seen with glibc, node and clang.
fn room_to_locate(object: &Loaded) -> usize {
    let code: usize = object.image.code().map(|segment| segment.bytes.len()).sum();
    code / 2 + (256 << 10)
}

/// An object of which there is a patched copy that can be used.
fn from_copy<'a>(object: &'a Loaded, shelf: &Shelf, crossings: Crossings) -> Option<Prepared<'a>> {
    let (id, path) = (object.build_id()?, object.path());
    let copy = shelf.copy(id, path).filter(|copy| copy.fits(&object.image, object.bias()))?;
    let (mapped, arena) = copy.map_stubs(object.bias(), path.as_os_str().as_bytes(), crossings)?;
    if ::log::log_enabled!(::log::Level::Debug) {
        say_what_is_copied(object, shelf);
    }
    trampoline::remember(arena);
    let counts = capi::Object::with(mapped.path.as_ptr().cast(), mapped.counts());
    Some(Prepared { counts, object, change: Change::Copy(mapped), was_searched: false })
}

/// Tells of the sites in a patched copy: they are those of the index that it was made with.
#[cold]
fn say_what_is_copied(object: &Loaded, shelf: &Shelf) {
    ::log::debug!("{}: a patched copy", object.path().display());
    if let Some(found) = found(object, shelf) {
        let each = |record: Record<'_>| {
            say(object, &record.patch(Vec::new()));
            Some(())
        };
        // A record that makes no sense is the last one.
        let _ = found.try_for_each(object.bias(), |_| true, each);
    }
}

fn say(object: &Loaded, patch: &Patch) {
    ::log::debug!("{}+{:#x}: {}", object.path().display(), object.in_file(patch.address), patch.rung);
}

/// What the index says of an object.
fn found(object: &Loaded, shelf: &Shelf) -> Option<Found> {
    let id = object.build_id()?;
    shelf.index()?.find(id)
}

/// The same as a draft, if all that is wanted of it makes sense and is there.
fn from_index<'a>(
    object: &'a Loaded,
    found: &Found,
    is_wanted: impl Fn(u32) -> bool,
    crossings: Crossings,
) -> Option<Draft<'a>> {
    let mut draft = Draft::new(object, crossings, found.count());
    let mut moved = Vec::new();
    found.try_for_each(object.bias(), is_wanted, |record| {
        record.fits(&object.image).then_some(())?;
        let patch = record.patch(std::mem::take(&mut moved));
        draft.add(&patch);
        moved = patch.moved;
        Some(())
    })?;
    Some(draft)
}

/// An object whose stubs are being assembled. What goes wrong is told in the end, for an index may turn out not to fit.
struct Draft<'a> {
    object: &'a Loaded,
    crossings: Crossings,
    /// How many sites there are at most.
    count: usize,
    stubs: Option<Stubs>,
    left_alone: Vec<(u64, Reason)>,
    out_of_reach: Vec<u64>,
}

/// There from the first site on that is taken.
struct Stubs {
    arena: Result<trampoline::Draft, trampoline::Error>,
    counts: capi::Object,
    edits: Edits,
}

impl<'a> Draft<'a> {
    fn new(object: &'a Loaded, crossings: Crossings, count: usize) -> Draft<'a> {
        Draft { object, crossings, count, stubs: None, left_alone: Vec::new(), out_of_reach: Vec::new() }
    }

    /// Adds a site.
    fn add(&mut self, patch: &Patch) {
        let object = self.object;
        say(object, patch);
        if let Some(reason) = patch.reason() {
            return self.left_alone.push((patch.address, reason));
        }
        let Stubs { arena, counts, edits } = self.stubs.get_or_insert_with(|| {
            let path = object.path().as_os_str().as_bytes();
            let arena = trampoline::Draft::new(&object.span, path, self.crossings, self.count);
            let path = arena.as_ref().map_or(c"".as_ptr(), |arena| arena.path().as_ptr().cast());
            Stubs { arena, counts: capi::Object::new(path), edits: Edits::default() }
        });
        counts.count(patch.rung);
        let Ok(arena) = arena else { return };
        let stub = arena.add(patch, object.in_file(patch.address));
        if stub.and_then(|stub| patch.edits(stub.entry(), edits)).is_none() {
            self.out_of_reach.push(patch.address);
        }
    }

    /// Tells what went wrong, and makes the stubs executable.
    fn finish(self, fail: &mut Fail<'_>) -> Option<Prepared<'a>> {
        let Draft { object, left_alone, out_of_reach, .. } = self;
        let mut taken = 0;
        for &(address, reason) in &left_alone {
            match reason {
                Reason::AlreadyPatched(_) => taken += 1,
                reason if reason.is_deliberate() => {}
                reason => fail(object.path(), Some(object.in_file(address)), &reason),
            }
        }
        if taken > 0 {
            let reason =
                format_args!("{taken} system calls are patched by somebody else: hooks of this copy do not see them");
            fail(object.path(), None, &reason);
        }
        for address in out_of_reach {
            fail(object.path(), Some(object.in_file(address)), &"its stub is out of reach");
        }
        let Stubs { arena, mut counts, edits, .. } = self.stubs?;
        left_alone.iter().for_each(|&(_, reason)| counts.count(Rung::LeftAlone(reason)));
        match arena.and_then(trampoline::Draft::finish) {
            Ok(arena) => {
                ::log::debug!("{}: {} stubs at {:x?}", object.path().display(), arena.stubs.len(), arena.memory);
                trampoline::remember(arena);
                Some(Prepared { counts, object, change: Change::Edits(edits), was_searched: false })
            }
            Err(error) => {
                fail(object.path(), None, &error);
                None
            }
        }
    }
}
