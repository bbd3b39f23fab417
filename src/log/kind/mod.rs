//! The kinds of arguments, each with a formatter of its own.

mod commands;
mod modes;
mod open;
mod process;
mod sets;
mod socket;
mod text;
mod values;

use super::line::Line;
use super::memory::Memory;
use super::names::Set;
use super::numbers::{self, int, low};
use super::{Call, Outcome, Style};
pub(super) use commands::fcntl_result;
use text::{Bytes, End};

/// What an argument is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A word that is not interpreted.
    Hex,
    /// A signed 64-bit number: an offset.
    Long,
    /// An unsigned 64-bit number: a size.
    Size,
    /// A signed 32-bit number.
    Int,
    /// An unsigned 32-bit number.
    Uint,
    /// Permissions of a file.
    Mode,
    /// Permissions that count only if the flags before them create a file; otherwise the list ends here.
    ModeOfNewFile,
    /// Permissions of a file and above them its type.
    NodeMode,
    /// The number of a device, if the file before it is one; otherwise the list ends here.
    Device,
    /// Permissions of shared memory, semaphores or a queue, and above them flags.
    IpcFlags,
    /// An address that is not looked at.
    Pointer,
    Fd,
    /// A descriptor that `AT_FDCWD` may stand for.
    DirFd,
    /// A path that ends in a zero byte.
    Path,
    /// Another string that ends in a zero byte.
    Text,
    /// Bytes that the call reads, as many as the argument at this index says.
    In(usize),
    /// Bytes that the call writes, as many as it returns.
    Out,
    /// The same, but random.
    OutRandom,
    /// The same, a string with its zero byte.
    OutPath,
    /// Two descriptors that the call writes.
    OutFds,
    /// Directory entries that the call writes.
    OutEntries,
    OpenFlags,
    /// An `int` made of flags.
    Flags(&'static Set),
    /// A `long` made of flags.
    LongFlags(&'static Set),
    /// An `int` that has a name.
    Name(&'static Set),
    Signal,
    CloneFlags,
    /// The arguments of a program, strings up to a null pointer.
    Arguments,
    /// The same for its environment, which is only counted.
    Environment,
    FcntlCommand,
    /// What follows depends on the command before it.
    FcntlArgument,
    IoctlCommand,
    FutexOperation,
    /// What follows the third argument of `futex` depends on the operation.
    FutexArgument,
    PrctlArgument,
    SocketType,
    /// Depends on the domain two arguments before.
    SocketProtocol,
    /// Depends on the level before it.
    SocketOption,
}

/// Whether an argument, and those after it, belong into the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Yes,
    /// The call does not look at this argument.
    Skipped,
    /// The call looks neither at this nor at a later argument.
    NoneLeft,
}

/// All there is to know about a call when one of its arguments is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    pub(super) style: Style,
    pub(super) call: &'a Call<'a>,
    pub(super) outcome: Outcome,
    pub(super) memory: &'a dyn Memory,
}

impl Context<'_> {
    /// The argument at `index`; 0 if there is none.
    fn argument(&self, index: usize) -> i64 {
        self.call.args.get(index).copied().unwrap_or(0)
    }

    /// What the call returned, if it did and without an error.
    fn success(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Returned(value) => u64::try_from(value).ok(),
            Outcome::Pending => None,
        }
    }

    fn quote(&self, line: &mut Line, address: i64, end: End, bytes: Bytes) {
        text::quote(line, self.style, self.memory, address.cast_unsigned(), end, bytes);
    }

    /// A buffer that the call has filled; before, and after an error, there is nothing to see in it.
    fn quote_output(&self, line: &mut Line, address: i64, bytes: Bytes) {
        match self.success() {
            Some(length) => self.quote(line, address, End::Length(length), bytes),
            None => numbers::pointer(line, self.style, address.cast_unsigned()),
        }
    }
}

