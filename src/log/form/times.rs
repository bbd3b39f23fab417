//! Points in time and spans of it.

use super::Form::*;
use super::structures;

structures! {
    TIMESPEC, Structure: tv_sec @ 0 Signed(8), tv_nsec @ 8 Signed(8);
    TIMEVAL, Structure: tv_sec @ 0 Signed(8), tv_usec @ 8 Signed(8);
    ITIMERVAL, Structure: it_interval @ 0 TIMEVAL, it_value @ 16 TIMEVAL;
    ITIMERSPEC, Structure: it_interval @ 0 TIMESPEC, it_value @ 16 TIMESPEC;
    TIMEZONE, Structure: tz_minuteswest @ 0 Signed(4), tz_dsttime @ 4 Signed(4);
    RUSAGE, Abridged: ru_utime @ 0 TIMEVAL, ru_stime @ 16 TIMEVAL;
}
