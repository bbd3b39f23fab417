//! Reading what the arguments of a call point to, without ever faulting on it.
#![allow(unsafe_code, reason = "the `process_vm_readv` system call writes into a buffer")]

use core::fmt;

use crate::sys::raw;

/// The smallest page of x86-64: readability changes only at its multiples.
const PAGE: u64 = 4096;

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

/// How many bytes from `address` on, up to `most`, lie in the page of `address`.
pub(super) fn within_page(address: u64, most: usize) -> usize {
    usize::try_from(PAGE - address % PAGE).unwrap_or(most).min(most)
}

/// The memory of the calling process, read with `process_vm_readv` on itself.
///
/// Where that call is refused (`ENOSYS`, or `EPERM` from a seccomp filter) nothing is readable, and pointers stay pointers.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessMemory;

impl Memory for ProcessMemory {
    fn read(&self, address: u64, out: &mut [u8]) -> usize {
        // Asked for each time: a number that is kept names the parent after a fork.
        // SAFETY: `getpid` only returns a number.
        let process = unsafe { raw::syscall(libc::SYS_getpid, [0; 6]) };
        let mut done: usize = 0;
        // A page at a time: the kernel may return nothing at all for a range that is readable only at its start.
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some(from) = address.checked_add(done as u64) else { break };
            let wanted = within_page(from, rest.len());
            let copied = copy(process, from, rest.get_mut(..wanted).unwrap_or_default());
            done = done.saturating_add(copied);
            if copied < wanted {
                break;
            }
        }
        done
    }
}

fn copy(process: i64, address: u64, out: &mut [u8]) -> usize {
    let local = libc::iovec { iov_base: out.as_mut_ptr().cast(), iov_len: out.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: out.len() };
    let (local, remote) = (&raw const local as i64, &raw const remote as i64);
    // SAFETY: the kernel writes at most `out.len()` bytes into `out`, and checks every page of the other side itself.
    let result = unsafe { raw::syscall(libc::SYS_process_vm_readv, [process, local, 1, remote, 1, 0]) };
    usize::try_from(result).unwrap_or(0)
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
    fn own_bytes_are_read() {
        let text = *b"some text";
        assert_eq!(array(&ProcessMemory, text.as_ptr() as u64), Some(text));
    }

    #[test]
    fn bad_pointers_yield_nothing() {
        let mut out = [0; 8];
        for address in [0, 1, 0x123000, u64::MAX, u64::MAX - 3, 1 << 63] {
            assert_eq!(ProcessMemory.read(address, &mut out), 0, "{address:#x}");
        }
    }

    #[test]
    fn reading_stops_at_the_end_of_a_mapping() {
        let mut pages = memmap2::MmapMut::map_anon(2 * PAGE as usize).expect("two pages");
        pages.fill(b'x');
        let end = pages.as_ptr() as u64 + PAGE;
        // SAFETY: the second page of the mapping above, which nothing else refers to.
        assert_eq!(unsafe { libc::mprotect(end as *mut libc::c_void, PAGE as usize, libc::PROT_NONE) }, 0);
        let mut out = [0; 64];
        assert_eq!(ProcessMemory.read(end - 5, &mut out), 5);
        assert_eq!(&out[..6], b"xxxxx\0");
    }
}
