//! Sending a signal.
//!
//! The kernel gives a signal to a thread that has just entered a system call for strace: a call that would wait is interrupted. A
//! thread cannot do that to itself, but a timer can: it goes off a little later, again and again, until it finds the thread in the
//! call. Where the call is over first, the timer is stopped and the signal sent.
#![allow(unsafe_code, reason = "system calls that take addresses")]

use crate::sys::raw::syscall;

/// The kernel's `siginfo_t` as far as it is used here; the whole has 128 bytes.
#[repr(C)]
struct Info {
    signal: i32,
    errno: i32,
    code: i32,
    rest: [i32; 29],
}

/// Sends this thread a signal that looks as if the kernel had sent it, which is how strace's look: a thread may say so of what
/// it sends to itself.
pub(super) fn send_to_this_thread(signal: i32) {
    let info = Info { signal, errno: 0, code: libc::SI_KERNEL, rest: [0; 29] };
    // SAFETY: asks for a number.
    let process = unsafe { syscall(libc::SYS_getpid, [0; 6]) };
    let thread = this_thread();
    let arguments = [process, thread, signal.into(), &raw const info as i64, 0, 0];
    // SAFETY: a description of a signal. What its handler does is the program's matter.
    unsafe { syscall(libc::SYS_rt_tgsigqueueinfo, arguments) };
}

/// The id of this thread.
pub(super) fn this_thread() -> i64 {
    // SAFETY: asks for a number.
    unsafe { syscall(libc::SYS_gettid, [0; 6]) }
}

/// After so many nanoseconds, and then each time after so many more, a timer looks whether the thread waits: long enough to get there.
const FIRST_TICK: i64 = 1_000_000;
const NEXT_TICKS: i64 = 10_000_000;

/// The kernel's `struct sigevent`.
#[repr(C)]
struct Event {
    value: u64,
    signal: i32,
    notify: i32,
    thread: i32,
    rest: [i32; 11],
}

/// What the signals of these timers carry: an address that is nobody else's.
static MARK: u8 = 0;

fn mark() -> u64 {
    &raw const MARK as u64
}

/// A timer that wakes this thread from a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waking {
    timer: i32,
}

impl Waking {
    /// Starts one; `None` if there can be none, or none that can be told by [`bits`](Self::bits), or if the signal stops the process:
    /// nobody could tell the timer that it has done so.
    pub(super) fn start(signal: i32) -> Option<Waking> {
        let event =
            Event { value: mark(), signal, notify: libc::SIGEV_THREAD_ID, thread: this_thread() as i32, rest: [0; 11] };
        let mut timer = 0_i32;
        if [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&signal) {
            return None;
        }
        let create = [libc::CLOCK_MONOTONIC.into(), &raw const event as i64, &raw mut timer as i64, 0, 0, 0];
        // SAFETY: a description of a timer, and room for its number.
        if unsafe { syscall(libc::SYS_timer_create, create) } < 0 {
            return None;
        }
        let waking = Waking { timer };
        let times = [0, NEXT_TICKS, 0, FIRST_TICK];
        let start = [timer.into(), 0, &raw const times as i64, 0, 0, 0];
        let is_small = waking.bits() < 1 << 24;
        // SAFETY: our timer, and two times as seconds and nanoseconds.
        if !is_small || unsafe { syscall(libc::SYS_timer_settime, start) } < 0 {
            waking.stop();
            return None;
        }
        Some(waking)
    }

    /// Stops it; says whether it had done its work already.
    pub(super) fn stop(self) -> bool {
        // SAFETY: our timer, or one that is not there any more.
        unsafe { syscall(libc::SYS_timer_delete, [self.timer.into(), 0, 0, 0, 0, 0]) < 0 }
    }

    pub(super) fn bits(self) -> u32 {
        self.timer.unsigned_abs().saturating_add(1)
    }

    pub(super) fn from_bits(bits: u32) -> Option<Waking> {
        Some(Waking { timer: bits.checked_sub(1)?.cast_signed() })
    }
}

/// A signal that comes from such a timer.
#[derive(Debug)]
pub(crate) struct Tick<'a> {
    info: &'a mut TimerInfo,
}

/// The kernel's `siginfo_t` of a timer's signal.
#[repr(C)]
#[derive(Debug)]
struct TimerInfo {
    signal: i32,
    errno: i32,
    code: i32,
    padding: i32,
    timer: i32,
    overrun: i32,
    value: u64,
}

impl Tick<'_> {
    /// What a signal's description says, if it is that of a tick.
    pub(crate) fn of(info: &mut libc::siginfo_t) -> Option<Tick<'_>> {
        if info.si_code != libc::SI_TIMER {
            return None;
        }
        // SAFETY: a description that comes from a timer, or from somebody who says so; it is large enough in any case.
        let info = unsafe { &mut *(&raw mut *info).cast::<TimerInfo>() };
        (info.value == mark()).then_some(Tick { info })
    }

    /// It has found the thread in the call, and comes no more. Its signal now looks as the one that is sent otherwise.
    pub(crate) fn found_the_call(self) {
        Waking { timer: self.info.timer }.stop();
        let info = self.info;
        (info.code, info.timer, info.overrun, info.value) = (libc::SI_KERNEL, 0, 0, 0);
    }
}
