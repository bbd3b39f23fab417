//! Memory of the process whose addresses somebody else has given: copied by the kernel, which answers where we would fault.
#![allow(unsafe_code, reason = "system calls that are given addresses")]

use super::call::Errno;
use super::raw::{check, syscall};

/// The smallest page of x86-64: what can be read changes only at its multiples.
const PAGE: u64 = 4096;

/// How many bytes from `address` on, up to `most`, lie in the page of `address`.
pub(crate) fn within_page(address: u64, most: usize) -> usize {
    usize::try_from(PAGE - address % PAGE).unwrap_or(most).min(most)
}

/// Copies from an address. Answers how many bytes could be copied, from the first on; an error if none could.
pub(crate) fn read(address: u64, out: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes to `out`, and as much as there is room.
    copy(address, out.len(), |process, at, done, length| unsafe {
        transfer(libc::SYS_process_vm_readv, process, at, out.as_mut_ptr().add(done), length)
    })
}

/// The same for who knows the id of this process, and copies often.
pub(crate) fn read_of(process: u32, address: u64, out: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: as above.
    by_pages(process.into(), address, out.len(), |process, at, done, length| unsafe {
        transfer(libc::SYS_process_vm_readv, process, at, out.as_mut_ptr().add(done), length)
    })
}

/// How many bytes [`scatter`] copies at most: with the beginning of a page and the end of another one.
pub(crate) const MOST_SCATTERED: usize = PAGE as usize;

/// Copies so many bytes from an address to many places, by one call. Answers how many could be copied, page by page.
///
/// # Safety
///
/// The places together have room for as many, and may be written to.
pub(crate) unsafe fn scatter(
    process: u32,
    address: u64,
    length: usize,
    places: &[libc::iovec],
) -> Result<usize, Errno> {
    let length = length.min(MOST_SCATTERED);
    let first = within_page(address, length);
    let part = |address: u64, length| libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length };
    let parts = [part(address, first), part(address.wrapping_add(first as u64), length - first)];
    let (here, there) = (&raw const *places as *const libc::iovec as i64, &raw const parts as i64);
    let args = [process.into(), here, places.len() as i64, there, parts.len() as i64, 0];
    // SAFETY: the caller answers for the places.
    check(unsafe { syscall(libc::SYS_process_vm_readv, args) }).map(|copied| copied as usize).map_err(Errno)
}

/// Copies to an address. Answers how many bytes could be copied, from the first on; an error if none could.
///
/// # Safety
///
/// What is there may be written to, if anything is there.
pub(crate) unsafe fn write(address: u64, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads `bytes`, and not more of them than there are; for the rest the caller answers.
    copy(address, bytes.len(), |process, at, done, length| unsafe {
        transfer(libc::SYS_process_vm_writev, process, at, bytes.as_ptr().add(done).cast_mut(), length)
    })
}

fn copy(
    address: u64,
    length: usize,
    transfer: impl FnMut(i64, u64, usize, usize) -> Result<u64, Errno>,
) -> Result<usize, Errno> {
    // Asked for each time: a number that is kept names the parent after a fork.
    // SAFETY: `getpid` only returns a number.
    by_pages(unsafe { syscall(libc::SYS_getpid, [0; 6]) }, address, length, transfer)
}

/// A page at a time: the kernel may copy nothing at all of a range of which only the start is there.
fn by_pages(
    process: i64,
    address: u64,
    length: usize,
    mut transfer: impl FnMut(i64, u64, usize, usize) -> Result<u64, Errno>,
) -> Result<usize, Errno> {
    let mut done = 0;
    while done < length {
        let copied = match address.checked_add(done as u64) {
            Some(at) => {
                let wanted = within_page(at, length - done);
                transfer(process, at, done, wanted).map(|copied| (copied as usize, wanted))
            }
            None => Err(Errno(libc::EFAULT)),
        };
        match copied {
            Ok((copied, wanted)) => {
                done += copied;
                if copied < wanted {
                    break;
                }
            }
            Err(errno) if done == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// `process_vm_readv` or `process_vm_writev`.
///
/// # Safety
///
/// As with the calls.
unsafe fn transfer(call: i64, process: i64, address: u64, here: *mut u8, length: usize) -> Result<u64, Errno> {
    let local = libc::iovec { iov_base: here.cast(), iov_len: length };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length };
    let (local, remote) = (&raw const local as i64, &raw const remote as i64);
    // SAFETY: passed on.
    check(unsafe { syscall(call, [process, local, 1, remote, 1, 0]) }).map_err(Errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_copied_and_what_is_not_is_an_error() {
        let mut pages = memmap2::MmapMut::map_anon(2 * PAGE as usize).expect("two pages");
        let end = pages.as_mut_ptr() as u64 + PAGE;
        // SAFETY: the second page of the mapping above, which nothing else refers to.
        assert_eq!(unsafe { libc::mprotect(end as *mut libc::c_void, PAGE as usize, libc::PROT_NONE) }, 0);
        let mut out = [0; 9];
        // SAFETY: the first page is ours; nothing is written to the second.
        unsafe {
            assert_eq!(write(end - 5, b"some text"), Ok(5));
            assert_eq!(write(end, b"some text"), Err(Errno(libc::EFAULT)));
        }
        assert_eq!((read(end - 5, &mut out), &out), (Ok(5), b"some \0\0\0\0"));
        for address in [0, end, u64::MAX, u64::MAX - 3, 1 << 63] {
            assert_eq!(read(address, &mut out), Err(Errno(libc::EFAULT)), "{address:#x}");
        }
        assert_eq!(read(0, &mut []), Ok(0));
    }
}
