//! The shared memory as a whole.
#![allow(unsafe_code, reason = "maps memory")]

use core::sync::atomic::Ordering::Relaxed;

use super::layout::{Control, MAGIC, RINGS, Ring};
use crate::sys::call::{Errno, close};
use crate::sys::raw::{check, syscall};

/// A segment in the memory of this process; it stays mapped.
#[derive(Debug, Clone, Copy)]
pub struct Segment {
    /// What concerns all rings.
    pub control: &'static Control,
    /// All of them, or as many as there was room for in the address space.
    pub rings: &'static [Ring],
}

/// Asks for a file that can never become executable: systems can demand that of memory without a name (`vm.memfd_noexec`). Kernels
/// before 6.3 do not know it (include/uapi/linux/memfd.h).
const MFD_NOEXEC_SEAL: u32 = 8;

const fn size(rings: usize) -> usize {
    size_of::<Control>() + rings * size_of::<Ring>()
}

impl Segment {
    /// Makes one. The descriptor of its file is the second value; as long as it is open, others can map the file.
    pub fn create() -> std::io::Result<(Segment, std::os::fd::OwnedFd)> {
        use std::os::fd::AsRawFd as _;
        let file = std::fs::File::from(memfd(MFD_NOEXEC_SEAL).or_else(|_| memfd(0))?);
        file.set_len(size(RINGS) as u64)?;
        // SAFETY: concerns the file made above alone.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        let segment = map(file.as_raw_fd(), RINGS).map_err(std::io::Error::from_raw_os_error)?;
        segment.control.magic.store(MAGIC, Relaxed);
        Ok((segment, file.into()))
    }

    /// Maps the one a descriptor is of, and closes that. Called by the constructor of each program; calls no function of libc.
    pub(crate) fn open(fd: i32) -> Result<Segment, Errno> {
        let segment = Segment::open_fd(fd);
        close(fd);
        segment.map_err(Errno)
    }

    fn open_fd(fd: i32) -> Result<Segment, i32> {
        // In a file that somebody can make shorter, any store may be a `SIGBUS`.
        // SAFETY: asks for a number. No other files than those without a name have seals: `EINVAL`.
        let seals = check(unsafe { syscall(libc::SYS_fcntl, [fd.into(), libc::F_GET_SEALS.into(), 0, 0, 0, 0]) })?;
        if seals & libc::F_SEAL_SHRINK as u64 == 0 {
            return Err(libc::EINVAL);
        }
        // SAFETY: asks for a number.
        let end = check(unsafe { syscall(libc::SYS_lseek, [fd.into(), 0, libc::SEEK_END.into(), 0, 0, 0]) })?;
        if end != size(RINGS) as u64 {
            return Err(libc::EINVAL);
        }
        // Where the address space is limited (`ulimit -v`), fewer will do.
        let counts = std::iter::successors(Some(RINGS), |count| Some(count / 4).filter(|&count| count > 0));
        let mut result = Err(libc::ENOMEM);
        for count in counts {
            result = map(fd, count);
            if result.as_ref().err() != Some(&libc::ENOMEM) {
                break;
            }
        }
        result.and_then(
            |segment| {
                if segment.control.magic.load(Relaxed) == MAGIC { Ok(segment) } else { Err(libc::EINVAL) }
            },
        )
    }
}

/// A file without a name.
fn memfd(flags: u32) -> std::io::Result<std::os::fd::OwnedFd> {
    use std::os::fd::FromRawFd as _;
    // SAFETY: a name that ends in a zero byte.
    let fd = unsafe { libc::memfd_create(c"intercept".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | flags) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: just opened, and nobody else's.
    Ok(unsafe { std::os::fd::OwnedFd::from_raw_fd(fd) })
}

fn map(fd: i32, rings: usize) -> Result<Segment, i32> {
    let protection = i64::from(libc::PROT_READ | libc::PROT_WRITE);
    let args = [0, size(rings) as i64, protection, libc::MAP_SHARED.into(), fd.into(), 0];
    // SAFETY: asks for fresh addresses.
    let address = check(unsafe { syscall(libc::SYS_mmap, args) })?;
    // A core dump is the program's. Kernels that refuse leave it larger, no more.
    // SAFETY: concerns the mapping made above alone.
    unsafe {
        syscall(libc::SYS_madvise, [address.cast_signed(), size(rings) as i64, libc::MADV_DONTDUMP.into(), 0, 0, 0])
    };
    let control = address as *const Control;
    // SAFETY: the mapping is as long as what is read here, aligned to a page, zeroes or whatever others have stored: everything in
    // these types is an atomic integer, for which any bytes are right. It is never unmapped.
    unsafe { Ok(Segment { control: &*control, rings: std::slice::from_raw_parts(control.add(1).cast(), rings) }) }
}
