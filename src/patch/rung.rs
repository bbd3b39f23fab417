//! How a site is taken.

use std::fmt;

/// The ladder, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    /// A jump over instructions before the syscall, which stays where it is and executes there: program counters, unwinders,
    /// cancellation and restarts see what they always saw.
    InPlace,
    /// The same with a jump of two bytes, to a jump of five in unused bytes nearby.
    InPlaceShort,
    /// A jump over the syscall and its neighbours: the call executes in the stub.
    InStub,
    /// The same with a jump of two bytes, over the syscall alone.
    InStubShort,
    /// Not taken.
    LeftAlone(Reason),
}

impl Rung {
    /// Whether the original `syscall` instruction stays and executes.
    pub fn is_in_place(self) -> bool {
        matches!(self, Rung::InPlace | Rung::InPlaceShort)
    }

    /// Whether the site is taken at all.
    pub fn is_taken(self) -> bool {
        !matches!(self, Rung::LeftAlone(_))
    }
}

/// Why a site is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// On purpose: unwinders know signal frames by these bytes. The call is `rt_sigreturn`.
    SignalReturn,
    /// On purpose: a thread unmaps its own stack and ends, so there is none to run a hook on. The calls are `munmap` and `exit`.
    NoStack,
    /// Somebody else's jump stands before the syscall; it leads here.
    AlreadyPatched(u64),
    /// A branch leads into every window, and no unused bytes are near.
    NoRoom,
}

impl Reason {
    /// Whether patching the site would do harm, so that leaving it alone is no failure.
    pub fn is_deliberate(self) -> bool {
        matches!(self, Reason::SignalReturn | Reason::NoStack)
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Rung::InPlace => "in place",
            Rung::InPlaceShort => "in place, short jump",
            Rung::InStub => "in stub",
            Rung::InStubShort => "in stub, short jump",
            Rung::LeftAlone(_) => "left alone",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::SignalReturn => f.write_str("unwinders recognise signal frames by these bytes"),
            Reason::NoStack => f.write_str("a thread unmaps its own stack here and ends"),
            Reason::AlreadyPatched(target) => write!(f, "already patched, with a jump to {target:#x}"),
            Reason::NoRoom => f.write_str("no room for a jump, here or nearby"),
        }
    }
}
