//! Reading what the arguments of a call point to, without ever faulting on it.

use core::fmt;

use crate::sys::memory;
pub(super) use crate::sys::memory::within_page;

/// The memory the arguments of a call point into.
///
/// The kernel answers a bad pointer with `EFAULT`; a log that followed the same pointer would kill the program instead. So
/// memory is copied through this trait, which says how much could be copied.
pub trait Memory {
    /// Copies bytes from `address` on, and returns how many at the start of `out` are valid.
    ///
    /// Stops before the first byte that cannot be read; 0 if that is already the byte at `address`.
    fn read(&self, address: u64, out: &mut [u8]) -> usize;
}

impl fmt::Debug for dyn Memory + '_ {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Memory")
    }
}

/// Reads `N` bytes, or nothing.
pub(super) fn array<const N: usize>(memory: &dyn Memory, address: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (memory.read(address, &mut bytes) == N).then_some(bytes)
}

/// The memory of the calling process, read with `process_vm_readv` on itself.
///
/// Where that call is refused (`ENOSYS`, or `EPERM` from a seccomp filter) nothing is readable, and pointers stay pointers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessMemory;

impl Memory for ProcessMemory {
    fn read(&self, address: u64, out: &mut [u8]) -> usize {
        memory::read(address, out).unwrap_or(0)
    }
}

#[cfg(test)]
pub(super) mod fake {
    //! Memory made of test data.

    use super::Memory;

    /// Pieces of memory and their addresses; everything else is unreadable.
    #[derive(Debug, Default)]
    pub(crate) struct Pieces(pub(crate) Vec<(u64, Vec<u8>)>);

    impl Memory for Pieces {
        fn read(&self, address: u64, out: &mut [u8]) -> usize {
            for (start, bytes) in &self.0 {
                if let Some(offset) = address.checked_sub(*start).filter(|&offset| offset < bytes.len() as u64) {
                    let available = &bytes[offset as usize..];
                    let count = available.len().min(out.len());
                    out[..count].copy_from_slice(&available[..count]);
                    return count;
                }
            }
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_bytes_are_read_and_bad_pointers_yield_nothing() {
        let text = *b"some text";
        assert_eq!(array(&ProcessMemory, text.as_ptr() as u64), Some(text));
        assert_eq!(ProcessMemory.read(1, &mut [0; 8]), 0);
    }
}
