//! What kind of socket, and what to do with it.

use super::super::Style;
use super::super::form::{
    self,
    processes::INT,
    sockets::{CREDENTIALS, LINGER},
};
use super::super::line::Line;
use super::super::names::network::{
    IP_OPTION, IPV6_OPTION, NETLINK, PROTOCOL, SOCKET_OPTION, TCP_OPTION, TYPE, TYPE_FLAGS,
};
use super::super::numbers::{self, int, low};
use super::text::{Bytes, End};
use super::{Context, sets};

/// The second argument of `socket`: a type with flags above it.
pub(super) fn kind(line: &mut Line, style: Style, value: u64) {
    const FLAGS: u64 = (libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK) as u64;
    sets::name(line, style, value & !FLAGS, TYPE);
    if value & FLAGS != 0 {
        sets::flags(line, style, value & FLAGS, TYPE_FLAGS, true);
    }
}

pub(super) fn protocol(line: &mut Line, style: Style, domain: i32, value: i64) {
    match domain {
        libc::AF_INET | libc::AF_INET6 => sets::name(line, style, low(value), PROTOCOL),
        libc::AF_NETLINK => sets::name(line, style, low(value), NETLINK),
        _ => line.signed(i64::from(int(value))),
    }
}

pub(super) fn option(line: &mut Line, style: Style, level: i32, value: i64) {
    match level {
        libc::SOL_SOCKET => sets::name(line, style, low(value), SOCKET_OPTION),
        libc::SOL_TCP if style == Style::Trace => sets::name(line, style, low(value), TCP_OPTION),
        libc::SOL_IP if style == Style::Trace => sets::name(line, style, low(value), IP_OPTION),
        libc::SOL_IPV6 if style == Style::Trace => sets::name(line, style, low(value), IPV6_OPTION),
        _ => numbers::hex(line, style, low(value)),
    }
}

/// What an option is set to, of so many bytes: most are numbers.
pub(super) fn value(line: &mut Line, context: &Context, index: usize, length: Option<u64>) {
    let value = context.argument(index);
    let (level, option) = (int(context.argument(1)), int(context.argument(2)));
    let structure = match (level, option, length) {
        (libc::SOL_SOCKET, libc::SO_LINGER, Some(8)) => Some(&LINGER),
        (libc::SOL_SOCKET, libc::SO_PEERCRED, Some(12)) => Some(&CREDENTIALS),
        (_, _, Some(4)) => Some(&INT),
        _ => None,
    };
    let shown = structure.is_some_and(|form| form::at(line, context.memory, value.cast_unsigned(), form));
    match length {
        _ if shown => {}
        Some(length) => context.quote(line, value, End::Length(length), Bytes::Text),
        None => numbers::pointer(line, context.style, value.cast_unsigned()),
    }
}
