//! Processes and threads, signals, scheduling.

use syscalls::Sysno as S;

use super::super::form::processes::{INT, LIMITS, SIGNALS, STACK, UINT};
use super::super::form::times::{RUSAGE as RUSAGE_FORM, TIMESPEC};
use super::super::kind::Kind::*;
use super::super::names::files::AT;
use super::super::names::process::{
    ARCH_PRCTL, CLONE, PIDFD_OPEN, PRCTL, PRIORITY, PTRACE, RLIMIT, RUSAGE, SCHEDULER, SECCOMP, SECCOMP_FLAGS, SIGMASK,
    WAIT, WAITID,
};
use super::super::names::system::RSEQ;
use super::Returns::{Away, Descriptor, Named, Never, Number, Signal as Signalled};
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::clone, Number, &[CloneArgument, CloneArgument, CloneArgument, CloneArgument, CloneArgument]),
    call(S::clone3, Number, &[CloneStructure, Size]),
    call(S::fork, Number, &[]),
    call(S::vfork, Number, &[]),
    call(S::execve, Away, &[Path, Arguments, Environment]),
    call(S::execveat, Away, &[DirFd, Path, Arguments, Environment, Flags(AT)]),
    call(S::exit, Never, &[Int]),
    call(S::exit_group, Never, &[Int]),
    call(S::wait4, Number, &[Int, WaitStatus, Flags(WAIT), FilledOfChild(&RUSAGE_FORM)]),
    call(S::waitid, Number, &[Name(WAITID), Int, FilledInformation, Flags(WAIT), Filled(&RUSAGE_FORM)]),
    call(S::unshare, Number, &[LongFlags(CLONE)]),
    call(S::setns, Number, &[Fd, Flags(CLONE)]),
    call(S::set_tid_address, Number, &[Pointer]),
    call(S::set_robust_list, Number, &[Pointer, Size]),
    call(S::get_robust_list, Number, &[Int, Pointer, Pointer]),
    call(S::rseq, Number, &[Pointer, Hex, Flags(RSEQ), Hex]),
    call(S::set_thread_area, Number, &[Pointer]),
    call(S::get_thread_area, Number, &[Pointer]),
    call(S::arch_prctl, Number, &[Name(ARCH_PRCTL), ArchArgument]),
    call(S::prctl, Number, &[Name(PRCTL), PrctlArgument, PrctlArgument, PrctlArgument, PrctlArgument]),
    call(S::seccomp, Number, &[Name(SECCOMP), Flags(SECCOMP_FLAGS), Pointer]),
    call(S::ptrace, Number, &[Name(PTRACE), Int, Pointer, Pointer]),
    call(S::kcmp, Number, &[Int, Int, Int, Hex, Hex]),
    call(S::pidfd_open, Descriptor, &[Int, Flags(PIDFD_OPEN)]),
    call(S::pidfd_getfd, Descriptor, &[Fd, Fd, Hex]),
    call(S::pidfd_send_signal, Number, &[Fd, Signal, Pointer, Hex]),
    // Futexes
    call(S::futex, Number, &[Pointer, FutexOperation, Uint, FutexArgument, FutexArgument, FutexArgument]),
    call(S::futex_waitv, Number, &[Pointer, Uint, Hex, Pointer, Int]),
    call(S::futex_wake, Number, &[Pointer, Hex, Int, Hex]),
    call(S::futex_wait, Number, &[Pointer, Hex, Hex, Hex, Pointer, Int]),
    call(S::futex_requeue, Number, &[Pointer, Hex, Int, Int]),
    // Signals
    call(S::rt_sigaction, Number, &[Signal, Action, FilledAction, Size]),
    call(S::rt_sigprocmask, Number, &[Name(SIGMASK), Given(&SIGNALS), Filled(&SIGNALS), Size]),
    call(S::rt_sigreturn, Never, &[]),
    call(S::rt_sigpending, Number, &[Filled(&SIGNALS), Size]),
    call(S::rt_sigtimedwait, Signalled, &[Given(&SIGNALS), FilledInformation, Given(&TIMESPEC), Size]),
    call(S::rt_sigqueueinfo, Number, &[Int, Signal, Pointer]),
    call(S::rt_tgsigqueueinfo, Number, &[Int, Int, Signal, Pointer]),
    call(S::rt_sigsuspend, Number, &[Given(&SIGNALS), Size]),
    call(S::sigaltstack, Number, &[Given(&STACK), Filled(&STACK)]),
    call(S::kill, Number, &[Int, Signal]),
    call(S::tkill, Number, &[Int, Signal]),
    call(S::tgkill, Number, &[Int, Int, Signal]),
    call(S::pause, Number, &[]),
    call(S::restart_syscall, Number, &[]),
    // Limits and scheduling
    call(S::getrlimit, Number, &[Name(RLIMIT), Filled(&LIMITS)]),
    call(S::setrlimit, Number, &[Name(RLIMIT), Given(&LIMITS)]),
    call(S::prlimit64, Number, &[Int, Name(RLIMIT), Given(&LIMITS), Filled(&LIMITS)]),
    call(S::getrusage, Number, &[Name(RUSAGE), Filled(&RUSAGE_FORM)]),
    call(S::getpriority, Number, &[Name(PRIORITY), Int]),
    call(S::setpriority, Number, &[Name(PRIORITY), Int, Int]),
    call(S::ioprio_get, Number, &[Int, Int]),
    call(S::ioprio_set, Number, &[Int, Int, Hex]),
    call(S::sched_yield, Number, &[]),
    call(S::sched_setparam, Number, &[Int, Given(&INT)]),
    call(S::sched_getparam, Number, &[Int, Filled(&INT)]),
    call(S::sched_setscheduler, Number, &[Int, Name(SCHEDULER), Given(&INT)]),
    call(S::sched_getscheduler, Named(SCHEDULER), &[Int]),
    call(S::sched_get_priority_max, Number, &[Name(SCHEDULER)]),
    call(S::sched_get_priority_min, Number, &[Name(SCHEDULER)]),
    call(S::sched_rr_get_interval, Number, &[Int, Filled(&TIMESPEC)]),
    call(S::sched_setaffinity, Number, &[Int, Uint, Cpus]),
    call(S::sched_getaffinity, Number, &[Int, Uint, FilledCpus]),
    call(S::sched_setattr, Number, &[Int, Pointer, Hex]),
    call(S::sched_getattr, Number, &[Int, Pointer, Uint, Hex]),
    call(S::getcpu, Number, &[Filled(&UINT), Filled(&UINT), Pointer]),
];
