//! Cancellation: the signal that `pthread_cancel` sends, and when its handler may run.
//!
//! libc's handler ends the thread if it waits in a call that can be cancelled, or is about to make it. Newer ones tell by the
//! program counter (see [`super::disguise`]); if it is elsewhere they rely on the thread to look at a flag before such a call. So
//! a signal that came between that look and the call, in our code or in a hook, would be lost, and the thread would wait
//! for ever. Older ones (glibc before 2.41) end the thread wherever it is: with a hook's locks held, its heap half changed.
//!
//! So a cancellation that comes there is *owed*: the handler does not run yet, and the crossing sends the signal again when it
//! has nothing left to do but to let the program make its call (`OWED` in asm/crossing.S). The handler then finds the thread at the
//! call. A hook that waits in a call of its own is left there, if libc's handler likes; otherwise the cancellation is
//! owed as well.
//!
//! A hook that makes the program's call itself, by `syscall_no_intercept`, gets EINTR from it while a cancellation is owed, if the
//! call is one that may wait. libc's wrappers take that, in a thread that is to be cancelled, for the moment to do so.
#![allow(unsafe_code, reason = "a thread-local word that assembly defines, and code the program was interrupted in")]

use std::arch::asm;
use std::ffi::c_int;
use std::ops::Range;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use super::guard;
use super::registers::{Registers, register, set};
use crate::capi;
use crate::sys::probe::{SIGSET_SIZE, is_readable};
use crate::sys::raw::syscall;
use crate::trampoline::{Part, SYSCALL_LENGTH, part};

/// The signal `pthread_cancel` sends.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Where this library is, if it is an object of its own.
static OWN: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

/// Learns what there is to know of the process: `own` is the object this library is, or is a part of, unless that is the program.
pub(crate) fn prepare(own: Option<Range<u64>>) {
    // libcs keep the first real-time signals from programs, which get those from SIGRTMIN on. It is the last but one they keep:
    // 32 of 32 and 33 in glibc (sysdeps/unix/sysv/linux/internal-signals.h), 33 of 32 to 34 in musl (src/internal/pthread_impl.h).
    SIGNAL.store(libc::SIGRTMIN() - 2, Ordering::Relaxed);
    let own = own.unwrap_or_default();
    OWN[0].store(own.start, Ordering::Relaxed);
    OWN[1].store(own.end, Ordering::Relaxed);
}

/// A cancellation that has arrived.
#[derive(Debug)]
pub(super) struct Cancellation {
    signal: c_int,
    /// Whether it has interrupted a hook, in a call of its own or before one.
    in_hook: bool,
    /// The signals that were blocked there.
    blocked: u64,
}

/// Whether a signal is a cancellation.
pub(super) fn is_cancellation(signal: c_int, info: &libc::siginfo_t) -> bool {
    // What `tgkill` sends, be it libc's or the crossing's (include/uapi/asm-generic/siginfo.h).
    const SI_TKILL: c_int = -6;
    signal == SIGNAL.load(Ordering::Relaxed) && info.si_code == SI_TKILL
}

impl Cancellation {
    /// What has arrived, in this context; `None` if it comes too early, and is owed now.
    pub(super) fn arrives(signal: c_int, context: &mut libc::ucontext_t) -> Option<Cancellation> {
        let blocked = mask(context);
        let registers = &mut context.uc_mcontext.gregs;
        let in_hook = guard::hook_runs(register(registers, libc::REG_RSP).cast_unsigned());
        let counter = register(registers, libc::REG_RIP).cast_unsigned();
        let again = capi::before_call_in_no_intercept(counter);
        let early = match part(counter) {
            Some(Part::AtCall(0)) => false,
            Some(Part::AtCall(_)) => !is_interrupted(registers),
            Some(_) => true,
            // The program may call it, too.
            None if again.is_some() => in_hook,
            None => is_own(counter) || (in_hook && !waits(registers)),
        };
        set_owed(if early { signal } else { 0 });
        if early && let Some(again) = again {
            set(registers, [libc::REG_RIP], [again.cast_signed()]);
        }
        (!early).then_some(Cancellation { signal, in_hook, blocked })
    }

    /// libc's handler has let the thread go on, at `context`. From a hook it goes on to the program's call, where the
    /// cancellation is to find it again.
    pub(super) fn is_refused(&self, context: &mut libc::ucontext_t) {
        if self.in_hook && self.is_wanted(context) {
            set_owed(self.signal);
        }
    }

    /// Whether the thread is to be cancelled at all. glibc sends no signal if not. musl always does; its handler, if it wants to
    /// see the signal again, blocks it and sends it once more, for the code that the interrupted code will return to
    /// (src/thread/pthread_cancel.c). That is undone here: the program's call comes before.
    fn is_wanted(&self, context: &mut libc::ucontext_t) -> bool {
        const OF_MUSL: c_int = 33;
        let this = 1_u64 << (self.signal - 1);
        let blocks_it = mask(context) & !self.blocked & this != 0;
        if blocks_it {
            // libc's own functions leave libc's own signals alone.
            *mask_mut(context) &= !this;
            let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            let take = [&raw const this as i64, 0, &raw const none as i64, SIGSET_SIZE, 0, 0];
            // SAFETY: takes what has been sent, if it is there: the signal is blocked while its handler runs.
            unsafe { syscall(libc::SYS_rt_sigtimedwait, take) };
        }
        blocks_it || self.signal != OF_MUSL
    }
}

