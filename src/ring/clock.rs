//! Time stamps.
#![allow(unsafe_code, reason = "an instruction and a system call that tell the time")]

use std::fs;

use crate::sys::raw::syscall;

/// A moment: a count of the CPU's time stamp counter, or nanoseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The count.
    pub value: u64,
    /// Whether it is one of the counter.
    pub by_counter: bool,
    /// Where: the number of the CPU, if the counter has told. Zero otherwise.
    pub cpu: u32,
}

/// In what `rdtscp` tells besides the time, Linux keeps the number of the CPU in these bits, that of its node above (vdso_encode_cpunode
/// in arch/x86/include/asm/segment.h).
const CPU: u32 = 0xfff;

/// This moment, told by the time stamp counter or by the kernel.
#[inline]
pub fn now_by(counter: bool) -> Stamp {
    if !counter {
        return Stamp { value: monotonic(), by_counter: false, cpu: 0 };
    }
    let mut place = 0;
    // SAFETY: reads a counter that `trusts_counter` has found to be there. A program that has forbidden itself to (`PR_SET_TSC`) is
    // noticed by who calls this.
    let value = unsafe { core::arch::x86_64::__rdtscp(&raw mut place) };
    Stamp { value, by_counter: true, cpu: place & CPU }
}

fn monotonic() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let args = [i64::from(libc::CLOCK_MONOTONIC), &raw mut time as i64, 0, 0, 0, 0];
    // SAFETY: the kernel writes the time.
    unsafe { syscall(libc::SYS_clock_gettime, args) };
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// Whether the counter runs evenly, also in deep sleep, and alike on all CPUs, which the kernel has checked before it uses the counter
/// as its own clock; and whether it tells which CPU it belongs to.
pub fn trusts_counter() -> bool {
    let source = fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let tells_cpu = flags.lines().any(|line| line.starts_with("flags") && line.split(' ').any(|flag| flag == "rdtscp"));
    tells_cpu && source.is_ok_and(|source| source.trim() == "tsc")
}
