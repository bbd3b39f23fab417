//! What kind of socket, and what to do with it.

use super::super::Style;
use super::super::line::Line;
use super::super::names::network::{NETLINK, PROTOCOL, SOCKET_OPTION, TYPE, TYPE_FLAGS};
use super::super::numbers::{self, int, low};
use super::sets;

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
        _ => numbers::hex(line, style, low(value)),
    }
}
