//! Stubs: a few instructions for each site that lead from the program into the crossing and back.

mod arena;
pub(crate) mod assembler;
mod crossing;
pub(crate) mod header;
mod place;
pub(crate) mod stub;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use arena::{Arena, Draft, Error};
pub(crate) use crossing::{Crossings, Part, SYSCALL_LENGTH, part};
pub(crate) use place::{Row, remember, stub_at};
