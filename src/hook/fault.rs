//! Faults: signals that an instruction of a hook has raised.
//!
//! Each is reported, in one line that names the file the hook is in. Then the process dies, as it would have done; or the handler
//! of the program is called, as it would have been. A hook in the [shield] is switched off instead, and the program
//! does not hear of it.
//!
//! Not reported is what no handler can be called for: where the signal is blocked or ignored, and where a hook has used up a stack and
//! the thread has no other one for signals. There the kernel ends the process.
#![allow(unsafe_code, reason = "the frame and the stack of the hook, which is interrupted")]

use std::ffi::c_int;
use std::fmt::{Display, Formatter, Result, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use super::registers::{Registers, register};
use super::{Frame, guard, shield};
use crate::log::{self, Line};
use crate::sys::mapped;
use crate::sys::probe::is_readable;

/// The signals that instructions raise.
pub(super) const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// Raised by the kernel without an address (include/uapi/asm-generic/siginfo.h); what processes send has numbers below one.
pub(super) const SI_KERNEL: c_int = 0x80;

/// A hook has faulted.
#[derive(Debug)]
pub(super) struct Fault {
    signal: c_int,
    /// Where the instruction wanted to go, if the signal says that.
    wanted: Option<u64>,
    /// Where the instruction is.
    counter: u64,
    stack: u64,
    /// That of the call the hook was asked about.
    frame: &'static Frame,
    /// The hook.
    function: Option<u64>,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Dies,
    CallsHandler,
    SwitchedOff,
}

impl Fault {
    /// What a signal says that has interrupted code with these registers; `None` if it is no fault, or not that of a hook.
    pub(super) fn of_hook(signal: c_int, info: &libc::siginfo_t, registers: &Registers) -> Option<Fault> {
        if !SIGNALS.contains(&signal) || info.si_code <= 0 {
            return None;
        }
        let [counter, stack] = [libc::REG_RIP, libc::REG_RSP].map(|index| register(registers, index).cast_unsigned());
        let frame = guard::hooked(stack)?;
        let of_memory = [libc::SIGSEGV, libc::SIGBUS].contains(&signal) && info.si_code != SI_KERNEL;
        // SAFETY: signals of the kernel have this field.
        let wanted = of_memory.then(|| unsafe { info.si_addr() } as u64);
        Some(Fault { signal, wanted, counter, stack, frame, function: shield::function_of(frame.running.hook) })
    }

    /// If the hook is in the shield, switches it off and lets the thread go on without it. Answers whether that is so.
    pub(super) fn is_caught(&self, registers: &mut Registers) -> bool {
        let landed = shield::land(self.frame, registers);
        if landed == Some(true) {
            self.report(Outcome::SwitchedOff);
        }
        landed.is_some()
    }

    /// Says so on stderr. Where the program has a handler, once: handlers may put right what has happened, and often.
    pub(super) fn report(&self, outcome: Outcome) {
        static HANDLED_BEFORE: AtomicBool = AtomicBool::new(false);
        if outcome == Outcome::CallsHandler && HANDLED_BEFORE.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut line = Line::new();
        self.describe(&mut line, outcome);
        let _ = log::write_quietly(libc::STDERR_FILENO, line.as_bytes());
    }

    #[inline(never)]
    fn describe(&self, line: &mut Line, outcome: Outcome) {
        let _ = line.write_str("libsyscall_intercept: the hook ");
        let file = self.function.and_then(mapped::at);
        match &file {
            Some(file) => _ = write!(line, "of {} ", Bytes(file.path())),
            None => _ = line.write_str("of an unknown file "),
        }
        let _ = write!(line, "has faulted: {}", log::signal_name(self.signal).unwrap_or("a signal"));
        if let Some(address) = self.wanted {
            let _ = write!(line, " at address {address:#x}");
        }
        self.say_where(line);
        let _ = line.write_str(match outcome {
            Outcome::Dies => "; the process dies of it",
            Outcome::CallsHandler => "; the program's handler is called",
            Outcome::SwitchedOff => "; it is asked no more",
        });
        line.finish();
    }

    /// Where the instruction is; and if there can be none, as after a jump through a null pointer, where that has come from.
    fn say_where(&self, line: &mut Line) {
        if let Some(code) = mapped::at(self.counter) {
            let _ = write!(line, ", by {}+{:#x}", Bytes(code.path()), code.offset);
            return;
        }
        let _ = write!(line, ", by {:#x}", self.counter);
        // SAFETY: readable, says the kernel.
        let caller = is_readable(self.stack).then(|| unsafe { (self.stack as *const u64).read_unaligned() });
        if let Some(caller) = caller.and_then(mapped::at) {
            let _ = write!(line, " called from {}+{:#x}", Bytes(caller.path()), caller.offset);
        }
    }
}

/// A path, of which nobody has said in what encoding it is.
struct Bytes<'a>(&'a [u8]);

impl Display for Bytes<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        for piece in self.0.utf8_chunks() {
            out.write_str(piece.valid())?;
            if !piece.invalid().is_empty() {
                out.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}
