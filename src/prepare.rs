//! One object on its way into the hooks: its sites found, their stubs assembled, the jumps written.
#![allow(unsafe_code, reason = "code that is changed")]

use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::disasm;
use crate::hook::{Numbers, is_for_the_library};
use crate::object::loaded::Loaded;
use crate::patch::{self, Patch, Reason, write};
use crate::sys::text::TextWriter;
use crate::times::{Stage, Times};
use crate::trampoline::stub::{Descriptor, UNKNOWN_NUMBER};
use crate::trampoline::{self, Arena, Crossings};

/// Takes note of what goes wrong: the object, the address in its file, the reason.
pub(crate) type Fail<'a> = dyn FnMut(&Path, Option<u64>, &dyn Display) + 'a;

/// An object whose stubs are in place and whose code is as it was.
pub(crate) struct Prepared<'a> {
    object: &'a Loaded,
    patches: Vec<Patch>,
    arena: Arena,
}

impl<'a> Prepared<'a> {
    /// Finds the sites of an object where somebody wants to see calls, plans their windows and assembles their stubs.
    pub(crate) fn new(
        object: &'a Loaded,
        wanted: Option<&Numbers>,
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
        let path: &'static [u8] = Box::leak(object.path().as_os_str().as_bytes().into());
        let name: &'static &'static [u8] = Box::leak(Box::new(path));
        let mut patches = patch::plan(located);
        let mut taken = 0;
        patches.retain(|patch| {
            ::log::debug!("{}+{:#x}: {}", object.path().display(), object.in_file(patch.site.address), patch.rung);
            match patch.reason() {
                _ if !patch.site.number.is_none_or(is_wanted) => {}
                Some(reason) if reason.is_deliberate() => {}
                Some(Reason::AlreadyPatched(_)) => taken += 1,
                Some(reason) => fail(object.path(), Some(object.in_file(patch.site.address)), &reason),
                None => return true,
            }
            false
        });
        if taken > 0 {
            let reason =
                format_args!("{taken} system calls are patched by somebody else: hooks of this copy do not see them");
            fail(object.path(), None, &reason);
        }
        if patches.is_empty() {
            return None;
        }
        times.lap(Stage::Plan);
        let arena = Arena::build(&object.span, crossings, &patches, |patch| descriptor(patch, object, name));
        times.lap(Stage::Emit);
        match arena {
            Ok(arena) => {
                ::log::debug!("{}: {} stubs at {:x?}", object.path().display(), patches.len(), arena.memory);
                trampoline::remember(&arena);
                Some(Prepared { object, patches, arena })
            }
            Err(error) => {
                fail(object.path(), None, &error);
                None
            }
        }
    }

    /// Writes the jumps.
    pub(crate) fn write(&self, writer: &TextWriter, fail: &mut Fail<'_>) {
        let mut all = Vec::with_capacity(self.patches.len());
        for (patch, stub) in self.patches.iter().zip(&self.arena.stubs) {
            match stub.and_then(|stub| patch.edits(stub.entry())) {
                Some(edits) => all.extend(edits),
                None => {
                    let site = self.object.in_file(patch.site.address);
                    fail(self.object.path(), Some(site), &"its stub is out of reach");
                }
            }
        }
        // SAFETY: the image is that of a loaded object and the stubs are in place; there is no other thread.
        if let Err(error) = unsafe { write::apply(writer, &self.object.image, all) } {
            fail(self.object.path(), None, &error);
        }
    }
}

fn descriptor(patch: &Patch, object: &Loaded, name: &'static &'static [u8]) -> Descriptor {
    Descriptor {
        after: patch.site.end(),
        offset: object.in_file(patch.site.address),
        number: patch.site.number.map_or(UNKNOWN_NUMBER, i64::from),
        object: name,
    }
}
