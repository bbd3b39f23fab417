//! What is to be done about a signal, and what one says of itself.

use super::super::Style;
use super::super::form::{
    self,
    processes::{ACTION, ACTION_WITH_RESTORER},
};
use super::super::line::Line;
use super::super::memory;
use super::super::names::process::{ARITHMETIC, BUS, CHILD, DESCRIPTOR, FAULT, FILTER, ILLEGAL, MACHINE, SENDER, TRAP};
use super::super::numbers::{self, low};
use super::super::{errors, table};
use super::{Context, process::signal, sets};

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
    let Some(bytes): Option<Information> = memory::array(context.memory, at).filter(|_| at != 0) else {
        return numbers::pointer(line, Style::Trace, at);
    };
    show_information(line, &bytes);
}

/// The same, already read.
pub(in crate::log) fn show_information(line: &mut Line, bytes: &Information) {
    let word = |at: usize| form::number(bytes.get(at..).unwrap_or_default(), 4) as i32;
    let [number, error, code] = [word(0), word(4), word(8)];
    line.text("{si_signo=");
    signal(line, number);
    line.text(", si_code=");
    match code_name(number, code) {
        Some(name) => line.text(name),
        None => numbers::hex(line, Style::Trace, low(code.into())),
    }
    if error != 0 {
        line.text(", si_errno=");
        match errors::describe(error, Style::Trace) {
            Some((name, _)) => line.text(name),
            None => line.signed(error.into()),
        }
    }
    let told = Told { line, bytes };
    // What is not positive comes from a process, or was asked for by one; of the rest each signal has its own.
    match (number, code) {
        (_, libc::SI_USER | libc::SI_TKILL) => told.sender(),
        (_, libc::SI_TIMER) => told.timer(),
        (_, libc::SI_SIGIO) => told.descriptor(),
        (libc::SIGCHLD, 1..) => told.child(),
        (libc::SIGILL | libc::SIGFPE | libc::SIGSEGV | libc::SIGBUS | libc::SIGTRAP, 1..) => told.address(),
        (libc::SIGIO, 1..) if code != libc::SI_KERNEL => told.descriptor(),
        (libc::SIGSYS, 1..) => told.call(),
        (_, 1..) if word(SENDER_PROCESS) == 0 && word(SENDER_USER) == 0 => told.value(),
        _ => told.sender_with_value(),
    }
    line.byte(b'}');
}

/// As much of a `siginfo_t` as the kernel has ever filled.
pub(in crate::log) type Information = [u8; 48];

/// Where the fields are that several kinds have in common.
const SENDER_PROCESS: usize = 16;
const SENDER_USER: usize = 20;
const VALUE: usize = 24;

fn code_name(signal: i32, code: i32) -> Option<&'static str> {
    let of_signal = match signal {
        libc::SIGCHLD => CHILD,
        libc::SIGSEGV => FAULT,
        libc::SIGBUS => BUS,
        libc::SIGILL => ILLEGAL,
        libc::SIGFPE => ARITHMETIC,
        libc::SIGTRAP => TRAP,
        libc::SIGIO => DESCRIPTOR,
        libc::SIGSYS => FILTER,
        _ => SENDER,
    };
    let code = low(code.into());
    SENDER.name_of(code).or_else(|| of_signal.name_of(code))
}

/// What stands behind the code, by the kind of the signal.
struct Told<'a> {
    line: &'a mut Line,
    bytes: &'a Information,
}

