//! Where the call was made that is being looked at, for who wants to know its callers.

use std::mem::size_of;

use super::Frame;
use super::guard;
use super::in_place::RED_ZONE;

/// The program's registers at a call, as far as an unwinder asks for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Behind the `syscall` instruction: what the kernel would return to.
    pub(crate) ip: u64,
    pub(crate) sp: u64,
    pub(crate) bp: u64,
}

impl Caller {
    /// The one of the call whose hook runs on this thread. From the guard and not handed down: only a trace with stacks wants to know.
    pub(crate) fn current() -> Option<Caller> {
        let here = 0_u8;
        let frame = guard::hooked(&raw const here as u64)?;
        let sp = std::ptr::from_ref(frame) as u64 + size_of::<Frame>() as u64 + RED_ZONE.cast_unsigned();
        Some(Caller { ip: frame.after, sp, bp: frame.rbp })
    }
}