/// Writes the argument at `index`.
pub(super) fn argument(line: &mut Line, context: &Context, kind: Kind, index: usize) -> Shown {
    let Context { style, .. } = *context;
    let value = context.argument(index);
    match kind {
        Kind::Hex => numbers::hex(line, style, value.cast_unsigned()),
        Kind::Long => line.signed(value),
        Kind::Size => line.unsigned(value.cast_unsigned()),
        Kind::Int | Kind::Fd => line.signed(i64::from(int(value))),
        Kind::Uint => line.unsigned(low(value)),
        Kind::Mode => numbers::mode(line, style, value.cast_unsigned()),
        Kind::ModeOfNewFile if !open::creates(context.argument(index.saturating_sub(1))) => return Shown::NoneLeft,
        Kind::ModeOfNewFile => numbers::mode(line, style, value.cast_unsigned()),
        Kind::NodeMode => modes::node(line, style, low(value)),
        Kind::Device if !modes::is_device(low(context.argument(index.saturating_sub(1)))) => return Shown::NoneLeft,
        Kind::Device => numbers::hex(line, style, low(value)),
        Kind::IpcFlags => modes::ipc(line, style, low(value)),
        Kind::Pointer => numbers::pointer(line, style, value.cast_unsigned()),
        Kind::DirFd if int(value) == libc::AT_FDCWD => line.text("AT_FDCWD"),
        Kind::DirFd => line.signed(i64::from(int(value))),
        Kind::Path => context.quote(line, value, End::NulOfPath, Bytes::Text),
        Kind::Text => context.quote(line, value, End::Nul, Bytes::Text),
        Kind::In(length) => {
            let length = context.argument(length).cast_unsigned();
            context.quote(line, value, End::Length(length), Bytes::Text);
        }
        Kind::Out => context.quote_output(line, value, Bytes::Text),
        Kind::OutRandom => context.quote_output(line, value, Bytes::Random),
        Kind::OutPath if context.success().is_some() => context.quote(line, value, End::NulOfPath, Bytes::Text),
        Kind::OutPath => numbers::pointer(line, style, value.cast_unsigned()),
        Kind::OutFds => values::descriptors(line, context, value.cast_unsigned()),
        Kind::OutEntries => values::directory_entries(line, context, value.cast_unsigned()),
        Kind::OpenFlags => open::flags(line, style, value),
        Kind::Flags(set) => sets::flags(line, style, narrow(style, value), set, false),
        Kind::LongFlags(set) => sets::flags(line, style, value.cast_unsigned(), set, false),
        Kind::Name(set) => sets::name(line, style, narrow(style, value), set),
        Kind::Signal => process::signal(line, int(value)),
        Kind::CloneFlags => process::clone_flags(line, style, value.cast_unsigned()),
        Kind::Arguments => values::strings(line, context, value.cast_unsigned()),
        Kind::Environment => values::variables(line, context, value.cast_unsigned()),
        Kind::FcntlCommand => commands::fcntl(line, style, value),
        Kind::FcntlArgument => return commands::fcntl_argument(line, context, index),
        Kind::IoctlCommand => commands::ioctl(line, style, low(value)),
        Kind::FutexOperation => process::futex_operation(line, style, low(value)),
        Kind::FutexArgument => return process::futex_argument(line, context, index),
        Kind::PrctlArgument => return process::prctl_argument(line, context, index),
        Kind::SocketType => socket::kind(line, style, low(value)),
        Kind::SocketProtocol => socket::protocol(line, style, int(context.argument(index.saturating_sub(2))), value),
        Kind::SocketOption => socket::option(line, style, int(context.argument(index.saturating_sub(1))), value),
    }
    Shown::Yes
}

/// An `int` as bits. The original widens it as a signed number, which shows where bits without a name are printed.
fn narrow(style: Style, value: i64) -> u64 {
    match style {
        Style::DropIn => i64::from(int(value)).cast_unsigned(),
        Style::Trace => low(value),
    }
}
