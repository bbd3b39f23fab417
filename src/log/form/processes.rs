//! Processes, what they may use, and the machine.

use super::super::names::process::*;
use super::Form::{self, *};
use super::structures;

structures! {
    LIMITS, Structure: rlim_cur @ 0 Limit, rlim_max @ 8 Limit;
    /// What `pselect6` takes instead of a set of signals.
    SIGNALS_WITH_SIZE, Structure: sigmask @ 0 Pointer, sigsetsize @ 8 Unsigned(8);
    STACK, Structure: ss_sp @ 0 Pointer, ss_flags @ 8 Flags(4, STACK_FLAGS), ss_size @ 16 Unsigned(8);
    UTSNAME_ABRIDGED, Abridged: sysname @ 0 Text(65), nodename @ 65 Text(65);
    UTSNAME_WHOLE, Structure: sysname @ 0 Text(65), nodename @ 65 Text(65), release @ 130 Text(65), version @ 195 Text(65),
        machine @ 260 Text(65), domainname @ 325 Text(65);
    SYSINFO, Structure: uptime @ 0 Signed(8), loads @ 8 Array(3, &Unsigned(8)), totalram @ 32 Unsigned(8), freeram @ 40 Unsigned(8),
        sharedram @ 48 Unsigned(8), bufferram @ 56 Unsigned(8), totalswap @ 64 Unsigned(8), freeswap @ 72 Unsigned(8),
        procs @ 80 Unsigned(2), totalhigh @ 88 Unsigned(8), freehigh @ 96 Unsigned(8), mem_unit @ 104 Unsigned(4);
    /// As the kernel has it (arch/x86/include/uapi/asm/signal.h); libc's is another.
    ACTION, Structure: sa_handler @ 0 Handler, sa_mask @ 24 Signals, sa_flags @ 8 Flags(8, ACTION_FLAGS);
    /// One with `SA_RESTORER`.
    ACTION_WITH_RESTORER, Structure: sa_handler @ 0 Handler, sa_mask @ 24 Signals, sa_flags @ 8 Flags(8, ACTION_FLAGS),
        sa_restorer @ 16 Pointer;
}

#[allow(non_upper_case_globals, reason = "reads as the other forms do")]
const Handler: Form = Special(8, super::signals::handler);

pub(in crate::log) const UTSNAME: Form = Either { abridged: &UTSNAME_ABRIDGED, whole: &UTSNAME_WHOLE };
pub(in crate::log) const SIGNALS: Form = Signals;
pub(in crate::log) const INT: Form = Boxed(&Signed(4));
pub(in crate::log) const UINT: Form = Boxed(&Unsigned(4));
pub(in crate::log) const WORD: Form = Boxed(&Hex(8));
