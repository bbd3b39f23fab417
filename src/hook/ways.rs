//! Which calls take the short way through the dispatcher: those that matter to nobody but `intercept_hook_point` and
//! `intercept_hook_point_post_kernel`, if these are there. That is nearly all of them, nearly always, and one look says it. The crossing
//! itself looks, and asks the hook point (asm/crossing.S).
//!
//! The long way asks everybody and is always right. So whoever changes what a call needs says so ([`choose`]), and with that
//! everything that was found before is void at once, for all numbers and threads; only then it is found anew.

use std::sync::atomic::{AtomicU64, Ordering};

use super::clone::{Return, how_it_returns};
use super::subscription::is_for_the_library;
use super::{chain, dispatch};

/// Linux has fewer numbers. Others take the long way.
pub(crate) const NUMBERS: usize = 512;

/// How often there has been a change, counted from one.
pub(crate) static CHANGE: AtomicU64 = AtomicU64::new(1);

/// For each number at which change it was last found to take the short way. That counts until the next one.
pub(crate) static SHORT_SINCE: [AtomicU64; NUMBERS] = [const { AtomicU64::new(0) }; NUMBERS];

/// Whether calls of a number take the short way. Then hooks are switched on, and the hook points want the number; none was added;
/// nobody logs, counts or injects; and the call returns to its caller and makes nothing that has to be told of.
#[inline(always)]
pub(super) fn is_short(number: i64) -> bool {
    // Negative ones become large ones.
    let since = SHORT_SINCE.get(number as usize);
    since.is_some_and(|since| since.load(Ordering::Relaxed) == CHANGE.load(Ordering::Relaxed))
}

/// Something has changed of what [`is_short`] says. When this returns no call goes by what was before.
pub(super) fn choose() {
    let mut change = CHANGE.fetch_add(1, Ordering::AcqRel) + 1;
    // Where there is no short way nothing is written: it is zero-filled memory that nobody has to have.
    while dispatch::asks_hook_points_alone() {
        for (number, since) in (0..).zip(&SHORT_SINCE) {
            let is_short = chain::hook_point_wants(number)
                && !is_for_the_library(number)
                && how_it_returns(number) == Return::ToCaller;
            if is_short {
                since.store(change, Ordering::Relaxed);
            }
        }
        // Somebody has changed something meanwhile, and what he found may just have been overwritten.
        let now = CHANGE.load(Ordering::Acquire);
        if now == change {
            break;
        }
        change = now;
    }
}
