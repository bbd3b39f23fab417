//! Errors and signals by their names.

use syscalls::Errno;

use crate::log;

/// The largest errno a call can return (`MAX_ERRNO` in include/linux/err.h).
const LAST_ERRNO: i32 = 4095;
/// The real-time signals, as the kernel counts them: `SIGRT_0` is the first.
const FIRST_REAL_TIME: i32 = 32;
const LAST_SIGNAL: i32 = 64;

/// Names for errors that have another one.
const SECOND_NAMES: [(&str, i32); 3] =
    [("EWOULDBLOCK", libc::EWOULDBLOCK), ("EDEADLOCK", libc::EDEADLOCK), ("ENOTSUP", libc::ENOTSUP)];

/// An error by its name or number.
pub(super) fn errno(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return Some(number).filter(|number| (1..=LAST_ERRNO).contains(number));
    }
    let second = SECOND_NAMES.iter().find(|(name, _)| *name == text).map(|&(_, errno)| errno);
    second.or_else(|| (1..=LAST_ERRNO).find(|&errno| Errno::new(errno).name() == Some(text)))
}

/// A signal by its name, with or without `SIG`, or its number.
pub(super) fn signal(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return Some(number).filter(|number| (1..=LAST_SIGNAL).contains(number));
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    if let Some(number) = name.strip_prefix("RT_").and_then(|number| number.parse::<i32>().ok()) {
        return number.checked_add(FIRST_REAL_TIME).filter(|signal| (FIRST_REAL_TIME..=LAST_SIGNAL).contains(signal));
    }
    (1..=LAST_SIGNAL)
        .find(|&signal| log::signal_name(signal).is_some_and(|known| known.strip_prefix("SIG") == Some(name)))
}
