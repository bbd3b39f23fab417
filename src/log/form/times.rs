//! Points in time and spans of it.

use super::Form::*;
use super::structures;

structures! {
    TIMESPEC, Structure: tv_sec @ 0 Signed(8), tv_nsec @ 8 Signed(8);
    TIMEVAL, Structure: tv_sec @ 0 Signed(8), tv_usec @ 8 Signed(8);
    ITIMERVAL, Structure: it_interval @ 0 TIMEVAL, it_value @ 16 TIMEVAL;
    ITIMERSPEC, Structure: it_interval @ 0 TIMESPEC, it_value @ 16 TIMESPEC;
    TIMEZONE, Structure: tz_minuteswest @ 0 Signed(4), tz_dsttime @ 4 Signed(4);
    RUSAGE_ABRIDGED, Abridged: ru_utime @ 0 TIMEVAL, ru_stime @ 16 TIMEVAL;
    RUSAGE_WHOLE, Structure: ru_utime @ 0 TIMEVAL, ru_stime @ 16 TIMEVAL, ru_maxrss @ 32 Unsigned(8), ru_ixrss @ 40 Unsigned(8),
        ru_idrss @ 48 Unsigned(8), ru_isrss @ 56 Unsigned(8), ru_minflt @ 64 Unsigned(8), ru_majflt @ 72 Unsigned(8),
        ru_nswap @ 80 Unsigned(8), ru_inblock @ 88 Unsigned(8), ru_oublock @ 96 Unsigned(8), ru_msgsnd @ 104 Unsigned(8),
        ru_msgrcv @ 112 Unsigned(8), ru_nsignals @ 120 Unsigned(8), ru_nvcsw @ 128 Unsigned(8), ru_nivcsw @ 136 Unsigned(8);
}

pub(in crate::log) const RUSAGE: super::Form = Either { abridged: &RUSAGE_ABRIDGED, whole: &RUSAGE_WHOLE };
