//! What sockets are told and tell.

use super::Form::{self, *};
use super::structures;

structures! {
    LINGER, Structure: l_onoff @ 0 Signed(4), l_linger @ 4 Signed(4);
    CREDENTIALS, Structure: pid @ 0 Signed(4), uid @ 4 Unsigned(4), gid @ 8 Unsigned(4);
}

/// How long an address is, or an option.
pub(in crate::log) const LENGTH: Form = Boxed(&Signed(4));
