//! Sockets.

use syscalls::Sysno as S;

use super::super::form::sockets::LENGTH;
use super::super::kind::Kind::*;
use super::super::names::network::*;
use super::Returns::{Descriptor, Number};
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::socket, Descriptor, &[Name(DOMAIN), SocketType, SocketProtocol]),
    call(S::socketpair, Number, &[Name(DOMAIN), SocketType, SocketProtocol, OutFds]),
    call(S::bind, Number, &[Fd, Address(2), Int]),
    call(S::listen, Number, &[Fd, Int]),
    call(S::connect, Number, &[Fd, Address(2), Int]),
    call(S::accept, Descriptor, &[Fd, FilledAddress, Given(&LENGTH)]),
    call(S::accept4, Descriptor, &[Fd, FilledAddress, Given(&LENGTH), Flags(TYPE_FLAGS)]),
    call(S::getsockname, Number, &[Fd, FilledAddress, Given(&LENGTH)]),
    call(S::getpeername, Number, &[Fd, FilledAddress, Given(&LENGTH)]),
    call(S::sendto, Number, &[Fd, In(2), Size, Flags(MSG), Address(5), Uint]),
    call(S::recvfrom, Number, &[Fd, Out, Size, Flags(MSG), FilledAddress, Given(&LENGTH)]),
    call(S::sendmsg, Number, &[Fd, Message, Flags(MSG)]),
    call(S::recvmsg, Number, &[Fd, FilledMessage, Flags(MSG)]),
    call(S::sendmmsg, Number, &[Fd, Pointer, Uint, Flags(MSG)]),
    call(S::recvmmsg, Number, &[Fd, Pointer, Uint, Flags(MSG), Pointer]),
    call(S::shutdown, Number, &[Fd, Name(SHUTDOWN)]),
    call(S::setsockopt, Number, &[Fd, Name(LEVEL), SocketOption, SocketValue, Int]),
    call(S::getsockopt, Number, &[Fd, Name(LEVEL), SocketOption, FilledSocketValue, Given(&LENGTH)]),
];
