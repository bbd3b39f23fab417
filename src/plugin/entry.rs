//! What `plugin!` makes of a plugin: hooks of the C interface.
#![allow(unsafe_code, reason = "functions that the engine calls, with pointers")]

use std::ffi::{CStr, c_int, c_long, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use syscalls::Errno;

use super::fault::OnFault;
use super::panic::{OnPanic, guarded};
use super::state::end_of_thread;
use super::{Action, Plugin, Syscall};
use crate::capi::{self, Declaration};
use crate::hook::{FORWARD, HANDLED, OBSERVE, ShownCall};
use crate::sys::dynamic;

/// What a plugin says of itself.
#[doc(hidden)]
pub const fn declaration(wants: Option<&'static [i64]>) -> Declaration {
    Declaration {
        wants: match wants {
            Some(list) => list.as_ptr(),
            None => std::ptr::null(),
        },
    }
}

/// Each plugin sees the ends of threads, because states are dropped then: this is the last of the numbers it wants.
#[doc(hidden)]
pub const EXIT: c_long = libc::SYS_exit;

/// A plugin, as the engine of this process knows it, which may be another copy of this library.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registration {
    known: OnceLock<Known>,
    /// By which the engine removes it; 0 until it is known.
    id: AtomicI64,
}

#[derive(Debug)]
struct Known {
    /// A `&'static P`, where `P` is the type that the hooks were made for.
    plugin: *const (),
    on_panic: OnPanic,
    /// The file it was loaded from.
    name: &'static CStr,
    /// Whether it wants to see the ends of threads itself.
    wants_exit: bool,
}

// SAFETY: plugins are `Sync`.
unsafe impl Sync for Known {}
// SAFETY: as above, and the pointer is one to a `static`.
unsafe impl Send for Known {}

impl Registration {
    /// Of a plugin that is about to be loaded.
    #[doc(hidden)]
    pub const fn new() -> Registration {
        Registration { known: OnceLock::new(), id: AtomicI64::new(0) }
    }

    /// Adds the plugin to the engine. Called once, when it is loaded.
    #[doc(hidden)]
    pub fn add<P: Plugin>(
        &'static self,
        plugin: &'static P,
        wants: Option<&[i64]>,
        on_panic: OnPanic,
        on_fault: OnFault,
    ) {
        let plugin = std::ptr::from_ref(plugin).cast::<()>();
        let name = dynamic::object_of(std::ptr::from_ref(self).cast()).unwrap_or(c"in the program");
        let wants = wants.map(|list| list.strip_suffix(&[capi::END]).unwrap_or(list));
        let own = wants.map(|list| list.strip_suffix(&[EXIT]).unwrap_or(list));
        let wants_exit = own.is_none_or(|own| own.contains(&EXIT));
        if self.known.set(Known { plugin, on_panic, name, wants_exit }).is_err() {
            return;
        }
        if self.run::<P, _>(P::start).is_none() {
            return;
        }
        let data = std::ptr::from_ref(self).cast_mut().cast();
        match capi::add_to_engine(before::<P>, after::<P>, data, wants, on_fault == OnFault::Disable) {
            Some(id) => self.id.store(id, Ordering::Release),
            None => crate::report::line(&"too many plugins: the last one sees no system calls"),
        }
    }

    /// Runs the plugin. `None` if it has panicked, now or before, and is disabled.
    fn run<P: Plugin, T>(&self, run: impl FnOnce(&P) -> T) -> Option<T> {
        let Known { plugin, on_panic, name, .. } = self.known.get()?;
        // SAFETY: set by `add` of the same type, from a `&'static P`.
        let plugin = unsafe { &*plugin.cast::<P>() };
        let outcome = guarded(*on_panic, name, || run(plugin));
        if outcome.is_none() {
            capi::remove_from_engine(self.id.load(Ordering::Acquire));
        }
        outcome
    }
}

impl Default for Registration {
    fn default() -> Registration {
        Registration::new()
    }
}

/// Before a call.
unsafe extern "C-unwind" fn before<P: Plugin>(call: *mut ShownCall, data: *mut c_void) -> c_int {
    // SAFETY: the data it was added with, and a call that is nobody else's.
    let (registration, shown) = unsafe { (&*data.cast::<Registration>(), &mut *call) };
    if shown.number != EXIT {
        return ask::<P>(registration, shown);
    }
    let wanted = registration.known.get().is_some_and(|known| known.wants_exit);
    let answer = if wanted { ask::<P>(registration, shown) } else { FORWARD };
    if answer != HANDLED {
        end_of_thread();
    }
    answer
}

fn ask<P: Plugin>(registration: &Registration, shown: &mut ShownCall) -> c_int {
    let mut call = Syscall { number: shown.number, args: shown.args };
    let action = registration.run::<P, _>(|plugin| plugin.before(&mut call));
    let Some(action) = action else { return FORWARD };
    shown.args = call.args;
    match action {
        Action::Forward => FORWARD,
        Action::Observe => OBSERVE,
        Action::Return(answer) => {
            shown.result = raw(answer);
            HANDLED
        }
    }
}

/// After a call.
unsafe extern "C-unwind" fn after<P: Plugin>(call: *mut ShownCall, data: *mut c_void) {
    // SAFETY: as above.
    let (registration, shown) = unsafe { (&*data.cast::<Registration>(), &mut *call) };
    let call = Syscall { number: shown.number, args: shown.args };
    let before = Errno::from_ret(shown.result as usize);
    let mut result = before;
    // What a plugin that panics has made of it does not count.
    if registration.run::<P, _>(|plugin| plugin.after(&call, &mut result)).is_some() && result != before {
        shown.result = raw(result);
    }
}

/// The kernel's way to say it.
fn raw(answer: Result<usize, Errno>) -> c_long {
    answer.map_or_else(|errno| -i64::from(errno.into_raw()), |value| value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<P: Plugin>(plugin: &'static P, call: &mut ShownCall) -> c_int {
        let known = Known {
            plugin: std::ptr::from_ref(plugin).cast(),
            on_panic: OnPanic::Disable,
            name: c"a test",
            wants_exit: true,
        };
        let registration = Registration { known: OnceLock::from(known), id: AtomicI64::new(-1) };
        // SAFETY: as the engine calls it.
        unsafe { before::<P>(call, (&raw const registration).cast_mut().cast()) }
    }

    const CALL: ShownCall = ShownCall { number: 3, args: [1; 6], result: 0, made: 0 };

    #[test]
    fn an_error_reaches_the_program_negated() {
        let mut call = CALL;
        assert_eq!(asked(&|_: &Syscall| Action::Return(Err(Errno::EOPNOTSUPP)), &mut call), HANDLED);
        assert_eq!(call.result, -i64::from(libc::ENOTSUP));
    }

    #[test]
    fn what_a_plugin_has_changed_before_it_panics_does_not_count() {
        struct Panics;
        impl Plugin for Panics {
            fn before(&self, call: &mut Syscall) -> Action {
                call.set_fd(0, 7);
                panic!("as the test wants it");
            }
        }
        let mut call = CALL;
        assert_eq!((asked(&Panics, &mut call), call), (FORWARD, CALL));
    }
}
