//! What is to be done about a signal, and what one says of itself.

use super::super::Style;
use super::super::form::{
    self,
    processes::{ACTION, ACTION_WITH_RESTORER},
};
use super::super::line::Line;
use super::super::memory;
use super::super::names::process::{CHILD, FAULT, SENDER};
use super::super::numbers;
use super::{Context, process::signal};

/// The kernel's flag for a field that libcs fill (arch/x86/include/uapi/asm/signal.h), in the second word of the structure.
const SA_RESTORER: u64 = 0x0400_0000;
const FLAGS: u64 = 8;

/// A `struct sigaction` of the kernel.
pub(super) fn action(line: &mut Line, context: &Context, at: u64) {
    let flags = memory::array(context.memory, at.wrapping_add(FLAGS)).map_or(0, u64::from_le_bytes);
    let form = if flags & SA_RESTORER == 0 { &ACTION } else { &ACTION_WITH_RESTORER };
    if at == 0 || !form::at(line, context.memory, at, form) {
        numbers::pointer(line, Style::Trace, at);
    }
}

/// A `siginfo_t` (include/uapi/asm-generic/siginfo.h).
pub(super) fn information(line: &mut Line, context: &Context, at: u64) {
    let Some(bytes) = memory::array::<48>(context.memory, at).filter(|_| at != 0) else {
        return numbers::pointer(line, Style::Trace, at);
    };
    show_information(line, &bytes);
}

/// The same, already read.
pub(in crate::log) fn show_information(line: &mut Line, bytes: &[u8; 48]) {
    let word = |at: usize| form::number(bytes.get(at..).unwrap_or_default(), 4) as i32;
    let (number, error, code) = (word(0), word(4), word(8));
    line.text("{si_signo=");
    signal(line, number);
    line.text(", si_code=");
    let faults = matches!(number, libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE | libc::SIGTRAP);
    let set = match number {
        libc::SIGCHLD if code > 0 => CHILD,
        libc::SIGSEGV if code > 0 => FAULT,
        _ => SENDER,
    };
    let code_bits = u64::from(code.cast_unsigned());
    match set.name_of(code_bits) {
        Some(name) => line.text(name),
        None => line.signed(code.into()),
    }
    if error != 0 {
        line.text(", si_errno=");
        line.signed(error.into());
    }
    let field = |line: &mut Line, name: &str, value: i32| {
        line.text(name);
        line.signed(value.into());
    };
    if faults && code > 0 && code != libc::SI_KERNEL {
        line.text(", si_addr=");
        numbers::pointer(line, Style::Trace, form::number(bytes.get(16..).unwrap_or_default(), 8));
    } else if code == libc::SI_KERNEL {
        // It says nothing else.
    } else if code == libc::SI_TIMER {
        field(line, ", si_timerid=", word(16));
        field(line, ", si_overrun=", word(20));
    } else {
        field(line, ", si_pid=", word(16));
        line.text(", si_uid=");
        line.unsigned(u64::from(word(20).cast_unsigned()));
        if number == libc::SIGCHLD && code > 0 {
            line.text(", si_status=");
            if code == libc::CLD_EXITED {
                line.signed(word(24).into())
            } else {
                signal(line, word(24))
            }
            // Two words, of which nobody has ever seen the upper halves in use.
            field(line, ", si_utime=", word(32));
            field(line, ", si_stime=", word(40));
        }
    }
    line.byte(b'}');
}
