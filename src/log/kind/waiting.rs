//! What a program waits for, and what has come: `poll`, `epoll_wait`, `select`.

use super::super::Style;
use super::super::form::{
    self,
    files::EPOLL_EVENT,
    times::{TIMESPEC, TIMEVAL},
};
use super::super::line::Line;
use super::super::memory;
use super::super::names::files::POLL;
use super::super::numbers;
use super::{Context, sets};

/// strace shows this many.
const MOST: u64 = 32;
/// What is ready is not looked for beyond this; each entry costs a system call.
const LOOKED_AT: u64 = 1024;
/// `sizeof(struct pollfd)`
const POLL_SIZE: u64 = 8;
/// `sizeof(struct epoll_event)`, which is packed.
const EPOLL_SIZE: u64 = 12;
/// Descriptors from here on are in no set (`FD_SETSIZE`, which the kernel does not know, but all who use its type).
const SET_SIZE: u64 = 1024;

/// A `struct pollfd`: the descriptor, what is waited for, what has come.
fn poll_entry(context: &Context, at: u64, index: u64) -> Option<(i32, u64, u64)> {
    let [a, b, c, d, e, f, g, h] = memory::array(context.memory, at.wrapping_add(index.wrapping_mul(POLL_SIZE)))?;
    Some((i32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f]).into(), u16::from_le_bytes([g, h]).into()))
}

/// What `poll` is asked for.
pub(super) fn poll(line: &mut Line, context: &Context, at: u64, count: u64) {
    if at == 0 {
        return line.text("NULL");
    }
    let mark = line.mark();
    line.byte(b'[');
    for index in 0..count {
        let Some((fd, events, _)) = poll_entry(context, at, index) else {
            line.rewind(mark);
            return numbers::pointer(line, Style::Trace, at);
        };
        if index > 0 {
            line.text(", ");
        }
        if index == MOST {
            line.text("...");
            break;
        }
        line.text("{fd=");
        line.signed(fd.into());
        if fd >= 0 {
            line.text(", events=");
            sets::flags(line, Style::Trace, events, POLL, false);
        }
        line.byte(b'}');
    }
    line.byte(b']');
}

/// What has come of it, in the brackets behind the result; and how much time was left, where the kernel says.
pub(in crate::log) fn polled(line: &mut Line, context: &Context, left: bool) {
    let (at, count) = (context.argument(0).cast_unsigned(), numbers::low(context.argument(1)));
    line.text(" ([");
    let mut listed = 0;
    for index in 0..count.min(LOOKED_AT) {
        let Some((fd, _, events)) = poll_entry(context, at, index) else { break };
        if fd < 0 || events == 0 {
            continue;
        }
        if listed > 0 {
            line.text(", ");
        }
        if listed == MOST {
            line.text("...");
            break;
        }
        listed += 1;
        line.text("{fd=");
        line.signed(fd.into());
        line.text(", revents=");
        sets::flags(line, Style::Trace, events, POLL, false);
        line.byte(b'}');
    }
    line.byte(b']');
    if left {
        time_left(line, context, context.argument(2), &TIMESPEC, ", left ");
    }
    line.byte(b')');
}

fn time_left(line: &mut Line, context: &Context, at: i64, time: &form::Form, before: &str) {
    let mark = line.mark();
    line.text(before);
    if !form::at(line, context.memory, at.cast_unsigned(), time) {
        line.rewind(mark);
    }
}

/// The events that `epoll_wait` returned.
pub(super) fn epoll(line: &mut Line, context: &Context, at: u64) {
    let Some(count) = context.success() else { return numbers::pointer(line, Style::Trace, at) };
    line.byte(b'[');
    for index in 0..count {
        if index > 0 {
            line.text(", ");
        }
        let event = at.wrapping_add(index.wrapping_mul(EPOLL_SIZE));
        if index == MOST || !form::at(line, context.memory, event, &EPOLL_EVENT) {
            line.text("...");
            break;
        }
    }
    line.byte(b']');
}

/// Bits as a list of numbers: `[3 5]`.
pub(super) fn bits(line: &mut Line, context: &Context, at: u64, count: u64) {
    if at == 0 {
        return line.text("NULL");
    }
    let mark = line.mark();
    line.byte(b'[');
    let mut listed = false;
    for word in 0..count.min(SET_SIZE).div_ceil(64) {
        let Some(bits) = memory::array(context.memory, at.wrapping_add(word * 8)).map(u64::from_le_bytes) else {
            line.rewind(mark);
            return numbers::pointer(line, Style::Trace, at);
        };
        for bit in (0..64).filter(|bit| bits >> bit & 1 != 0).map(|bit| word * 64 + bit).filter(|&bit| bit < count) {
            if core::mem::replace(&mut listed, true) {
                line.byte(b' ');
            }
            line.unsigned(bit);
        }
    }
    line.byte(b']');
}

/// The sets that `select` has left what is ready in, and the time that was left.
pub(in crate::log) fn selected(line: &mut Line, context: &Context) {
    let count = u64::try_from(numbers::int(context.argument(0))).unwrap_or(0);
    let mut listed = false;
    line.text(" (");
    for (index, name) in [(1, "in "), (2, "out "), (3, "except ")] {
        let at = context.argument(index).cast_unsigned();
        if at == 0 || !has_any(context, at, count) {
            continue;
        }
        if core::mem::replace(&mut listed, true) {
            line.text(", ");
        }
        line.text(name);
        bits(line, context, at, count);
    }
    let time = if context.call.number == libc::SYS_select { &TIMEVAL } else { &TIMESPEC };
    time_left(line, context, context.argument(4), time, if listed { ", left " } else { "left " });
    line.byte(b')');
}

fn has_any(context: &Context, at: u64, count: u64) -> bool {
    let mut words =
        (0..count.min(SET_SIZE).div_ceil(64)).map(|word| memory::array(context.memory, at.wrapping_add(word * 8)));
    words.any(|word| word.map(u64::from_le_bytes).is_some_and(|word| word != 0))
}
