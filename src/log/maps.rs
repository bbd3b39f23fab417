//! What is mapped into this process, told to who unwinds stacks: when a program begins, in each new process, and when the dynamic
//! loader has loaded or unloaded something.
//!
//! The kernel tells it, and not the loader's list alone: then a file that was replaced meanwhile can be told from the one that is
//! mapped. The calls with which the loader maps files are not seen, since its code is not patched. But its list is there to be looked
//! at: whatever is loaded is put behind its last member.
#![allow(unsafe_code, reason = "system calls that open a file and read it into a buffer")]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::log::CAPACITY;
use crate::sys::memory;
use crate::sys::raw::{check, syscall};

/// The loader's list.
#[derive(Debug)]
pub(super) struct Loader {
    /// The address of its `struct r_debug` (<link.h>), or zero.
    debug: AtomicU64,
    /// The address of the last member, and what it was when it was looked at: where its object is, its name, its dynamic section and
    /// the member that follows.
    last: AtomicU64,
    was: [AtomicU64; 4],
}

/// Longer lists are none.
const MOST_OBJECTS: usize = 10_000;

impl Loader {
    pub(super) const fn new() -> Self {
        Self { debug: AtomicU64::new(0), last: AtomicU64::new(0), was: [const { AtomicU64::new(0) }; 4] }
    }

    /// Finds the list. For the constructor.
    pub(super) fn find(&self, debug: u64, process: u32) {
        self.debug.store(debug, Relaxed);
        self.has_changed(process);
    }

    /// Whether something was loaded or unloaded since this was asked the last time.
    pub(super) fn has_changed(&self, process: u32) -> bool {
        let debug = self.debug.load(Relaxed);
        if debug == 0 {
            return false;
        }
        let last = words(process, self.last.load(Relaxed));
        if last.is_some_and(|last| last[3] == 0 && last == self.was.each_ref().map(|word| word.load(Relaxed))) {
            return false;
        }
        // `r_version`, `r_map`, `r_brk`, `r_state`: zero if nobody is changing anything. Otherwise it is looked at again soon.
        let Some([_, first, _, state]) = words(process, debug) else { return false };
        if state as u32 != 0 {
            return false;
        }
        let mut member = first;
        for _ in 0..MOST_OBJECTS {
            let Some(found) = words(process, member) else { return false };
            if found[3] == 0 {
                self.last.store(member, Relaxed);
                self.was.iter().zip(found).for_each(|(word, found)| word.store(found, Relaxed));
                return true;
            }
            member = found[3];
        }
        false
    }
}

/// The words at an address: what is there may be gone.
fn words(process: u32, address: u64) -> Option<[u64; 4]> {
    let mut bytes = [0; 32];
    let read = memory::read_of(process, address, &mut bytes);
    let (words, _) = bytes.as_chunks::<8>();
    let word = |index: usize| words.get(index).map_or(0, |word| u64::from_ne_bytes(*word));
    read.is_ok_and(|read| read == 32).then(|| [0, 1, 2, 3].map(word))
}

/// Reads `/proc/self/maps` piece by piece; each goes to `tell` with the number of bytes before it, and at last an empty one. Nothing, if
/// there is no such file.
#[inline(never)]
pub(super) fn read(mut tell: impl FnMut(u64, &[u8])) {
    let path = c"/proc/self/maps".as_ptr() as i64;
    let flags = i64::from(libc::O_RDONLY | libc::O_CLOEXEC);
    // SAFETY: a path that ends in a zero byte.
    let opened = check(unsafe { syscall(libc::SYS_openat, [libc::AT_FDCWD.into(), path, flags, 0, 0, 0]) });
    let Ok(fd) = opened.map(u64::cast_signed) else { return };
    let (mut before, mut piece) = (0, [0_u8; CAPACITY]);
    loop {
        // SAFETY: the kernel writes no more bytes than there are.
        let read = unsafe { syscall(libc::SYS_read, [fd, piece.as_mut_ptr() as i64, CAPACITY as i64, 0, 0, 0]) };
        let Some(bytes) = usize::try_from(read).ok().and_then(|read| piece.get(..read)) else { break };
        tell(before, bytes);
        before += bytes.len() as u64;
        if bytes.is_empty() {
            break;
        }
    }
    // SAFETY: opened above.
    unsafe { syscall(libc::SYS_close, [fd, 0, 0, 0, 0, 0]) };
}