/// What `syscall_no_intercept` answers while something is owed: 0 to make the call.
///
/// A hook that makes the call it was asked about is not to wait in it. What else it calls is its own matter.
pub(crate) extern "C" fn fails(number: i64) -> i64 {
    let here = 0_u8;
    let is_asked_about =
        guard::hooked(&raw const here as u64).is_some_and(|frame| frame.number as i32 == number as i32);
    if is_asked_about && may_wait(number) { -i64::from(libc::EINTR) } else { 0 }
}

/// Whether a call may wait for long, and may as well fail with EINTR: all who make these have to expect it.
pub(super) fn may_wait(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_accept
            | libc::SYS_accept4
            | libc::SYS_clock_nanosleep
            | libc::SYS_connect
            | libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2
            | libc::SYS_epoll_wait
            | libc::SYS_fcntl
            | libc::SYS_flock
            | libc::SYS_futex
            | libc::SYS_msgrcv
            | libc::SYS_msgsnd
            | libc::SYS_nanosleep
            | libc::SYS_open
            | libc::SYS_openat
            | libc::SYS_pause
            | libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_pread64
            | libc::SYS_preadv
            | libc::SYS_preadv2
            | libc::SYS_pselect6
            | libc::SYS_pwrite64
            | libc::SYS_pwritev
            | libc::SYS_pwritev2
            | libc::SYS_read
            | libc::SYS_readv
            | libc::SYS_recvfrom
            | libc::SYS_recvmmsg
            | libc::SYS_recvmsg
            | libc::SYS_rt_sigsuspend
            | libc::SYS_rt_sigtimedwait
            | libc::SYS_select
            | libc::SYS_semop
            | libc::SYS_semtimedop
            | libc::SYS_sendmmsg
            | libc::SYS_sendmsg
            | libc::SYS_sendto
            | libc::SYS_splice
            | libc::SYS_wait4
            | libc::SYS_waitid
            | libc::SYS_write
            | libc::SYS_writev
    )
}

/// While a handler of the program runs nothing is owed: its calls are not the ones that were interrupted.
#[derive(Debug)]
pub(super) struct SetAside {
    owed: c_int,
}

impl SetAside {
    pub(super) fn new() -> SetAside {
        let owed = owed();
        set_owed(0);
        SetAside { owed }
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        if self.owed != 0 {
            set_owed(self.owed);
        }
    }
}

/// Whether this is code of the library, or of the plugin it is a part of.
fn is_own(counter: u64) -> bool {
    let [start, end] = [0, 1].map(|end| OWN[end].load(Ordering::Relaxed));
    (start..end).contains(&counter)
}

/// Whether a thread waits in a system call that was interrupted, or is at one in which it may wait. Nobody leaves a hook in
/// another: what `malloc` calls, for one, it calls with the heap locked.
fn waits(registers: &Registers) -> bool {
    let counter = register(registers, libc::REG_RIP).cast_unsigned();
    if is_system_call(counter) {
        return may_wait(register(registers, libc::REG_RAX));
    }
    is_interrupted(registers) && is_system_call(counter.wrapping_sub(SYSCALL_LENGTH))
}

/// Whether a system call, if that is what has just returned, was interrupted.
fn is_interrupted(registers: &Registers) -> bool {
    register(registers, libc::REG_RAX) == -i64::from(libc::EINTR)
}

/// Whether a `syscall` instruction is at an address.
fn is_system_call(address: u64) -> bool {
    let bytes = [address, address.wrapping_add(1)];
    // An aligned word lies on one page.
    let readable = bytes.iter().all(|byte| is_readable(byte & !7));
    // SAFETY: readable, says the kernel.
    readable && bytes.map(|byte| unsafe { *(byte as *const u8) }) == [0x0f, 0x05]
}

/// The signals that are blocked in a context.
fn mask(context: &libc::ucontext_t) -> u64 {
    // SAFETY: libc's sets are larger than the kernel's, which is their first word.
    unsafe { *(&raw const context.uc_sigmask).cast::<u64>() }
}

pub(super) fn mask_mut(context: &mut libc::ucontext_t) -> &mut u64 {
    // SAFETY: as above.
    unsafe { &mut *(&raw mut context.uc_sigmask).cast::<u64>() }
}

fn owed() -> c_int {
    let owed: c_int;
    // SAFETY: reads this thread's word; see `guard::get`.
    unsafe {
        asm!(
            "mov {place}, qword ptr [rip + syscall_intercept_owed@GOTTPOFF]",
            "mov {owed:e}, fs:[{place}]",
            place = out(reg) _,
            owed = lateout(reg) owed,
            options(nostack, preserves_flags, readonly),
        );
    }
    owed
}

fn set_owed(signal: c_int) {
    // SAFETY: writes this thread's word, which the crossing and this file read.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_owed@GOTTPOFF]",
            "mov fs:[{0}], {1:e}",
            out(reg) _,
            in(reg) signal,
            options(nostack, preserves_flags),
        );
    }
}
