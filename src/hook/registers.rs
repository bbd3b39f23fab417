//! The registers in the context of a signal, by the indexes of `ucontext_t`.

use std::ffi::c_int;

/// What the kernel goes on with when the handler returns.
pub(super) type Registers = [libc::greg_t; 23];

/// A register.
pub(super) fn register(registers: &Registers, index: c_int) -> i64 {
    usize::try_from(index).ok().and_then(|index| registers.get(index)).copied().unwrap_or(0)
}

/// Changes some registers.
pub(super) fn set<const N: usize>(registers: &mut Registers, indexes: [c_int; N], values: [i64; N]) {
    for (index, value) in indexes.into_iter().zip(values) {
        if let Some(register) = usize::try_from(index).ok().and_then(|index| registers.get_mut(index)) {
            *register = value;
        }
    }
}
