//! One call, one line.

use super::colours::{FAILURE, coloured};
use super::kind::{self, Context, Kind, Shown};
use super::line::Line;
use super::memory::Memory;
use super::options::Options;
use super::table::{self, Returns};
use super::{Call, Outcome, Style, descriptor, errors, numbers};

/// Writes a call into `line`, which is emptied first and ends in a newline afterwards.
///
/// Allocates nothing, calls nothing but `memory`, and takes any number, argument and memory without panicking. A line that
/// would grow beyond [`CAPACITY`](super::CAPACITY) loses the end of its arguments, marked by `...`, but never its result.
pub fn format(line: &mut Line, style: Style, call: &Call, outcome: Outcome, memory: &dyn Memory) {
    line.clear();
    append(Options::DEFAULT, line, style, call, outcome, memory);
}

/// The same for somebody who has yet to put the result into its column; answers where it begins.
pub(super) fn append_unaligned(line: &mut Line, call: &Call, outcome: Outcome, memory: &dyn Memory) -> usize {
    append(Options { column: 0, colours: false, ..Options::of_process() }, line, Style::Trace, call, outcome, memory)
}

/// Writes a call behind what `line` already holds; answers where the result begins. The options are those of a trace: the other
/// style has none. Part of who calls it: one frame less on a stack that may be small.
#[inline(always)]
pub(super) fn append(
    options: Options,
    line: &mut Line,
    style: Style,
    call: &Call,
    outcome: Outcome,
    memory: &dyn Memory,
) -> usize {
    let entry = table::entry(style, call.number);
    let context = Context { style, call, outcome, memory, options };
    asked(line, &entry, &context);
    let end = line.as_bytes().len();
    if style == Style::Trace && options.column > 0 {
        // One space stands between them in any case.
        line.fill(usize::from(options.column) - 1);
    }
    result(line, options, style, call, entry.returns, outcome);
    if style == Style::Trace && entry.returns.has_remark() {
        remark(line, &context, entry.returns);
    }
    line.finish();
    end
}

/// What strace says in brackets behind some results.
#[cold]
fn remark(line: &mut Line, context: &Context, returns: Returns) {
    let Some(value) = context.success() else { return };
    match (returns, value) {
        (Returns::Descriptor, fd) if context.options.paths => {
            descriptor::path(line, fd as i32, context.options.details)
        }
        (Returns::Ready | Returns::ReadyInTime | Returns::Selected, 0) => line.text(" (Timeout)"),
        (Returns::Ready, _) => kind::polled(line, context, false),
        (Returns::ReadyInTime, _) => kind::polled(line, context, true),
        (Returns::Selected, _) => kind::selected(line, context),
        (Returns::Signal, signal) => {
            line.text(" (");
            kind::signal_name(line, signal as i32, true);
            line.text(")");
        }
        (Returns::Named(set), value) => {
            if let Some(name) = set.name_of(value) {
                line.text(" (");
                line.text(name);
                line.text(")");
            }
        }
        _ => {}
    }
}

/// Writes the line before a call and the line after it into an empty one, for a call whose arguments [look the same](super::at_once) in both. If there
/// is no room for a second one, it writes the first alone and says `false`.
pub(super) fn both(line: &mut Line, call: &Call, returned: i64, memory: &dyn Memory) -> bool {
    let (style, outcome) = (Style::DropIn, Outcome::Pending);
    let entry = table::entry(style, call.number);
    asked(line, &entry, &Context { style, call, outcome, memory, options: Options::DEFAULT });
    let end = line.mark();
    result(line, Options::DEFAULT, style, call, entry.returns, outcome);
    line.finish();
    if !line.repeat(end) {
        return false;
    }
    result(line, Options::DEFAULT, style, call, entry.returns, Outcome::Returned(returned));
    line.finish();
    true
}

/// What the program asks for: everything but the result.
fn asked(line: &mut Line, entry: &table::Entry, context: &Context) {
    line.keep_room_for_result();
    if context.style == Style::DropIn {
        place(line, context.call);
    }
    name(line, context.style, context.call.number, entry.name);
    arguments(line, context, entry.kinds);
    line.use_room_for_result();
    line.text(")");
}

