//! What a descriptor of this process stands for.
#![allow(unsafe_code, reason = "a system call that writes into a buffer")]

use super::line::Line;
use crate::sys::raw::syscall;

/// Longer paths are cut.
const LONGEST: usize = 256;

/// Bytes before the number in a name.
const FOLDER: usize = "/proc/thread-self/fd/".len();

/// Writes the path of an open file, or the name of what is no file, between `<` and `>`; nothing if the descriptor is not open.
/// `AT_FDCWD` stands for the working directory.
#[inline(never)]
pub(super) fn path(line: &mut Line, fd: i32) {
    // A thread may have descriptors of its own (`CLONE_FILES`).
    let mut name = *b"/proc/thread-self/fd/\0\0\0\0\0\0\0\0\0\0\0";
    match fd {
        libc::AT_FDCWD => name = *b"/proc/thread-self/cwd\0\0\0\0\0\0\0\0\0\0\0",
        0.. => {
            let digits = fd.checked_ilog10().unwrap_or(0) as usize;
            let places = name.get_mut(FOLDER..=FOLDER + digits).unwrap_or_default();
            let mut rest = fd;
            for place in places.iter_mut().rev() {
                *place = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
        _ => return,
    }
    let mut target = [0_u8; LONGEST];
    let place = [name.as_ptr() as i64, target.as_mut_ptr() as i64, LONGEST as i64, 0, 0, 0];
    // SAFETY: the name ends with a zero byte, and the kernel writes no more bytes than there are.
    let length = unsafe { syscall(libc::SYS_readlink, place) };
    let Some(target) = usize::try_from(length).ok().and_then(|length| target.get(..length)) else { return };
    line.byte(b'<');
    for &byte in target {
        match byte {
            // What would look like the end, or like another line.
            b'>' | b'<' | b'\\' | ..b' ' | 0x7f.. => {
                line.byte(b'\\');
                line.digits::<8>(byte.into(), 3);
            }
            _ => line.byte(byte),
        }
    }
    line.byte(b'>');
}
