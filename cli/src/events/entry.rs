//! One thing that happened, as all formats see it.

use std::io;
use std::sync::Arc;

use syscall_intercept::Sysno;
use syscall_intercept::log::signal_name;

use crate::stacks::Frame;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A call that was made and answered.
    Call,
    /// A call that may not come back (`exit_group`, `execve`). If it does, there is another entry, with the result.
    Leaving,
    /// A call that was begun and never came back.
    Unfinished,
    /// A program was started; the text is its command line.
    Program,
    /// A handler of the program has got a signal; the number is the signal's.
    Signal,
    /// A process is over; the text says how. The thread is the one that is named after the process.
    End,
}

/// An entry. Times are nanoseconds since the recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) what: What,
    pub(crate) process: u32,
    pub(crate) thread: u32,
    pub(crate) number: i32,
    pub(crate) args: [i64; 6],
    /// Zero where there is none.
    pub(crate) result: i64,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// The call as a trace shows it, without a newline.
    pub(crate) text: &'a [u8],
    /// Where in the text ` = ` and the result begin; zero where there is none.
    pub(crate) result_at: usize,
    /// Who has made the call, the innermost first; nothing where that was not asked for.
    pub(crate) stack: &'a [Arc<Frame>],
}

/// What is known before the first entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// Nanoseconds since 1970.
    pub(crate) time: u64,
    /// The process that has started the first program.
    pub(crate) parent: u32,
}

/// What is known after the last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ending {
    /// Events that were thrown away because there was no room for them.
    pub(crate) lost: u64,
    /// Events that were never written to their end: their threads were killed, or left them for good.
    pub(crate) torn: u64,
}

/// Where entries go, in their order.
pub(crate) trait Output: Send {
    /// Takes the next one.
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()>;

    /// What was taken can be seen by others.
    fn flush(&mut self) -> io::Result<()>;

    /// There are no more.
    fn end(&mut self, ending: &Ending) -> io::Result<()>;
}

impl Entry<'_> {
    /// The name of the call, or of the signal.
    pub(crate) fn name(&self) -> String {
        match self.what {
            What::Signal => signal_name(self.number).map_or_else(|| format!("signal {}", self.number), str::to_owned),
            What::End => "end".to_owned(),
            _ => name(self.number),
        }
    }

    /// The error that the call has returned, by its name if it has one.
    pub(crate) fn error(&self) -> Option<String> {
        let errno = i32::try_from(self.result).ok().filter(|result| (-4095..0).contains(result))?.checked_neg()?;
        let name = syscall_intercept::Errno::new(errno).name();
        Some(name.map_or_else(|| errno.to_string(), str::to_owned))
    }

    /// How long the call took.
    pub(crate) fn duration(&self) -> u64 {
        self.end.saturating_sub(self.begin)
    }
}

/// The name of a call; `syscall_0x...` for a number that is none's.
pub(crate) fn name(number: i32) -> String {
    let known = usize::try_from(number).ok().and_then(Sysno::new);
    known.map_or_else(|| format!("syscall_{number:#x}"), |number| number.name().to_owned())
}
