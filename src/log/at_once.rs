//! Which calls are logged by one write: the line before them and the line after them together, when the result is known.
//!
//! A write costs more than everything else about a line, and nearly all of that is spent in the kernel. So the number of writes
//! has to be small; and nothing but a write will do:
//!
//! - What was logged must be in the file even if the process is killed in the next moment. Lines that wait in memory, to be
//!   written many at a time, are lost then, and they are the ones that say what happened last.
//! - Memory that is mapped from the file would survive. But when anybody makes the file shorter, the next store into the
//!   mapping is a `SIGBUS`, and a thread that has blocked that signal is killed by it (`force_sig` in kernel/signal.c). No order
//!   of checking and storing closes that gap, and a log must not take the program down.
//! - Having the kernel copy into such a mapping (`process_vm_writev`, or `pread` from a `memfd`) fails instead of faulting. With
//!   the pages of the file that have to be made, it saves little or nothing against a write.
//! - A `memfd` that is sealed against shrinking can be stored to without fear, but its content is gone with the last process that
//!   has it. Somebody else has to hold and empty it: that is what `intercept trace -o` does, and a library cannot ask for a
//!   process of its own without showing it to a program that waits for its children.
//! - A queue that the kernel empties by itself (`io_uring` with `IORING_SETUP_SQPOLL`) loses what it has not yet taken when the
//!   process is killed, and keeps a CPU busy.
//! - A write with fewer duties does not exist: `pwritev2` with `RWF_NOWAIT` is refused (`EOPNOTSUPP` on ext4 and tmpfs), `pwrite` into room
//!   that was made beforehand leaves what is not used of it in the log, and a pipe costs its reader what it saves.
//!
//! What a write alone costs is measured beside the log, by `cargo bench -- calls`.
//!
//! The line before a call has two purposes: it says where a program hangs, and what it was killed for. A call that waits for
//! nobody and has nothing to do with anybody needs none until it is over: there the first line can wait for the second. Calls
//! that may wait for a file system, a device, a lock or another process are logged before they are made. So are all calls where
//! a seccomp filter may kill for any of them: see `Log::expects_to_be_killed`.

/// Whether a call waits for nobody, wakes nobody and ends nothing: it asks for or changes something that belongs to the process
/// alone. None of them reads or writes memory that a line shows: their arguments look the same before and after.
pub(super) fn at_once(number: i64, args: &[i64; 6]) -> bool {
    match number {
        libc::SYS_getpid
        | libc::SYS_getppid
        | libc::SYS_gettid
        | libc::SYS_getpgrp
        | libc::SYS_getpgid
        | libc::SYS_getsid
        | libc::SYS_getuid
        | libc::SYS_geteuid
        | libc::SYS_getgid
        | libc::SYS_getegid
        | libc::SYS_getresuid
        | libc::SYS_getresgid
        | libc::SYS_getgroups
        | libc::SYS_capget
        | libc::SYS_umask
        | libc::SYS_dup
        | libc::SYS_uname
        | libc::SYS_sysinfo
        | libc::SYS_getrlimit
        | libc::SYS_getrusage
        | libc::SYS_getpriority
        | libc::SYS_getcpu
        | libc::SYS_sched_getaffinity
        | libc::SYS_sched_getparam
        | libc::SYS_sched_getscheduler
        | libc::SYS_sched_get_priority_max
        | libc::SYS_sched_get_priority_min
        | libc::SYS_time
        | libc::SYS_times
        | libc::SYS_gettimeofday
        | libc::SYS_clock_gettime
        | libc::SYS_clock_getres
        | libc::SYS_getitimer
        | libc::SYS_timer_gettime
        | libc::SYS_rt_sigaction
        | libc::SYS_rt_sigpending
        | libc::SYS_sigaltstack
        | libc::SYS_set_tid_address
        | libc::SYS_set_robust_list
        | libc::SYS_get_robust_list
        | libc::SYS_brk
        | libc::SYS_mprotect => true,
        libc::SYS_mmap => args[3] as i32 & libc::MAP_ANONYMOUS != 0,
        libc::SYS_fcntl => {
            let commands = [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL];
            commands.contains(&(args[1] as i32))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::fake::Pieces;
    use super::super::{Call, Line, Outcome, Style, format};
    use super::*;

    const NOTHING: Pieces = Pieces(Vec::new());

    #[test]
    fn both_lines_are_what_they_would_be_one_by_one() {
        let arguments = [[0; 6], [1; 6], [-1; 6], [0x7fff_0000_1234, 2, 3, libc::MAP_ANONYMOUS.into(), 5, 6]];
        let mut compared = 0;
        for number in 0..500 {
            for args in arguments.into_iter().filter(|args| at_once(number, args)) {
                for result in [0, 7, -1, -14, i64::MIN] {
                    let call = Call { number, args, object: b"/lib/libc.so.6", offset: 0x1234 };
                    let [mut before, mut after, mut both] = [const { Line::new() }; 3];
                    format(&mut before, Style::DropIn, &call, Outcome::Pending, &NOTHING);
                    format(&mut after, Style::DropIn, &call, Outcome::Returned(result), &NOTHING);
                    assert!(format::both(&mut both, &call, result, &NOTHING));
                    assert_eq!([before.as_bytes(), after.as_bytes()].concat(), both.as_bytes(), "{both:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 500, "{compared}");
    }

    #[test]
    fn calls_that_may_wait_or_end_something_are_not_among_them() {
        for number in [
            libc::SYS_read,
            libc::SYS_openat,
            libc::SYS_close,
            libc::SYS_futex,
            libc::SYS_kill,
            libc::SYS_rt_sigprocmask,
            libc::SYS_mmap,
            libc::SYS_exit_group,
            -1,
            600,
        ] {
            assert!(!at_once(number, &[0; 6]), "{number}");
        }
        assert!(!at_once(libc::SYS_fcntl, &[3, libc::F_SETLKW.into(), 0, 0, 0, 0]));
    }
}
