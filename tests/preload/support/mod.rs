//! What the tests have in common.

mod built;
mod installed;
mod machine;
mod program;
mod tool;
mod unnoticed;
mod workbench;

pub(crate) use built::Built;
pub(crate) use installed::Installed;
pub(crate) use machine::{libc_path, loader_path, rounds};
pub(crate) use program::{Outcome, Program, in_order};
use tool::tool;
pub(crate) use unnoticed::Unnoticed;
pub(crate) use workbench::{Source, Workbench};
