//! What time it is: by the time stamp counter of the CPU, which costs some nanoseconds, and by the kernel, which costs a call.
#![allow(unsafe_code, reason = "instructions and system calls that tell the time")]

use std::fs;

use super::raw::syscall;

/// Whether the counter runs evenly, also in deep sleep, and alike on all CPUs, which the kernel has checked before it uses the counter
/// as its own clock; and whether it tells which CPU it belongs to.
pub fn trusts_counter() -> bool {
    let source = fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let tells_cpu = flags.lines().any(|line| line.starts_with("flags") && line.split(' ').any(|flag| flag == "rdtscp"));
    tells_cpu && source.is_ok_and(|source| source.trim() == "tsc")
}

/// What the counter says. Who may have been [forbidden](forbids_counter) to read it dies of this.
#[inline(always)]
pub(crate) fn counter() -> u64 {
    // SAFETY: every x86_64 CPU has the instruction.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// In what `rdtscp` tells besides the time, Linux keeps the number of the CPU in these bits, that of its node above (vdso_encode_cpunode
/// in arch/x86/include/asm/segment.h).
const CPU: u32 = 0xfff;

/// The same, and the number of the CPU whose counter it is. Only where the counter is [trusted](trusts_counter).
#[inline(always)]
pub(crate) fn counter_and_cpu() -> (u64, u32) {
    let mut place = 0;
    // SAFETY: reads a counter that `trusts_counter` has found to be there.
    let value = unsafe { core::arch::x86_64::__rdtscp(&raw mut place) };
    (value, place & CPU)
}

/// What the kernel says: nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) fn kernel() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let args = [libc::CLOCK_MONOTONIC.into(), &raw mut time as i64, 0, 0, 0, 0];
    // SAFETY: there is room for the answer.
    unsafe { syscall(libc::SYS_clock_gettime, args) };
    (time.tv_sec * 1_000_000_000 + time.tv_nsec).cast_unsigned()
}

/// Whether a call asks for a `SIGSEGV` whenever the counter is read.
pub(crate) fn forbids_counter(number: i64, args: &[i64; 6]) -> bool {
    let [option, value, ..] = args.map(|arg| arg as i32);
    number == libc::SYS_prctl && option == libc::PR_SET_TSC && value == libc::PR_TSC_SIGSEGV
}

/// Whether that was asked for already, by the program before this one.
pub(crate) fn is_counter_forbidden() -> bool {
    let mut setting: i32 = 0;
    // SAFETY: the kernel writes the setting, an `int`.
    unsafe { syscall(libc::SYS_prctl, [libc::PR_GET_TSC.into(), &raw mut setting as i64, 0, 0, 0, 0]) };
    setting == libc::PR_TSC_SIGSEGV
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_what_time_it_is() {
        let before = kernel();
        assert!(before > 0 && kernel() > before);
    }
}
