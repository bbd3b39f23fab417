//! The kernel, asked directly: raw system calls and what is built of them.

pub(crate) mod call;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod dynamic;
pub(crate) mod environment;
pub(crate) mod mapped;
pub(crate) mod memory;
pub(crate) mod near;
pub(crate) mod pages;
pub(crate) mod probe;
pub(crate) mod raw;
pub(crate) mod room;
pub(crate) mod seccomp;
pub(crate) mod text;
