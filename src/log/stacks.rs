//! What goes with events for who wants to know who has made a call: the stack, and what is mapped.
#![allow(unsafe_code, reason = "asks libc where the stack begins")]

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use super::maps::Loader;
use crate::hook::Caller;
use crate::object::loaded::{self, Loaded};
use crate::ring::{MOST_OF_STACK, Stack};

/// Whether stacks are wanted, and what was found out for that by the constructor.
#[derive(Debug)]
pub(super) struct Stacks {
    /// So many bytes go with each call; zero if stacks are not wanted.
    length: AtomicUsize,
    /// Where the first thread's stack holds no frames any more, only what the kernel has put there.
    base: AtomicU64,
    loader: Loader,
    /// Where the library is, unless it is a part of the program.
    library: [AtomicU64; 2],
}

impl Stacks {
    pub(super) const fn new() -> Self {
        Self {
            length: AtomicUsize::new(0),
            base: AtomicU64::new(0),
            loader: Loader::new(),
            library: [const { AtomicU64::new(0) }; 2],
        }
    }

    /// From now on so many bytes are wanted. Only the constructor may do that.
    pub(super) fn start(&self, length: usize, process: u32) {
        let objects = loaded::objects();
        // In a program that is linked with the library, the library is the program.
        if let Some(library) = objects.iter().skip(1).find(|object| object.is_self()) {
            let ends = [library.span.start, library.span.end];
            self.library.iter().zip(ends).for_each(|(word, end)| word.store(end, Relaxed));
        }
        if let Some(debug) = objects.first().and_then(Loaded::list_of_loader) {
            self.loader.find(debug, process);
        }
        self.base.store(base_of_first_stack(), Relaxed);
        self.length.store(length.min(MOST_OF_STACK), Relaxed);
    }

    #[inline]
    pub(super) fn are_wanted(&self) -> bool {
        self.length.load(Relaxed) > 0
    }

    /// That of the call whose hook runs.
    #[inline]
    pub(super) fn of_caller(&self) -> Option<Stack> {
        if self.are_wanted() { self.found() } else { None }
    }

    #[inline(never)]
    fn found(&self) -> Option<Stack> {
        let Caller { ip, sp, bp } = Caller::current()?;
        let length = self.length.load(Relaxed);
        // Of other threads the stack is elsewhere, and this is much.
        let until_base = self.base.load(Relaxed).wrapping_sub(sp);
        Some(Stack { ip, sp, bp, length: length.min(usize::try_from(until_base).unwrap_or(length)) })
    }

    /// Whether something was loaded or unloaded since this was asked the last time.
    pub(super) fn need_maps(&self, process: u32) -> bool {
        self.loader.has_changed(process)
    }

    /// The addresses between which the library is; zeroes if it is a part of the program.
    pub(super) fn library(&self) -> [i64; 2] {
        self.library.each_ref().map(|end| end.load(Relaxed).cast_signed())
    }
}

/// Arguments, environment and auxiliary vector, and then their text, which may be long, are above the frames of the first thread: it is
/// enough to know where one of them is.
fn base_of_first_stack() -> u64 {
    // SAFETY: reads the auxiliary vector.
    unsafe { libc::getauxval(libc::AT_RANDOM) }
}
