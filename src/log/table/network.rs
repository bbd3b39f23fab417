//! Sockets.

use syscalls::Sysno as S;

use super::super::kind::Kind::*;
use super::super::names::network::*;
use super::Returns::Number;
use super::{Row, call};

pub(super) const ROWS: &[(S, Row)] = &[
    call(S::socket, Number, &[Name(DOMAIN), SocketType, SocketProtocol]),
    call(S::socketpair, Number, &[Name(DOMAIN), SocketType, SocketProtocol, OutFds]),
    call(S::bind, Number, &[Fd, Pointer, Uint]),
    call(S::listen, Number, &[Fd, Int]),
    call(S::connect, Number, &[Fd, Pointer, Uint]),
    call(S::accept, Number, &[Fd, Pointer, Pointer]),
    call(S::accept4, Number, &[Fd, Pointer, Pointer, Flags(TYPE_FLAGS)]),
    call(S::getsockname, Number, &[Fd, Pointer, Pointer]),
    call(S::getpeername, Number, &[Fd, Pointer, Pointer]),
    call(S::sendto, Number, &[Fd, In(2), Size, Flags(MSG), Pointer, Uint]),
    call(S::recvfrom, Number, &[Fd, Out, Size, Flags(MSG), Pointer, Pointer]),
    call(S::sendmsg, Number, &[Fd, Pointer, Flags(MSG)]),
    call(S::recvmsg, Number, &[Fd, Pointer, Flags(MSG)]),
    call(S::sendmmsg, Number, &[Fd, Pointer, Uint, Flags(MSG)]),
    call(S::recvmmsg, Number, &[Fd, Pointer, Uint, Flags(MSG), Pointer]),
    call(S::shutdown, Number, &[Fd, Name(SHUTDOWN)]),
    call(S::setsockopt, Number, &[Fd, Name(LEVEL), SocketOption, Pointer, Int]),
    call(S::getsockopt, Number, &[Fd, Name(LEVEL), SocketOption, Pointer, Pointer]),
];
