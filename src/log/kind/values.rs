//! Arrays that arguments point to.

use super::super::Style;
use super::super::line::Line;
use super::super::{memory, numbers};
use super::Context;
use super::text::{Bytes, End};

/// strace shows this many strings of an array.
const STRINGS: usize = 32;
/// More than fit into a line in any case.
const MOST_STRINGS: usize = super::super::CAPACITY / 4;
/// No environment is counted beyond this; each variable costs a system call.
const VARIABLES: u64 = 1024;
/// No directory is counted beyond this.
const ENTRIES: u64 = 4096;
/// `offsetof(struct linux_dirent64, d_reclen)`, and the same in `struct linux_dirent`: after two 8-byte fields.
const RECORD_LENGTH: u64 = 16;

/// The two ends that `pipe` and `socketpair` return.
pub(super) fn descriptors(line: &mut Line, context: &Context, address: u64) {
    let fds: Option<[u8; 8]> = context.success().and_then(|_| memory::array(context.memory, address));
    let Some([a, b, c, d, e, f, g, h]) = fds else { return numbers::pointer(line, context.style, address) };
    line.text("[");
    context.descriptor(line, i32::from_ne_bytes([a, b, c, d]));
    line.text(", ");
    context.descriptor(line, i32::from_ne_bytes([e, f, g, h]));
    line.text("]");
}

/// As many numbers as were returned.
pub(super) fn numbers(line: &mut Line, context: &Context, address: u64) {
    let Some(count) = context.success().filter(|_| address != 0) else {
        return numbers::pointer(line, context.style, address);
    };
    line.text("[");
    for index in 0..count {
        if index > 0 {
            line.text(", ");
        }
        let number = memory::array(context.memory, address.wrapping_add(index.wrapping_mul(4)));
        match number.map(u32::from_le_bytes) {
            Some(number) if index < STRINGS as u64 => line.unsigned(u64::from(number)),
            _ => {
                line.text("...");
                break;
            }
        }
    }
    line.text("]");
}

/// How many entries of a directory were returned.
pub(super) fn directory_entries(line: &mut Line, context: &Context, address: u64) {
    numbers::pointer(line, context.style, address);
    let Some(size) = context.success() else { return };
    let mut count = 0;
    let mut offset = 0_u64;
    while offset < size && count < ENTRIES {
        let at = address.wrapping_add(offset).wrapping_add(RECORD_LENGTH);
        let Some(length) = memory::array(context.memory, at).map(u16::from_ne_bytes).filter(|&length| length > 0)
        else {
            return;
        };
        offset = offset.saturating_add(u64::from(length));
        count += 1;
    }
    comment(line, count, count < ENTRIES, "entries", "entries");
}

/// The strings up to a null pointer.
pub(super) fn strings(line: &mut Line, context: &Context, address: u64) {
    let mark = line.mark();
    line.text("[");
    let most = if context.options.whole { MOST_STRINGS } else { STRINGS };
    for index in 0..=most {
        let Some(string) = pointer_at(context, address, index as u64) else {
            line.rewind(mark);
            return numbers::pointer(line, context.style, address);
        };
        if string == 0 {
            break;
        }
        if index > 0 {
            line.text(", ");
        }
        if index == most {
            line.text("...");
            break;
        }
        context.quote(line, string.cast_signed(), End::Nul, Bytes::Text);
    }
    line.text("]");
}

/// The address of an environment, and how many variables it has.
pub(super) fn variables(line: &mut Line, context: &Context, address: u64) {
    if context.style == Style::Trace && context.options.whole {
        return strings(line, context, address);
    }
    numbers::pointer(line, context.style, address);
    let mut count = 0;
    while count < VARIABLES {
        match pointer_at(context, address, count) {
            None => return,
            Some(0) => break,
            Some(_) => count += 1,
        }
    }
    comment(line, count, count < VARIABLES, "var", "vars");
}

fn pointer_at(context: &Context, array: u64, index: u64) -> Option<u64> {
    memory::array(context.memory, array.checked_add(index.checked_mul(8)?)?).map(u64::from_ne_bytes)
}

fn comment(line: &mut Line, count: u64, whole: bool, one: &str, many: &str) {
    line.text(" /* ");
    line.unsigned(count);
    line.text(if whole { " " } else { " or more " });
    line.text(if count == 1 { one } else { many });
    line.text(" */");
}
