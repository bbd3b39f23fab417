//! The names and texts of errors.

use syscalls::Errno;

use super::Style;

/// The name of an error and what it says, as this style spells it.
pub(super) fn describe(errno: i32, style: Style) -> Option<(&'static str, &'static str)> {
    let (name, kernel) = Errno::new(errno).name_and_description()?;
    match style {
        // The comments in the kernel's `asm-generic/errno-base.h` and `errno.h`.
        Style::DropIn => Some((name, kernel)),
        // Above 133 are the kernel's internal errors, which libc has no texts for.
        Style::Trace if errno <= libc::EHWPOISON => Some((name, libc_text(errno).unwrap_or(kernel))),
        Style::Trace => None,
    }
}

/// What `strerror` of glibc 2.36 says where it differs from the kernel's comment.
fn libc_text(errno: i32) -> Option<&'static str> {
    Some(match errno {
        libc::EIO => "Input/output error",
        libc::EBADF => "Bad file descriptor",
        libc::EAGAIN => "Resource temporarily unavailable",
        libc::ENOMEM => "Cannot allocate memory",
        libc::EXDEV => "Invalid cross-device link",
        libc::ENFILE => "Too many open files in system",
        libc::ENOTTY => "Inappropriate ioctl for device",
        libc::EDOM => "Numerical argument out of domain",
        libc::ERANGE => "Numerical result out of range",
        libc::EDEADLK => "Resource deadlock avoided",
        libc::ENOLCK => "No locks available",
        libc::ENOSYS => "Function not implemented",
        libc::ELOOP => "Too many levels of symbolic links",
        libc::EBADMSG => "Bad message",
        libc::EILSEQ => "Invalid or incomplete multibyte or wide character",
        libc::EOPNOTSUPP => "Operation not supported",
        libc::ENETRESET => "Network dropped connection on reset",
        libc::EDQUOT => "Disk quota exceeded",
        libc::ECANCELED => "Operation canceled",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_style_has_its_own_words() {
        assert_eq!(describe(libc::EBADF, Style::DropIn), Some(("EBADF", "Bad file number")));
        assert_eq!(describe(libc::EBADF, Style::Trace), Some(("EBADF", "Bad file descriptor")));
        assert_eq!(describe(41, Style::DropIn), None);
        assert_eq!(describe(516, Style::Trace), None);
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn traces_speak_as_libc_does() {
        for errno in 1..=libc::EHWPOISON {
            if let Some((name, text)) = describe(errno, Style::Trace) {
                let libc = std::io::Error::from_raw_os_error(errno).to_string();
                assert_eq!(format!("{text} (os error {errno})"), libc, "{name}");
            }
        }
    }
}
