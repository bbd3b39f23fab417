//! The names of numbers: flags, commands, identifiers. Values come from the `libc` crate unless one is given with its source.
//!
//! Within a set the order is strace's, which decides how several flags are listed.

pub(super) mod files;
pub(super) mod memory;
pub(super) mod network;
pub(super) mod process;
pub(super) mod system;
pub(super) mod terminals;
pub(super) mod time;

/// Numbers of one kind and their names.
#[derive(Debug)]
pub(super) struct Set {
    /// None has a bit above the 31st, so that sign extension by the C library does not matter.
    pub(super) members: &'static [(u64, &'static str)],
    /// What stands for no flag at all.
    pub(super) zero: &'static str,
    /// What a trace says of a number without a name.
    pub(super) unknown: &'static str,
}

impl Set {
    pub(super) fn name_of(&self, value: u64) -> Option<&'static str> {
        self.members.iter().find(|&&(member, _)| member == value).map(|&(_, name)| name)
    }
}

/// Declares sets: `NAME, "unknown", "zero": MEMBER, MEMBER = value;`.
macro_rules! sets {
    ($($(#[$doc:meta])* $set:ident, $unknown:literal, $zero:literal: $($member:ident $(= $value:expr)?),* $(,)?;)*) => {
        $(
            $(#[$doc])*
            pub(in crate::log) const $set: &crate::log::names::Set = &crate::log::names::Set {
                members: &[$((crate::log::names::member!($member $(= $value)?), stringify!($member))),*],
                zero: $zero,
                unknown: $unknown,
            };
        )*
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
