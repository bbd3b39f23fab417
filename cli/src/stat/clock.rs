//! What the ticks of the programs' clock are in nanoseconds.

use std::arch::x86_64::_rdtsc;
use std::time::Instant;

use syscall_intercept::stat::layout::Clock;

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    ticks: u64,
    instant: Instant,
}

impl Moment {
    #[allow(unsafe_code, reason = "an instruction")]
    pub(super) fn now() -> Moment {
        // SAFETY: every x86_64 CPU has it.
        Moment { ticks: unsafe { _rdtsc() }, instant: Instant::now() }
    }

    /// Nanoseconds since then.
    pub(super) fn elapsed(self) -> f64 {
        self.instant.elapsed().as_nanos() as f64
    }

    /// Nanoseconds of a tick of this clock, as it has run since then.
    pub(super) fn nanoseconds_of_tick(self, clock: Clock) -> f64 {
        let now = Moment::now();
        match clock {
            Clock::Kernel => 1.0,
            Clock::Counter => {
                let nanoseconds = now.instant.duration_since(self.instant).as_nanos() as f64;
                nanoseconds / now.ticks.saturating_sub(self.ticks).max(1) as f64
            }
        }
    }
}

/// The counter, if the kernel has found that it runs evenly and alike on all CPUs, which it did before it made it its own clock.
pub(super) fn best() -> Clock {
    let source = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    if source.is_ok_and(|source| source.trim() == "tsc") { Clock::Counter } else { Clock::Kernel }
}
