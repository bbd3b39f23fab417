//! What memory looks like that an argument points to: numbers, flags, and structures made of them.
//!
//! Most structures are described by a table of their fields. The few that cannot be read from left to right, or that go on
//! elsewhere in memory, have a formatter of their own in [`kind`](super::kind).

mod show;
mod signals;
mod stat;

pub(super) mod files;
pub(super) mod processes;
pub(super) mod sockets;
pub(super) mod terminals;
pub(super) mod times;

use super::line::Line;
use super::memory::Memory;
use super::names::Set;
pub(super) use show::{number, quoted, show};

/// How bytes are read. Numbers have the size that stands beside them, in bytes.
#[derive(Debug)]
pub(super) enum Form {
    Signed(usize),
    Unsigned(usize),
    Hex(usize),
    Pointer,
    /// Permissions of a file and its type above them.
    FileMode(usize),
    Flags(usize, Set),
    Name(usize, Set),
    /// A limit on what a process may use; there may be none.
    Limit,
    /// A set of signals, as the kernel has it.
    Signals,
    /// Characters up to a zero byte, in a field of this many.
    Text(usize),
    /// The same between brackets: an argument that points to it.
    Boxed(&'static Form),
    /// So many of them, one behind the other.
    Array(usize, &'static Form),
    Structure(&'static [Field]),
    /// One that has more fields than are shown.
    Abridged(&'static [Field]),
    /// One that is usually abridged. The whole may be larger than [`MOST`].
    Either {
        abridged: &'static Form,
        whole: &'static Form,
    },
    /// With a formatter of its own, for this many bytes.
    Special(usize, fn(&mut Line, &[u8])),
}

/// One field of a structure.
#[derive(Debug)]
pub(super) struct Field {
    /// With the sign of equality behind it.
    pub(super) name: &'static str,
    /// Bytes before it.
    pub(super) at: usize,
    pub(super) form: &'static Form,
}

/// The most bytes that any form is made of: `struct stat`.
pub(super) const MOST: usize = 144;

impl Form {
    /// As many bytes as are looked at.
    pub(super) const fn size(&self) -> usize {
        match *self {
            Form::Signed(size)
            | Form::Unsigned(size)
            | Form::Hex(size)
            | Form::FileMode(size)
            | Form::Flags(size, _)
            | Form::Name(size, _)
            | Form::Text(size)
            | Form::Special(size, _) => size,
            Form::Pointer | Form::Limit | Form::Signals => 8,
            Form::Boxed(form) | Form::Either { abridged: form, .. } => form.size(),
            Form::Array(count, form) => count * form.size(),
            Form::Structure(fields) | Form::Abridged(fields) => {
                let mut end = 0;
                let mut index = 0;
                while index < fields.len() {
                    let this = fields[index].at + fields[index].form.size();
                    end = if this > end { this } else { end };
                    index += 1;
                }
                end
            }
        }
    }
}

/// Shows what is at an address; `false`, and nothing shown, if it cannot be read.
pub(super) fn at(line: &mut Line, memory: &dyn Memory, address: u64, form: &Form) -> bool {
    let mut bytes = [0; MOST];
    let Some(bytes) = bytes.get_mut(..form.size()) else { return false };
    let whole = address != 0 && memory.read(address, bytes) == bytes.len();
    if whole {
        show(line, form, bytes);
    }
    whole
}

/// The most bytes that any whole form is made of: `struct utsname`.
pub(super) const MOST_OF_WHOLE: usize = 390;

/// The same for a form that may be larger. Not inlined, since it needs more stack than most calls must pay for.
#[inline(never)]
pub(super) fn whole_at(line: &mut Line, memory: &dyn Memory, address: u64, form: &Form) -> bool {
    let mut bytes = [0; MOST_OF_WHOLE];
    let Some(bytes) = bytes.get_mut(..form.size()) else { return false };
    let is_whole = address != 0 && memory.read(address, bytes) == bytes.len();
    if is_whole {
        show(line, form, bytes);
    }
    is_whole
}

/// Declares forms of structures: `NAME, Structure: field @ offset Form, ...;`.
macro_rules! structures {
    ($($(#[$doc:meta])* $name:ident, $kind:ident: $($field:ident @ $at:literal $form:expr),* $(,)?;)*) => {
        $(
            $(#[$doc])*
            pub(in crate::log) const $name: $crate::log::form::Form = $crate::log::form::Form::$kind(&[$(
                $crate::log::form::Field { name: concat!(stringify!($field), "="), at: $at, form: &$form },
            )*]);
            const _: () = assert!($name.size() <= $crate::log::form::MOST_OF_WHOLE);
        )*
    };
}

use structures;
