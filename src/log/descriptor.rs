//! What a descriptor of this process stands for.
#![allow(unsafe_code, reason = "a system call that writes into a buffer")]

use super::line::Line;
use super::socket;
use crate::sys::raw::syscall;

/// Longer paths are cut.
const LONGEST: usize = 256;

/// Bytes before the number in a name.
const FOLDER: usize = "/proc/thread-self/fd/".len();

/// What the kernel says behind the path of a file that has been removed, and strace behind the bracket.
const DELETED: &[u8] = b" (deleted)";

/// Writes the path of an open file, or the name of what is no file, between `<` and `>`; nothing if the descriptor is not open.
/// `AT_FDCWD` stands for the working directory. With details: what is connected by a socket, and the number of a device.
#[inline(never)]
pub(super) fn path(line: &mut Line, fd: i32, details: bool) {
    let mut place = [0_u8; LONGEST];
    let Some(target) = target(fd, &mut place) else { return };
    line.byte(b'<');
    if !details || !socket::show(line, fd, target) {
        let file = target.strip_suffix(DELETED).filter(|file| file.starts_with(b"/"));
        quote(line, file.unwrap_or(target));
        if details && target.starts_with(b"/") {
            device(line, fd);
        }
        if file.is_some() {
            line.byte(b'>');
            return line.text("(deleted)");
        }
    }
    line.byte(b'>');
}

/// Whether a descriptor stands for this path.
pub(super) fn is(fd: i32, path: &[u8]) -> bool {
    let mut place = [0_u8; LONGEST];
    target(fd, &mut place) == Some(path)
}

/// What a descriptor stands for; what does not fit is cut.
fn target(fd: i32, target: &mut [u8; LONGEST]) -> Option<&[u8]> {
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
        _ => return None,
    }
    let place = [name.as_ptr() as i64, target.as_mut_ptr() as i64, LONGEST as i64, 0, 0, 0];
    // SAFETY: the name ends with a zero byte, and the kernel writes no more bytes than there are.
    let length = unsafe { syscall(libc::SYS_readlink, place) };
    usize::try_from(length).ok().and_then(|length| target.get(..length))
}

fn quote(line: &mut Line, target: &[u8]) {
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
}

/// `<char 1:3>` behind the path of a device.
fn device(line: &mut Line, fd: i32) {
    /// Where the mode and the number are in the kernel's `struct stat` (arch/x86/include/uapi/asm/stat.h), in words.
    const MODE: usize = 3;
    const NUMBER: usize = 5;
    let mut words = [0_u64; 18];
    // SAFETY: room for the structure.
    let answer = unsafe { syscall(libc::SYS_fstat, [fd.into(), words.as_mut_ptr() as i64, 0, 0, 0, 0]) };
    let kind = match words[MODE] as libc::mode_t & libc::S_IFMT {
        libc::S_IFCHR if answer == 0 => "<char ",
        libc::S_IFBLK if answer == 0 => "<block ",
        _ => return,
    };
    line.text(kind);
    line.unsigned(libc::major(words[NUMBER]).into());
    line.byte(b':');
    line.unsigned(libc::minor(words[NUMBER]).into());
    line.byte(b'>');
}
