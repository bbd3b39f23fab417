//! Files of the `intercept` command that programs hand down to those which cannot open them.
//!
//! The command names its files by path, `/proc/PID/fd/N`, so that programs need no descriptor of theirs, and notice nothing. But such
//! a path does not lead everywhere. It is ptrace's rules that say who may follow it, so nobody may in another user namespace, or
//! after giving up rights that the command has. In another pid namespace, with a `/proc` of its own, it leads nowhere, or to a file
//! of somebody else; and after `chroot` there may be no `/proc`. That is where sandboxes live.
//!
//! Three things together help:
//!
//! - `INTERCEPT_FILES` says which file each path stands for, by device and inode, as everybody sees them. Nothing is read from or
//!   written to any other.
//! - Before [a call that may put them out of reach](calls) the process takes a descriptor of each file that outlives `execve`. It does
//!   so then and no earlier: programs that make no such call have no descriptor more than otherwise.
//! - A program that finds at its start that a path does not lead to the file looks for it among its own descriptors, and then
//!   among those of its parent: who starts programs often closes all that he does not know just before, in the child. No number is
//!   agreed on, as limits change from program to program.
//!
//! What is closed everywhere is lost, and the program says that it cannot open the path.
#![allow(unsafe_code, reason = "system calls about descriptors")]

mod calls;
mod identity;

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use crate::config::Config;
use crate::sys::call::{self, Errno};
use calls::Effect;
pub(crate) use calls::{CALLS, concerns};
use identity::Identity;

/// What `intercept trace` shows calls on: its stderr.
pub(crate) static TRACE: File = File::new(libc::O_WRONLY | libc::O_APPEND);
/// What `intercept record` reads events from.
pub(crate) static EVENTS: File = File::new(libc::O_RDWR);
/// What `intercept stat` lets calls be counted in.
pub(crate) static STAT: File = File::new(libc::O_RDWR);

const ALL: [&File; 3] = [&TRACE, &EVENTS, &STAT];

/// Descriptors that are handed down lie below this, where no limit of today is too low for them, and a few steps below at most:
/// most programs use, and close, the lowest numbers.
const HIGHEST: i32 = 1024;
const STEPS: i32 = 64;

/// No descriptor.
const NONE: i32 = -1;

/// A file of the command.
#[derive(Debug)]
pub(crate) struct File {
    /// How it is opened.
    flags: i32,
    /// Set once, by the constructor; empty if there is no such file, or if nobody has said which one it is.
    known: OnceLock<Known>,
    /// The descriptor that is handed down; what it stands for has to be looked at before it is used, as the program may have closed it.
    /// The child of a `vfork` writes here, too, and has descriptors of its own.
    held: AtomicI32,
}

#[derive(Debug)]
struct Known {
    path: CString,
    identity: Identity,
}

/// Takes what the environment says of the files. Called once, by the constructor, before any of them is opened.
pub(crate) fn configure(config: &Config) {
    let Some(files) = &config.files else { return };
    for (file, path) in ALL.into_iter().zip([&config.trace, &config.events, &config.stat]) {
        if let Some(path) = path
            && let Some(identity) = Identity::of(path, files)
        {
            file.is_known_to_be(path, identity);
        }
    }
}

/// Whether there is anything to hand down.
pub(crate) fn is_needed() -> bool {
    ALL.iter().any(|file| file.known.get().is_some())
}

/// A call is about to be made.
#[inline(always)]
pub(crate) fn before(number: i64, args: &[i64; 6]) {
    if concerns(number) {
        hand_down(number, args);
    }
}

#[cold]
#[inline(never)]
fn hand_down(number: i64, args: &[i64; 6]) {
    match calls::effect(number, args) {
        Effect::None => {}
        Effect::MayPutOutOfReach => ALL.iter().for_each(|file| file.take()),
        Effect::StartsProgram => ALL.iter().for_each(|file| file.keep()),
    }
}

