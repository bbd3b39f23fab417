//! What was found and patched, for programs that ask.

use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;

use crate::patch::Rung;

/// How the system call sites of one object are patched: `struct intercept_object` of the header.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Object {
    path: *const c_char,
    in_place: usize,
    in_place_short: usize,
    in_stub: usize,
    in_stub_short: usize,
    left_alone: usize,
}

// SAFETY: points to a string that is never changed.
unsafe impl Sync for Object {}
// SAFETY: as above.
unsafe impl Send for Object {}

impl Object {
    /// An object of which no site is known yet. Its path stays where it is for as long as anybody is told of it.
    pub(crate) fn new(path: *const c_char) -> Object {
        Object { path, in_place: 0, in_place_short: 0, in_stub: 0, in_stub_short: 0, left_alone: 0 }
    }

    /// An object with so many sites on each rung, those that are left alone at the end.
    pub(crate) fn with(path: *const c_char, counts: [usize; 5]) -> Object {
        let [in_place, in_place_short, in_stub, in_stub_short, left_alone] = counts;
        Object { path, in_place, in_place_short, in_stub, in_stub_short, left_alone }
    }

    /// How many sites it has.
    pub(crate) fn sites(&self) -> usize {
        self.in_place + self.in_place_short + self.in_stub + self.in_stub_short + self.left_alone
    }

    /// Counts one more site.
    pub(crate) fn count(&mut self, rung: Rung) {
        *match rung {
            Rung::InPlace => &mut self.in_place,
            Rung::InPlaceShort => &mut self.in_place_short,
            Rung::InStub => &mut self.in_stub,
            Rung::InStubShort => &mut self.in_stub_short,
            Rung::LeftAlone(_) => &mut self.left_alone,
        } += 1;
    }
}

static OBJECTS: OnceLock<Vec<Object>> = OnceLock::new();

/// What there is to tell from now on.
pub(crate) fn tell_of(objects: Vec<Object>) {
    // The constructor runs once.
    let _ = OBJECTS.set(objects);
}

type Each = unsafe extern "C-unwind" fn(*const Object, *mut c_void) -> c_int;

/// Calls a function for each object whose system calls are intercepted, until it returns something else than zero, and returns
/// that; zero otherwise. Nothing changes after the program has started. May be called from anywhere.
///
/// # Safety
///
/// The function can be called with the data.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn intercept_sites(each: Each, data: *mut c_void) -> c_int {
    let objects = OBJECTS.get().map_or(&[][..], Vec::as_slice);
    // SAFETY: passed on.
    let answers = objects.iter().map(|object| unsafe { each(object, data) });
    answers.into_iter().find(|&answer| answer != 0).unwrap_or(0)
}
