//! Clocks, timers and sleep.

use syscalls::Sysno as S;

use super::super::form::processes::INT;
use super::super::form::times::*;
use super::super::kind::Kind::*;
use super::super::names::time::*;
use super::Returns::{Descriptor, Number};
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::nanosleep, Number, &[Given(&TIMESPEC), FilledIfInterrupted(&TIMESPEC)]),
    call(S::clock_nanosleep, Number, &[Name(CLOCK), Flags(TIMER), Given(&TIMESPEC), FilledIfInterrupted(&TIMESPEC)]),
    call(S::clock_gettime, Number, &[Name(CLOCK), Filled(&TIMESPEC)]),
    call(S::clock_settime, Number, &[Name(CLOCK), Given(&TIMESPEC)]),
    call(S::clock_getres, Number, &[Name(CLOCK), Filled(&TIMESPEC)]),
    call(S::clock_adjtime, Number, &[Name(CLOCK), Pointer]),
    call(S::gettimeofday, Number, &[Filled(&TIMEVAL), Filled(&TIMEZONE)]),
    call(S::settimeofday, Number, &[Given(&TIMEVAL), Given(&TIMEZONE)]),
    call(S::time, Number, &[Pointer]),
    call(S::times, Number, &[Pointer]),
    call(S::adjtimex, Number, &[Pointer]),
    call(S::alarm, Number, &[Uint]),
    call(S::getitimer, Number, &[Name(ITIMER), Filled(&ITIMERVAL)]),
    call(S::setitimer, Number, &[Name(ITIMER), Given(&ITIMERVAL), Filled(&ITIMERVAL)]),
    call(S::timer_create, Number, &[Name(CLOCK), Pointer, Filled(&INT)]),
    call(S::timer_settime, Number, &[Int, Flags(TIMER), Given(&ITIMERSPEC), Filled(&ITIMERSPEC)]),
    call(S::timer_gettime, Number, &[Int, Filled(&ITIMERSPEC)]),
    call(S::timer_getoverrun, Number, &[Int]),
    call(S::timer_delete, Number, &[Int]),
    call(S::timerfd_create, Descriptor, &[Name(CLOCK), Flags(TIMERFD)]),
    call(S::timerfd_settime, Number, &[Fd, Flags(TIMERFD_SET), Given(&ITIMERSPEC), Filled(&ITIMERSPEC)]),
    call(S::timerfd_gettime, Number, &[Fd, Filled(&ITIMERSPEC)]),
];
