//! Pieces of memory in a row (`struct iovec`), and messages made of them (`struct msghdr`).

use super::super::Style;
use super::super::form::{self, Form};
use super::super::line::Line;
use super::super::memory;
use super::super::names::network::{CONTROL, LEVEL, MSG};
use super::super::numbers::{self, int, low};
use super::text::{Bytes, End};
use super::{Context, address, sets};

/// strace shows this many pieces.
const MOST: u64 = 32;
/// `sizeof(struct iovec)`
const SIZE: u64 = 16;

/// What is in the pieces.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holds {
    /// What the program has put there.
    Given,
    /// What the call has put there: so many bytes in all.
    Filled(u64),
    /// Nothing that could be shown.
    Nothing,
}

impl Holds {
    /// What the pieces hold that a call was to fill.
    pub(super) fn after(context: &Context) -> Holds {
        context.success().map_or(Holds::Nothing, Holds::Filled)
    }
}

/// The pieces at `at`.
pub(super) fn show(line: &mut Line, context: &Context, at: u64, count: u64, holds: Holds) {
    if at == 0 {
        return line.text("NULL");
    }
    let mark = line.mark();
    let mut left = if let Holds::Filled(bytes) = holds { bytes } else { 0 };
    line.byte(b'[');
    for index in 0..count {
        if index > 0 {
            line.text(", ");
        }
        if index == MOST {
            line.text("...");
            break;
        }
        let Some([base, length]) = words(context, at.wrapping_add(index.wrapping_mul(SIZE))) else {
            if index == 0 {
                line.rewind(mark);
                return numbers::pointer(line, Style::Trace, at);
            }
            line.text("...");
            break;
        };
        line.text("{iov_base=");
        let shown = match holds {
            Holds::Given => Some(length),
            Holds::Filled(_) => Some(length.min(left)),
            Holds::Nothing => None,
        };
        match shown {
            Some(bytes) => context.quote(line, base.cast_signed(), End::Length(bytes), Bytes::Text),
            None => numbers::pointer(line, Style::Trace, base),
        }
        left = left.saturating_sub(length);
        line.text(", iov_len=");
        line.unsigned(length);
        line.byte(b'}');
    }
    line.byte(b']');
}

fn words<const N: usize>(context: &Context, at: u64) -> Option<[u64; N]> {
    let mut words = [0; N];
    let mut bytes = [0; 64];
    let bytes = bytes.get_mut(..N * 8)?;
    if context.memory.read(at, bytes) < bytes.len() {
        return None;
    }
    for (word, bytes) in words.iter_mut().zip(bytes.chunks(8)) {
        *word = form::number(bytes, 8);
    }
    Some(words)
}

/// The message at `at`. What a call was to receive is shown after it, without more than the length of the name if it failed.
pub(super) fn message(line: &mut Line, context: &Context, at: u64, holds: Holds) {
    // name, its length; pieces, their number; control data, its length; flags.
    let Some([name, name_length, pieces, count, control, control_length, flags]) = words(context, at) else {
        return numbers::pointer(line, Style::Trace, at);
    };
    let name_length = int(name_length.cast_signed());
    if matches!(holds, Holds::Nothing) {
        line.text("{msg_namelen=");
        line.signed(name_length.into());
        return line.byte(b'}');
    }
    line.text("{msg_name=");
    address::show(line, context, name, u64::try_from(name_length).unwrap_or(0));
    line.text(", msg_namelen=");
    line.signed(name_length.into());
    line.text(", msg_iov=");
    show(line, context, pieces, count, holds);
    line.text(", msg_iovlen=");
    line.unsigned(count);
    if control != 0 && control_length > 0 {
        line.text(", msg_control=");
        control_messages(line, context, control, control_length);
    }
    line.text(", msg_controllen=");
    line.unsigned(control_length);
    line.text(", msg_flags=");
    sets::flags(line, Style::Trace, low(flags.cast_signed()), MSG, false);
    line.byte(b'}');
}

/// What is sent beside the bytes: descriptors above all.
fn control_messages(line: &mut Line, context: &Context, at: u64, length: u64) {
    // A length of eight bytes, level and type of four each.
    const HEADER: u64 = 16;
    let mark = line.mark();
    let (mut offset, mut listed) = (0, 0);
    line.byte(b'[');
    while length.saturating_sub(offset) >= HEADER && listed < MOST {
        let here = at.wrapping_add(offset);
        let Some([size, what]) = words(context, here).filter(|&[size, _]| (HEADER..=length - offset).contains(&size))
        else {
            line.rewind(mark);
            return numbers::pointer(line, Style::Trace, at);
        };
        if offset > 0 {
            line.text(", ");
        }
        let (level, kind) = (low(what.cast_signed()), what >> 32);
        line.text("{cmsg_len=");
        line.unsigned(size);
        line.text(", cmsg_level=");
        sets::name(line, Style::Trace, level, LEVEL);
        line.text(", cmsg_type=");
        let is_of_sockets = level == libc::SOL_SOCKET as u64;
        if is_of_sockets {
            sets::name(line, Style::Trace, kind, CONTROL);
        } else {
            numbers::hex(line, Style::Trace, kind);
        }
        let data = here.wrapping_add(HEADER);
        if size > HEADER {
            line.text(", cmsg_data=");
            control_data(line, context, data, size - HEADER, if is_of_sockets { kind as i32 } else { 0 });
        }
        line.byte(b'}');
        offset = offset.saturating_add(size.checked_next_multiple_of(8).unwrap_or(u64::MAX));
        listed += 1;
    }
    line.byte(b']');
}

fn control_data(line: &mut Line, context: &Context, at: u64, size: u64, kind: i32) {
    match kind {
        libc::SCM_RIGHTS => {
            line.byte(b'[');
            for index in 0..(size / 4).min(MOST) {
                if index > 0 {
                    line.text(", ");
                }
                let fd = memory::array(context.memory, at.wrapping_add(index * 4)).map_or(-1, i32::from_le_bytes);
                line.signed(fd.into());
            }
            line.byte(b']');
        }
        libc::SCM_CREDENTIALS if form::at(line, context.memory, at, &CREDENTIALS) => {}
        _ => context.quote(line, at.cast_signed(), End::Length(size), Bytes::Text),
    }
}

const CREDENTIALS: Form = form::sockets::CREDENTIALS;
