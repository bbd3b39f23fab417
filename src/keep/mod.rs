//! Interception goes on in programs that are started with another environment.
//!
//! `LD_PRELOAD` is all that brings the library into a program, and many programs start others without it: `env -i`, `subprocess.run`
//! with `env=`, services that know exactly what their children need. The `intercept` command promises to see these, too, and
//! sets `INTERCEPT_KEEP=1`. Then:
//!
//! - The constructor [keeps](kept) its own `LD_PRELOAD` and all `INTERCEPT_` variables.
//! - Before `execve` and `execveat` the environment is [looked at](environment). Where it lacks some of these the call is made with
//!   an array that has them, too, on the stack: the kernel has copied it all when the call succeeds, and if it fails nobody
//!   refers to it any more. So there is nothing to free in the parent of a `vfork`, whose memory its child uses.
//! - In the program that is started, the constructor [takes out](taken_out) again what was added, before `main`. A variable in front
//!   of it, `INTERCEPT_KEEP=added`, says where it begins.
//!
//! Environments that lack nothing are passed on as they are, and so are all where the library cannot be found, behind `chroot` or in a
//! sandbox: the dynamic loader would complain on the program's stderr.
#![allow(unsafe_code, reason = "makes the call of the program")]

mod environment;
mod kept;
mod taken_out;

use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;

use crate::config::Config;
use crate::sys::raw::syscall;
use environment::Theirs;
use kept::Kept;

/// What programs are started with. Set once, by the constructor; empty if nobody asked for it.
static KEPT: OnceLock<Kept> = OnceLock::new();

/// Begins the variable that says that something was added, and where. Behind it stands how long ours is in an `LD_PRELOAD`
/// that is also theirs, or nothing.
const MARK: &str = "INTERCEPT_KEEP=added:";

/// Called once, by the constructor, when the environment has been read.
pub(crate) fn configure(config: &Config) {
    let is_wanted = config.keep.as_ref().is_some_and(|value| matches!(value.as_bytes().first(), Some(b'1' | b'a')));
    if !is_wanted {
        return;
    }
    if let Some(kept) = Kept::from_env(taken_out::length_of_ours()) {
        let _ = KEPT.set(kept);
    }
    taken_out::take_out();
}

/// Whether a call has to be made by [`start`].
#[inline(always)]
pub(crate) fn concerns(number: i64) -> bool {
    matches!(number, libc::SYS_execve | libc::SYS_execveat) && KEPT.get().is_some()
}

/// Starts a program with an environment that lacks nothing. Answers the error if the kernel refuses. `None` if there was nothing to
/// add, or if it cannot be: then the call is to be made as it is.
#[cold]
#[inline(never)]
pub(crate) fn start(number: i64, args: &[i64; 6]) -> Option<i64> {
    let kept = KEPT.get()?;
    let place = if number == libc::SYS_execve { 2 } else { 3 };
    let address = args.get(place)?.cast_unsigned();
    let theirs = Theirs::at(address, kept)?;
    if theirs.lacks_nothing(kept) || !kept.can_be_preloaded() {
        return None;
    }
    theirs.completed(kept, |completed| {
        let mut args = *args;
        if let Some(environment) = args.get_mut(place) {
            *environment = completed.cast_signed();
        }
        // SAFETY: the program's call, with an environment that is there until it returns.
        unsafe { syscall(number, args) }
    })
}