impl File {
    const fn new(flags: i32) -> File {
        let flags = flags | libc::O_NONBLOCK | libc::O_NOCTTY;
        File { flags, known: OnceLock::new(), held: AtomicI32::new(NONE) }
    }

    /// Opens what a path stands for. The descriptor is the caller's to close, and closed on exec.
    pub(crate) fn open(&self, path: &CStr) -> Result<i32, Errno> {
        self.open_if_known().unwrap_or_else(|| call::open(path, self.flags))
    }

    /// The same, if it is known which file that is; otherwise `None`. Calls no function of libc.
    pub(crate) fn open_if_known(&self) -> Option<Result<i32, Errno>> {
        let known = self.known.get()?;
        Some(match self.held(known) {
            Some(held) => call::duplicate(held, 0, true),
            None => self.open_by_path(known),
        })
    }

    fn open_by_path(&self, known: &Known) -> Result<i32, Errno> {
        let fd = call::open(&known.path, self.flags)?;
        if known.identity.is_of(fd) {
            return Ok(fd);
        }
        // Somebody else's, whom the same number stands for here.
        call::close(fd);
        Err(Errno(libc::ESTALE))
    }

    /// The descriptor to be handed down, if there is one.
    fn held(&self, known: &Known) -> Option<i32> {
        Some(self.held.load(Relaxed)).filter(|&fd| fd != NONE && known.identity.is_of(fd))
    }

    /// Makes sure that there is one.
    fn take(&self) {
        let Some(known) = self.known.get() else { return };
        if self.held(known).is_some() {
            return;
        }
        let least = least_to_hand_down();
        // Of a program before this one, perhaps.
        let found = known.find(least..HIGHEST, self.flags);
        let held = found.or_else(|| {
            let fd = self.open_by_path(known).ok()?;
            let held = [least, least / 2, 0].into_iter().find_map(|least| call::duplicate(fd, least, false).ok());
            call::close(fd);
            held
        });
        self.held.store(held.unwrap_or(NONE), Relaxed);
    }

    /// Makes sure that the one there is outlives `execve`: a program that closes nothing itself has that done by the kernel.
    fn keep(&self) {
        if let Some(known) = self.known.get()
            && let Some(fd) = self.held(known)
        {
            call::keep_on_exec(fd);
        }
    }

    /// Remembers which file it is, and looks for it where the path does not lead there.
    fn is_known_to_be(&self, path: &OsStr, identity: Identity) {
        let Ok(path) = CString::new(path.as_bytes()) else { return };
        let known = Known { path, identity };
        if !known.identity.is_at(&known.path) {
            // The highest first: the low ones are the program's own, and its stderr may well be what a trace is written to. That
            // serves, but may wait for a reader.
            let own = known.find(0..HIGHEST, self.flags);
            self.held.store(own.or_else(|| self.find_at_parent(&known)).unwrap_or(NONE), Relaxed);
        }
        let _ = self.known.set(known);
    }

    /// The parent's descriptor becomes one of this process.
    fn find_at_parent(&self, known: &Known) -> Option<i32> {
        let folder = format!("/proc/{}/fd", std::os::unix::process::parent_id());
        let paths = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        let mut paths = paths.filter_map(|path| CString::new(path.into_os_string().into_encoded_bytes()).ok());
        let path = paths.find(|path| known.identity.is_at(path))?;
        let fd = call::open(&path, self.flags).ok()?;
        let held = call::duplicate(fd, least_to_hand_down(), false).ok();
        call::close(fd);
        held
    }
}

impl Known {
    /// Which of these descriptors can be handed down in place of one that is opened with such flags. Those that end with the program
    /// are in use for something else.
    fn find(&self, numbers: std::ops::Range<i32>, flags: i32) -> Option<i32> {
        numbers.rev().find(|&fd| self.identity.is_of(fd) && call::is_open_for(fd, flags) && call::is_kept_on_exec(fd))
    }
}

fn least_to_hand_down() -> i32 {
    (call::descriptor_limit().min(HIGHEST as u64) as i32 - STEPS).max(0)
}

#[cfg(test)]
mod tests;
