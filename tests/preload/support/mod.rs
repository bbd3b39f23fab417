//! What the tests have in common.

mod built;
mod machine;
mod program;
mod tool;
mod workbench;

pub(crate) use built::Built;
pub(crate) use machine::libc_path;
pub(crate) use program::{Outcome, Program};
use tool::tool;
pub(crate) use workbench::{Source, Workbench};
