//! One object on its way into the hooks: its sites found, their stubs assembled, the jumps written.
#![allow(unsafe_code, reason = "code that is changed")]

use std::borrow::Borrow;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::capi;
use crate::disasm;
use crate::hook::{Numbers, is_for_the_library};
use crate::index::{Index, Record};
use crate::object::loaded::Loaded;
use crate::patch::{self, Edits, Patch, Reason, write};
use crate::sys::text::TextWriter;
use crate::times::{Stage, Times};
use crate::trampoline::stub::{Descriptor, Stub, UNKNOWN_NUMBER};
use crate::trampoline::{self, Arena, Crossings};

/// Takes note of what goes wrong: the object, the address in its file, the reason.
pub(crate) type Fail<'a> = dyn FnMut(&Path, Option<u64>, &dyn Display) + 'a;

/// An object whose stubs are in place and whose code is as it was.
pub(crate) struct Prepared<'a> {
    /// What programs are told that ask.
    pub(crate) counts: capi::Object,
    object: &'a Loaded,
    edits: Edits,
}

impl<'a> Prepared<'a> {
    /// Finds the sites of an object where somebody wants to see calls, plans their windows and assembles their stubs; or does
    /// what the index says of it, if it is in there.
    pub(crate) fn new(
        object: &'a Loaded,
        wanted: Option<&Numbers>,
        index: Option<&Index>,
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
        if let Some(found) = index.zip(object.build_id()).and_then(|(index, id)| index.find(id)) {
            let is_wanted = |record: &Record<'_>| record.number().is_none_or(is_wanted);
            if let Some([taken, left_alone]) = found.fits(&object.image, object.bias(), is_wanted) {
                times.lap(Stage::Locate);
                times.had(object, found.count());
                ::log::debug!("{}: {} sites from the index", object.path().display(), found.count());
                let patches = || found.records(object.bias()).filter(is_wanted).map(|record| record.patch());
                if left_alone > 0 || ::log::log_enabled!(::log::Level::Debug) {
                    report(object, patches(), fail);
                }
                times.lap(Stage::Plan);
                let patches = patches().filter(|patch| patch.rung.is_taken());
                let prepared = Prepared::assemble(object, [taken, left_alone], patches, crossings, fail);
                times.lap(Stage::Emit);
                return prepared;
            }
            ::log::debug!("{}: is not what the index says", object.path().display());
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
        report(object, patches.iter(), fail);
        let wanted = patches.len();
        patches.retain(|patch| patch.rung.is_taken());
        let counts = [patches.len(), wanted - patches.len()];
        times.lap(Stage::Plan);
        let prepared = Prepared::assemble(object, counts, patches.into_iter(), crossings, fail);
        times.lap(Stage::Emit);
        prepared
    }

    /// Assembles the stubs of at most so many patches; so many more sites are left alone.
    fn assemble(
        object: &'a Loaded,
        [count, left_alone]: [usize; 2],
        patches: impl Iterator<Item = Patch>,
        crossings: Crossings,
        fail: &mut Fail<'_>,
    ) -> Option<Prepared<'a>> {
        if count == 0 {
            return None;
        }
        let path: &'static [u8] = Box::leak(object.path().as_os_str().as_bytes().into());
        let name: &'static &'static [u8] = Box::leak(Box::new(path));
        let mut counts = capi::Object::new(path, left_alone);
        let mut edits = Edits::default();
        let done = |patch: &Patch, stub: Option<&Stub>| {
            counts.count(patch.rung);
            if stub.and_then(|stub| patch.edits(stub.entry(), &mut edits)).is_none() {
                fail(object.path(), Some(object.in_file(patch.address)), &"its stub is out of reach");
            }
        };
        let describe = |patch: &Patch| descriptor(patch, object, name);
        match Arena::build(&object.span, crossings, count, patches, describe, done) {
            Ok(arena) => {
                ::log::debug!("{}: {} stubs at {:x?}", object.path().display(), arena.stubs.len(), arena.memory);
                trampoline::remember(arena);
                Some(Prepared { counts, object, edits })
            }
            Err(error) => {
                fail(object.path(), None, &error);
                None
            }
        }
    }

    /// Writes the jumps.
    pub(crate) fn write(self, writer: &TextWriter, fail: &mut Fail<'_>) {
        // SAFETY: the image is that of a loaded object and the stubs are in place; there is no other thread.
        if let Err(error) = unsafe { write::apply(writer, &self.object.image, self.edits) } {
            fail(self.object.path(), None, &error);
        }
    }
}

/// Tells of the sites that cannot be taken.
fn report(object: &Loaded, patches: impl Iterator<Item: Borrow<Patch>>, fail: &mut Fail<'_>) {
    let mut taken = 0;
    for patch in patches {
        let patch = patch.borrow();
        let address = object.in_file(patch.address);
        ::log::debug!("{}+{address:#x}: {}", object.path().display(), patch.rung);
        match patch.reason() {
            None => {}
            Some(reason) if reason.is_deliberate() => {}
            Some(Reason::AlreadyPatched(_)) => taken += 1,
            Some(reason) => fail(object.path(), Some(address), &reason),
        }
    }
    if taken > 0 {
        let reason =
            format_args!("{taken} system calls are patched by somebody else: hooks of this copy do not see them");
        fail(object.path(), None, &reason);
    }
}

fn descriptor(patch: &Patch, object: &Loaded, name: &'static &'static [u8]) -> Descriptor {
    Descriptor {
        after: patch.end(),
        offset: object.in_file(patch.address),
        number: patch.number.map_or(UNKNOWN_NUMBER, i64::from),
        object: name,
    }
}
