//! Stubs: a few instructions for each site that lead from the program into the crossing and back.

mod arena;
mod crossing;
pub(crate) mod stub;
#[cfg(test)]
mod tests;

pub(crate) use arena::Arena;
pub(crate) use crossing::{Crossing, offset_in_observed_call};
