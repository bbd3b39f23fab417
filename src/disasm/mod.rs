//! Where the system calls are: every `syscall` instruction of an object, and what stands around it.
//!
//! The bytes `0f 05` prove nothing. They occur inside immediates, in displacements and in data, and a library that patches
//! them there destroys the program. So a site is an instruction that is reached from the start of its function, and that
//! Capstone confirms; everything else is either a lookalike (the bytes belong to another instruction) or unknown (nothing says
//! what they are).
//!
//! The steps, each a file:
//!
//! ```text
//! code      the executable bytes, each address once
//! scan      every `0f 05`, thirty-two bytes at a time (vector)
//! region    the function around each hit: from the last known start before it to the next one after it
//! step      one instruction: how long it is, where control goes
//! plain     the length of the plainest instructions, from a table
//! walk      those functions alone, step by step: instruction boundaries, branch targets, what follows what
//! decoder   Capstone, for what is patched (known: what it has said before)
//! table     the targets that jump tables add
//! incoming  branches into the neighbourhood of a site from the rest of the object
//! padding   bytes that nothing executes
//! constant  the number of the call, where it is a constant
//! liveness  whether a vector register can matter at the call
//! flags     whether the flags can, or r11, in which the kernel returns them
//! x87       whether an x87 register can be in use at it
//! flow      the number, where it takes the whole function to tell (for an index)
//! effect    what an instruction does to vector registers
//! graph     every instruction of the object, and who calls whom
//! held      whether anybody holds something in a vector register across a call, where it takes all callers to tell (for an index)
//! ```
//!
//! Everything here is a pure function of bytes and addresses. Input may be hostile: a file that `intercept sites` was given.

mod code;
mod constant;
mod decoder;
mod effect;
mod flags;
mod flow;
mod graph;
mod held;
mod incoming;
mod instruction;
mod known;
mod liveness;
mod locate;
mod marks;
mod padding;
mod plain;
mod region;
mod scan;
pub mod signal_return;
mod site;
mod step;
mod table;
mod vector;
mod walk;
mod x87;

pub use instruction::{Branch, Eax, Instruction, Kind};
pub use locate::{Located, locate, locate_some, locate_thoroughly};
pub use site::{Doubt, Lookalike, Site, Unknown};

use std::fmt;

/// Why an object could not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Capstone gave no handle.
    Decoder(capstone::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Decoder(error) => write!(
                f,
                "the disassembler did not start ({error}): no system call of this object is intercepted; \
                 this is a lack of memory or a bug of this library"
            ),
        }
    }
}

impl std::error::Error for Error {}
