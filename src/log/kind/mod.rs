//! The kinds of arguments, each with a formatter of its own.

mod address;
mod children;
mod commands;
pub(super) mod modes;
pub(super) mod open;
mod process;
pub(super) mod sets;
pub(super) mod signals;
mod socket;
mod text;
pub(super) mod times;
mod values;
mod vectors;
mod waiting;

use super::form::{self, Form};
use super::line::Line;
use super::memory::Memory;
use super::names::Set;
use super::numbers::{self, int, low};
use super::options::{Hexadecimal, Options};
use super::{Call, Outcome, Style, descriptor};
pub(super) use commands::fcntl_result;
pub(super) use process::signal_name;
use text::{Bytes, End};
use vectors::Holds;
pub(super) use waiting::{polled, selected};

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
    /// What the argument points to, which the call reads.
    Given(&'static Form),
    /// What the argument points to, which the call writes.
    Filled(&'static Form),
    /// The same, if there was a child to tell of.
    FilledOfChild(&'static Form),
    /// The same, if a signal has ended the call early.
    FilledIfInterrupted(&'static Form),
    /// As many numbers as the call has returned.
    Numbers,
    /// When a file was read and when it was written.
    FileTimes,
    /// What is to be done about a signal.
    Action,
    FilledAction,
    FilledInformation,
    /// The address of a socket, whose length the argument at this index says.
    Address(usize),
    /// One that the call writes, with its length where the next argument points.
    FilledAddress,
    /// Pieces of memory; the next argument is how many.
    Vectors,
    FilledVectors,
    Message,
    FilledMessage,
    /// What is waited for; the next argument is how many.
    PollFds,
    EpollEvent,
    FilledEpollEvents,
    /// Descriptors, as many as the first argument says.
    FdSet,
    /// A mask of processors; the argument before is its length in bytes.
    Cpus,
    FilledCpus,
    WaitStatus,
    CloneArgument,
    /// A structure; the next argument is its size.
    CloneStructure,
    /// What follows depends on the command before it.
    IoctlArgument,
    /// Depends on the two before it; the next argument is its length.
    SocketValue,
    FilledSocketValue,
    /// What is written depends on the operation before it.
    ArchArgument,
    /// Directory entries that the call writes.
    OutEntries,
    OpenFlags,
    StatxFlags,
    /// An `int` made of flags.
    Flags(Set),
    /// A `long` made of flags.
    LongFlags(Set),
    /// An `int` that has a name.
    Name(Set),
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
    /// For traces.
    pub(super) options: Options,
}

impl Context<'_> {
    /// The argument at `index`; 0 if there is none.
    fn argument(&self, index: usize) -> i64 {
        self.call.args.get(index).copied().unwrap_or(0)
    }

    /// What the call returned, if it did and without an error.
    pub(super) fn success(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Returned(value) => u64::try_from(value).ok(),
            Outcome::Pending => None,
        }
    }

    /// A descriptor, and what it stands for if that is asked for.
    fn descriptor(&self, line: &mut Line, fd: i32) {
        line.signed(fd.into());
        if fd >= 0 {
            self.path_of(line, fd);
        }
    }

    /// What it stands for, after the call: one that the call has closed stands for nothing.
    fn path_of(&self, line: &mut Line, fd: i32) {
        if self.options.paths {
            descriptor::path(line, fd, self.options.details);
        }
    }

    /// What the call was given to read.
    fn given(&self, line: &mut Line, address: i64, form: &Form) {
        let address = address.cast_unsigned();
        let is_shown = match form {
            _ if self.style == Style::DropIn => false,
            Form::Either { whole, .. } if self.options.whole => form::whole_at(line, self.memory, address, whole),
            _ => form::at(line, self.memory, address, form),
        };
        if !is_shown {
            numbers::pointer(line, self.style, address);
        }
    }

    /// What the call has written; before, and after an error, there is nothing to see.
    fn filled(&self, line: &mut Line, address: i64, form: &Form) {
        match self.success() {
            Some(_) => self.given(line, address, form),
            None => numbers::pointer(line, self.style, address.cast_unsigned()),
        }
    }

    fn quote(&self, line: &mut Line, address: i64, end: End, bytes: Bytes) {
        let address = address.cast_unsigned();
        text::quote(line, self.style, self.memory, address, end, self.options.strings.into(), self.spelled(bytes));
    }

    /// How bytes are to be spelled that would usually be spelled like this.
    fn spelled(&self, bytes: Bytes) -> Bytes {
        match self.options.hexadecimal {
            Hexadecimal::All => Bytes::Random,
            Hexadecimal::Unprintable if bytes == Bytes::Text => Bytes::TextOrRandom,
            _ => bytes,
        }
    }

    /// A buffer that the call has filled; before, and after an error, there is nothing to see in it.
    fn quote_output(&self, line: &mut Line, address: i64, bytes: Bytes) {
        match self.success() {
            Some(length) => self.quote(line, address, End::Length(length), bytes),
            None => numbers::pointer(line, self.style, address.cast_unsigned()),
        }
    }
}

impl Kind {
    /// Whether it says by a pointer what memory looks like.
    pub(super) const fn has_pointer(self) -> bool {
        matches!(self, Kind::Given(_) | Kind::Filled(_) | Kind::FilledOfChild(_) | Kind::FilledIfInterrupted(_))
    }

    /// Whether a log shows the address alone.
    fn is_of_traces(self) -> bool {
        matches!(
            self,
            Kind::Given(_)
                | Kind::Filled(_)
                | Kind::FilledOfChild(_)
                | Kind::FilledIfInterrupted(_)
                | Kind::Numbers
                | Kind::FileTimes
                | Kind::Action
                | Kind::FilledAction
                | Kind::FilledInformation
                | Kind::Address(_)
                | Kind::FilledAddress
                | Kind::Vectors
                | Kind::FilledVectors
                | Kind::Message
                | Kind::FilledMessage
                | Kind::PollFds
                | Kind::EpollEvent
                | Kind::FilledEpollEvents
                | Kind::FdSet
                | Kind::Cpus
                | Kind::FilledCpus
                | Kind::WaitStatus
                | Kind::CloneStructure
                | Kind::IoctlArgument
                | Kind::SocketValue
                | Kind::FilledSocketValue
                | Kind::ArchArgument
        )
    }
}

/// Writes the argument at `index`.
pub(super) fn argument(line: &mut Line, context: &Context, kind: Kind, index: usize) -> Shown {
    let Context { style, .. } = *context;
    let value = context.argument(index);
    match kind {
        kind if kind.is_of_traces() && style == Style::DropIn => numbers::pointer(line, style, value.cast_unsigned()),
        kind if kind.is_of_traces() => structure(line, context, kind, index),
        Kind::CloneArgument => return children::clone(line, context, index),
        Kind::Hex => numbers::hex(line, style, value.cast_unsigned()),
        Kind::Long => line.signed(value),
        Kind::Size => line.unsigned(value.cast_unsigned()),
        Kind::Int => line.signed(i64::from(int(value))),
        Kind::Fd => context.descriptor(line, int(value)),
        Kind::Uint => line.unsigned(low(value)),
        Kind::Mode => numbers::mode(line, style, value.cast_unsigned()),
        Kind::ModeOfNewFile if !open::creates(context.argument(index.saturating_sub(1))) => return Shown::NoneLeft,
        Kind::ModeOfNewFile => numbers::mode(line, style, value.cast_unsigned()),
        Kind::NodeMode => modes::node(line, style, low(value)),
        Kind::Device if !modes::is_device(low(context.argument(index.saturating_sub(1)))) => return Shown::NoneLeft,
        Kind::Device => numbers::hex(line, style, low(value)),
        Kind::IpcFlags => modes::ipc(line, style, low(value)),
        Kind::Pointer => numbers::pointer(line, style, value.cast_unsigned()),
        Kind::DirFd if int(value) == libc::AT_FDCWD => {
            line.text("AT_FDCWD");
            context.path_of(line, libc::AT_FDCWD);
        }
        Kind::DirFd => context.descriptor(line, int(value)),
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
        Kind::StatxFlags => modes::statx_flags(line, style, narrow(style, value)),
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
        // Of traces.
        _ => {}
    }
    Shown::Yes
}

/// Writes an argument of a kind that traces alone show. Apart, since a log must do with little stack.
#[inline(never)]
fn structure(line: &mut Line, context: &Context, kind: Kind, index: usize) {
    let Context { style, .. } = *context;
    let value = context.argument(index);
    let (address, next) = (value.cast_unsigned(), context.argument(index.saturating_add(1)));
    match kind {
        Kind::Given(form) => context.given(line, value, form),
        Kind::Filled(form) => context.filled(line, value, form),
        Kind::FilledOfChild(form) if context.success().is_some_and(|child| child > 0) => {
            context.given(line, value, form)
        }
        Kind::FilledIfInterrupted(form) if context.outcome == Outcome::Returned(-i64::from(libc::EINTR)) => {
            context.given(line, value, form);
        }
        Kind::FilledOfChild(_) | Kind::FilledIfInterrupted(_) => numbers::pointer(line, style, address),
        Kind::Numbers => values::numbers(line, context, address),
        Kind::FileTimes => times::of_file(line, context, address),
        Kind::Action => signals::action(line, context, address),
        Kind::FilledAction if context.success().is_some() => signals::action(line, context, address),
        Kind::FilledAction => numbers::pointer(line, style, address),
        Kind::FilledInformation if context.success().is_some() => signals::information(line, context, address),
        Kind::FilledInformation => numbers::pointer(line, style, address),
        Kind::Address(length) => address::show(line, context, address, low(context.argument(length))),
        Kind::FilledAddress => address::filled(line, context, address, next.cast_unsigned()),
        Kind::Vectors => vectors::show(line, context, address, next.cast_unsigned(), Holds::Given),
        Kind::FilledVectors => vectors::show(line, context, address, next.cast_unsigned(), Holds::after(context)),
        Kind::Message => vectors::message(line, context, address, Holds::Given),
        Kind::FilledMessage => vectors::message(line, context, address, Holds::after(context)),
        Kind::PollFds => waiting::poll(line, context, address, low(next)),
        Kind::EpollEvent if int(context.argument(1)) != libc::EPOLL_CTL_DEL => {
            context.given(line, value, &form::files::EPOLL_EVENT);
        }
        Kind::EpollEvent => numbers::pointer(line, style, address),
        Kind::FilledEpollEvents => waiting::epoll(line, context, address),
        Kind::FdSet => {
            let count = u64::try_from(int(context.argument(0))).unwrap_or(0);
            waiting::bits(line, context, address, count);
        }
        Kind::Cpus => {
            let bytes = low(context.argument(index.saturating_sub(1)));
            waiting::bits(line, context, address, bytes.saturating_mul(8));
        }
        Kind::FilledCpus => match context.success() {
            Some(bytes) => waiting::bits(line, context, address, bytes.saturating_mul(8)),
            None => numbers::pointer(line, style, address),
        },
        Kind::WaitStatus => children::reaped(line, context, address),
        Kind::CloneStructure => children::clone_structure(line, context, address, next.cast_unsigned()),
        Kind::IoctlArgument => commands::ioctl_argument(line, context, index),
        Kind::SocketValue => socket::value(line, context, index, u64::try_from(int(next)).ok()),
        Kind::FilledSocketValue => {
            let length = super::memory::array(context.memory, next.cast_unsigned()).map(i32::from_le_bytes);
            let length = context.success().and(length).and_then(|length| u64::try_from(length).ok());
            socket::value(line, context, index, length);
        }
        Kind::ArchArgument => process::arch_argument(line, context, value),
        // Of logs, too.
        _ => {}
    }
}

/// An `int` as bits. The original widens it as a signed number, which shows where bits without a name are printed.
fn narrow(style: Style, value: i64) -> u64 {
    match style {
        Style::DropIn => i64::from(int(value)).cast_unsigned(),
        Style::Trace => low(value),
    }
}