impl Told<'_> {
    fn number(&self, at: usize, size: usize) -> u64 {
        form::number(self.bytes.get(at..).unwrap_or_default(), size)
    }

    fn signed(&mut self, name: &str, at: usize) {
        let value = self.number(at, 4) as i32;
        self.line.text(name);
        self.line.signed(value.into());
    }

    fn pointer(&mut self, name: &str, at: usize) {
        let value = self.number(at, 8);
        self.line.text(name);
        numbers::pointer(self.line, Style::Trace, value);
    }

    fn sender(mut self) {
        self.name_sender();
    }

    fn name_sender(&mut self) {
        self.signed(", si_pid=", SENDER_PROCESS);
        let user = self.number(SENDER_USER, 4);
        self.line.text(", si_uid=");
        self.line.unsigned(user);
    }

    fn sender_with_value(mut self) {
        self.name_sender();
        self.value();
    }

    /// Of which nothing is said if it is a null pointer.
    fn value(mut self) {
        if self.number(VALUE, 8) != 0 {
            self.signed(", si_int=", VALUE);
            self.pointer(", si_ptr=", VALUE);
        }
    }

    fn timer(mut self) {
        self.signed(", si_timerid=", 16);
        self.signed(", si_overrun=", 20);
        self.value();
    }

    fn descriptor(mut self) {
        let band = self.number(16, 8).cast_signed();
        self.line.text(", si_band=");
        self.line.signed(band);
        self.signed(", si_fd=", 24);
    }

    fn address(mut self) {
        self.pointer(", si_addr=", 16);
    }

    fn child(mut self) {
        self.name_sender();
        self.line.text(", si_status=");
        let status = self.number(24, 4) as i32;
        if self.number(8, 4) as i32 == libc::CLD_EXITED {
            self.line.signed(status.into());
        } else {
            signal(self.line, status);
        }
        for (name, at) in [(", si_utime=", 32), (", si_stime=", 40)] {
            let ticks = self.number(at, 8);
            self.line.text(name);
            self.line.unsigned(ticks);
        }
    }

    /// Which call a seccomp filter has refused.
    fn call(mut self) {
        self.pointer(", si_call_addr=", 16);
        let number = self.number(24, 4) as i32;
        self.line.text(", si_syscall=");
        match table::entry(Style::Trace, number.into()).name {
            Some(name) => {
                self.line.text("__NR_");
                self.line.text(name);
            }
            None => self.line.signed(number.into()),
        }
        let machine = self.number(28, 4);
        self.line.text(", si_arch=");
        sets::name(self.line, Style::Trace, machine, MACHINE);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::line::spelled;
    use super::*;

    fn information(words: &[i32]) -> Information {
        let mut bytes = [0; 48];
        for (place, word) in bytes.chunks_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn each_kind_of_signal_says_what_strace_says() {
        for (words, expected) in [
            (&[10, 0, 0, 0, 7, 8][..], "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=8}"),
            (
                &[35, 0, -1, 0, 7, 8, 9],
                "{si_signo=SIGRT_3, si_code=SI_QUEUE, si_pid=7, si_uid=8, si_int=9, si_ptr=0x9}",
            ),
            (&[11, 0, 1, 0, 8], "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8}"),
            (&[11, 0, 128], "{si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=NULL}"),
            (&[8, 0, 1, 0, 8], "{si_signo=SIGFPE, si_code=FPE_INTDIV, si_addr=0x8}"),
            (&[14, 0, 128], "{si_signo=SIGALRM, si_code=SI_KERNEL}"),
            (
                &[14, 0, -2, 0, 0, 0, 7],
                "{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0, si_overrun=0, si_int=7, si_ptr=0x7}",
            ),
            (&[29, 0, 1, 0, 65, 0, 3], "{si_signo=SIGIO, si_code=POLL_IN, si_band=65, si_fd=3}"),
            (&[10, 0, 1, 0, 65, 0, 3], "{si_signo=SIGUSR1, si_code=0x1, si_pid=65, si_uid=0, si_int=3, si_ptr=0x3}"),
            (
                &[17, 0, 2, 0, 7, 0, 15, 0, 1, 0, 2],
                "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=7, si_uid=0, si_status=SIGTERM, si_utime=1, si_stime=2}",
            ),
            (
                &[31, 7, 1, 0, 8, 0, 110, 0xc000_003e_u32 as i32],
                "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_errno=E2BIG, si_call_addr=0x8, si_syscall=__NR_getppid, \
                 si_arch=AUDIT_ARCH_X86_64}",
            ),
        ] {
            let bytes = information(words);
            assert_eq!(spelled(|line| show_information(line, &bytes)), expected);
        }
    }
}
