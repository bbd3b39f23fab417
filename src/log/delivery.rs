//! What a trace says of a signal that one of the program's handlers is about to get.
//!
//! Signals that no handler gets are nothing that the program does: what ignores, stops or kills it is the kernel, and nobody in
//! here is asked.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::colours::{SIGNAL, coloured};
use super::kind::signal_name;
use super::kind::signals::{Information, show_information};
use super::line::Line;
use super::options::Options;

/// The signals that are told of: the first is bit 0.
static SHOWN: AtomicU64 = AtomicU64::new(u64::MAX);

/// From now on, only these are told of.
pub(super) fn show_only(signals: u64) {
    SHOWN.store(signals, Relaxed);
}

/// Whether a signal is to be told of.
pub(super) fn is_shown(signal: i32) -> bool {
    let bit = u32::try_from(signal).ok().and_then(|signal| signal.checked_sub(1));
    bit.and_then(|bit| SHOWN.load(Relaxed).checked_shr(bit)).is_some_and(|rest| rest & 1 != 0)
}

/// Writes what is told of it behind what the line holds.
pub(super) fn describe(line: &mut Line, options: Options, signal: i32, information: &Information) {
    coloured(line, options, SIGNAL, |line| {
        line.text("--- ");
        signal_name(line, signal, true);
        line.byte(b' ');
        show_information(line, information);
        line.text(" ---");
    });
    line.finish();
}
