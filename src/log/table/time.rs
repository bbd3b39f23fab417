//! Clocks, timers and sleep.

use syscalls::Sysno as S;

use super::super::kind::Kind::*;
use super::super::names::time::*;
use super::Returns::Number;
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::nanosleep, Number, &[Pointer, Pointer]),
    call(S::clock_nanosleep, Number, &[Name(CLOCK), Flags(TIMER), Pointer, Pointer]),
    call(S::clock_gettime, Number, &[Name(CLOCK), Pointer]),
    call(S::clock_settime, Number, &[Name(CLOCK), Pointer]),
    call(S::clock_getres, Number, &[Name(CLOCK), Pointer]),
    call(S::clock_adjtime, Number, &[Name(CLOCK), Pointer]),
    call(S::gettimeofday, Number, &[Pointer, Pointer]),
    call(S::settimeofday, Number, &[Pointer, Pointer]),
    call(S::time, Number, &[Pointer]),
    call(S::times, Number, &[Pointer]),
    call(S::adjtimex, Number, &[Pointer]),
    call(S::alarm, Number, &[Uint]),
    call(S::getitimer, Number, &[Name(ITIMER), Pointer]),
    call(S::setitimer, Number, &[Name(ITIMER), Pointer, Pointer]),
    call(S::timer_create, Number, &[Name(CLOCK), Pointer, Pointer]),
    call(S::timer_settime, Number, &[Int, Flags(TIMER), Pointer, Pointer]),
    call(S::timer_gettime, Number, &[Int, Pointer]),
    call(S::timer_getoverrun, Number, &[Int]),
    call(S::timer_delete, Number, &[Int]),
    call(S::timerfd_create, Number, &[Name(CLOCK), Flags(TIMERFD)]),
    call(S::timerfd_settime, Number, &[Fd, Flags(TIMERFD_SET), Pointer, Pointer]),
    call(S::timerfd_gettime, Number, &[Fd, Pointer]),
];
