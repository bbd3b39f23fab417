//! The names of numbers: flags, commands, identifiers. Values come from the `libc` crate unless one is given with its source.
//!
//! Within a set the order is strace's, which decides how several flags are listed.

pub(super) mod files;
pub(super) mod memory;
pub(super) mod network;
pub(super) mod packed;
pub(super) mod process;
pub(super) mod system;
pub(super) mod terminals;
pub(super) mod time;

use packed::Member;

/// Numbers of one kind and their names. It says where they are among those of all sets: see [`packed`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    first: u16,
}

impl Set {
    /// The set that is declared under this name.
    const fn named(path: &str) -> Set {
        Set { first: packed::first_of(path) }
    }

    /// The numbers and their names, in the order of the set. None has a bit above the 31st, so that sign extension by the C
    /// library does not matter.
    pub(super) fn members(self) -> &'static [Member] {
        packed::members(self.first)
    }

    /// What stands for no flag at all.
    pub(super) fn zero(self) -> &'static str {
        packed::zero(self.first)
    }

    /// What a trace says of a number without a name.
    pub(super) fn unknown(self) -> &'static str {
        packed::unknown(self.first)
    }

    pub(super) fn name_of(self, value: u64) -> Option<&'static str> {
        self.members().iter().find(|member| member.value() == value).map(|member| member.name())
    }
}

/// A set as it is declared.
#[derive(Clone, Copy)]
struct Declared {
    path: &'static str,
    members: &'static [(u64, &'static str)],
    zero: &'static str,
    unknown: &'static str,
}

/// All sets there are.
const DECLARED: &[&[Declared]] = &[
    files::DECLARED,
    memory::DECLARED,
    network::DECLARED,
    process::DECLARED,
    system::DECLARED,
    terminals::DECLARED,
    time::DECLARED,
    #[cfg(test)]
    sample::DECLARED,
];

/// Declares sets: `NAME, "unknown", "zero": MEMBER, MEMBER = value;`. Once in a file, which [`DECLARED`] names.
macro_rules! sets {
    ($($(#[$doc:meta])* $set:ident, $unknown:literal, $zero:literal: $($member:ident $(= $value:expr)?),* $(,)?;)*) => {
        $(
            $(#[$doc])*
            pub(in crate::log) const $set: $crate::log::names::Set =
                $crate::log::names::Set::named(concat!(module_path!(), "::", stringify!($set)));
        )*
        pub(super) const DECLARED: &[$crate::log::names::Declared] = &[$($crate::log::names::Declared {
            path: concat!(module_path!(), "::", stringify!($set)),
            members: &[$(($crate::log::names::member!($member $(= $value)?), stringify!($member))),*],
            zero: $zero,
            unknown: $unknown,
        }),*];
    };
}

macro_rules! member {
    ($member:ident) => {
        libc::$member as u64 & 0xffff_ffff
    };
    ($member:ident = $value:expr) => {
        $value
    };
}

pub(super) use {member, sets};

/// A set for tests.
#[cfg(test)]
pub(super) mod sample {
    super::sets! {
        SAMPLE, "S_???", "NONE": ONE = 1, SIX = 6, TWO = 2;
    }
}
