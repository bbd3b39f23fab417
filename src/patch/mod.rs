//! What a patch overwrites: decided here, for every site, without touching anything but in the last step.
//!
//! ```text
//! rung       how a site is taken: the ladder, best first, and the reasons for not taking it
//! window     the bytes around a site that can be overwritten
//! island     a jump in unused bytes between functions, for windows too short to hold a long one
//! exception  the sites that are left alone on purpose
//! plan       one rung for each site
//! relocate   an instruction at another address
//! edit       the bytes to write
//! write      writing them, the one step that does something
//! ```

mod edit;
mod exception;
mod island;
mod plan;
mod relocate;
mod rung;
mod window;
pub(crate) mod write;

pub use edit::Edits;
pub use plan::{Patch, plan};
pub use rung::{Reason, Rung};
