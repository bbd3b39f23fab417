//! The program's `errno`, which belongs to what a hook must not change and what nearly every hook changes.
#![allow(unsafe_code, reason = "a variable of libc, read and written where it is")]

use std::arch::asm;
use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, Ordering};

/// From the thread pointer to `errno`. libcs have it in thread-local storage that a thread has from its beginning (glibc with the
/// initial-exec model, include/errno.h; musl in `struct pthread`, which is what the thread pointer points to), so it is the
/// same for all, and nobody has to be asked in each call. The crossing reads it, too.
pub(crate) static DISTANCE: AtomicI64 = AtomicI64::new(0);

/// Learns where it is. Called once, before the first [`Kept`].
pub(crate) fn find() {
    // SAFETY: answers the address of this thread's errno and does nothing else: the one function of libc that is called here.
    let place = unsafe { libc::__errno_location() } as i64;
    let thread: i64;
    // SAFETY: by the ABI the word at the thread pointer is its own address.
    unsafe { asm!("mov {}, fs:[0]", out(reg) thread, options(nostack, preserves_flags, readonly)) };
    DISTANCE.store(place - thread, Ordering::Relaxed);
}

/// Where it is kept while a hook runs, and which hook that is: if it faults, that has to be known.
#[repr(C, align(8))]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Running {
    errno: c_int,
    /// The lower half of the ticket of a hook that was added; zero for the hook points.
    pub(super) hook: u32,
}

/// Keeps `errno` as it was while a hook of the user runs.
#[derive(Debug)]
pub(crate) struct Kept<'p> {
    value: &'p c_int,
}

impl<'p> Kept<'p> {
    /// Keeps it for a hook point, in this place: the one in the frame of a crossing is at hand when the hook is done, and takes no
    /// register until then.
    #[inline(always)]
    pub(crate) fn keep_in(place: &'p mut Running) -> Kept<'p> {
        // The upper half of the word, which is zero, says that it is a hook point: one store does both.
        // SAFETY: two integers of 32 bits each.
        *place = unsafe { std::mem::transmute::<u64, Running>(errno()) };
        Kept { value: &place.errno }
    }

    /// The same for the hook with this ticket.
    #[inline(always)]
    pub(super) fn keep_for(ticket: u64, place: &'p mut Running) -> Kept<'p> {
        *place = Running { errno: errno() as c_int, hook: ticket as u32 };
        Kept { value: &place.errno }
    }
}

/// This thread's `errno`.
#[inline(always)]
fn errno() -> u64 {
    let errno;
    // SAFETY: reads it. Written by hand, so that no register keeps an address for when the hook is done. The second instruction
    // clears the upper half of the register.
    unsafe {
        asm!(
            "mov {0:r}, qword ptr [rip + {distance}]",
            "mov {0:e}, fs:[{0:r}]",
            lateout(reg) errno,
            distance = sym DISTANCE,
            options(nostack, preserves_flags, readonly),
        );
    }
    errno
}

impl Drop for Kept<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: writes this thread's errno, on the thread that made it: hooks do not change threads.
        unsafe {
            asm!(
                "mov {0}, qword ptr [rip + {distance}]",
                "mov fs:[{0}], {1:e}",
                out(reg) _,
                in(reg) *self.value,
                distance = sym DISTANCE,
                options(nostack, preserves_flags),
            );
        }
    }
}