/// Where the `syscall` instruction is.
fn place(line: &mut Line, call: &Call) {
    // A newline in a path would look like the start of another call. Hardly any has one.
    if holds_control(call.object) {
        call.object.iter().for_each(|&byte| line.byte(if byte.is_ascii_control() { b'?' } else { byte }));
    } else {
        line.copy(call.object);
    }
    line.text(" ");
    line.hex(call.offset, 1);
    line.text(" -- ");
}

/// Whether there is a control character among these bytes, which are looked at eight at a time.
fn holds_control(bytes: &[u8]) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    // Bit 7 of each byte that is below `limit`, as long as no borrow comes from a byte below: that is then itself such a byte.
    let some_below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH << 7) != 0;
    let holds = |word: u64| some_below(word, 0x20) | some_below(word ^ (EACH * 0x7f), 1);
    match bytes.last_chunk() {
        // The last eight may have been looked at before.
        Some(last) => bytes.as_chunks().0.iter().chain([last]).any(|&word| holds(u64::from_le_bytes(word))),
        None => bytes.iter().any(u8::is_ascii_control),
    }
}

fn name(line: &mut Line, style: Style, number: i64, name: Option<&str>) {
    match (name, style) {
        (Some(name), _) => {
            line.text(name);
            line.text("(");
        }
        (None, Style::DropIn) => {
            line.text("syscall(");
            line.signed(number);
            line.text(", ");
        }
        (None, Style::Trace) => {
            line.text("syscall_");
            line.hex(number.cast_unsigned(), 1);
            line.text("(");
        }
    }
}

#[inline(always)]
fn arguments(line: &mut Line, context: &Context, kinds: &[Kind]) {
    let mut listed = false;
    for (index, &kind) in kinds.iter().enumerate() {
        let mark = line.mark();
        if listed {
            line.text(", ");
        }
        match kind::argument(line, context, kind, index) {
            Shown::Yes => listed = true,
            Shown::Skipped => line.rewind(mark),
            Shown::NoneLeft => return line.rewind(mark),
        }
    }
}

fn result(line: &mut Line, options: Options, style: Style, call: &Call, returns: Returns, outcome: Outcome) {
    let value = match (style, returns, outcome) {
        // The original says nothing at all.
        (Style::DropIn, Returns::Never, _) => return,
        (_, _, Outcome::Pending) => return line.text(" = ?"),
        (_, _, Outcome::Returned(value)) => value,
    };
    line.text(" = ");
    match i32::try_from(value) {
        Ok(error @ -4095..=-1) => coloured(line, options, FAILURE, |line| failure(line, style, error.unsigned_abs())),
        _ => match returns {
            Returns::Address if style == Style::DropIn => numbers::pointer(line, style, value.cast_unsigned()),
            Returns::Address | Returns::Hex => numbers::hex(line, style, value.cast_unsigned()),
            Returns::Fcntl => kind::fcntl_result(line, call.args[1], value),
            Returns::Mode => numbers::mode(line, style, value.cast_unsigned()),
            _ => line.signed(value),
        },
    }
}

fn failure(line: &mut Line, style: Style, errno: u32) {
    let described = i32::try_from(errno).ok().and_then(|errno| errors::describe(errno, style));
    match style {
        Style::DropIn => {
            line.text("-");
            line.unsigned(u64::from(errno));
        }
        Style::Trace => line.text("-1"),
    }
    match (described, style) {
        (Some((name, text)), _) => {
            for part in [" ", name, " (", text, ")"] {
                line.text(part);
            }
        }
        (None, Style::DropIn) => line.text(" Unknown error"),
        (None, Style::Trace) => {
            line.text(" (errno ");
            line.unsigned(u64::from(errno));
            line.text(")");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_found_wherever_it_stands() {
        for length in 0..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    for others in *b" a~\x80\xff" {
                        let mut text = vec![others; length];
                        text[place] = byte;
                        assert_eq!(holds_control(&text), byte.is_ascii_control(), "{}", text.escape_ascii());
                    }
                }
            }
        }
    }
}
