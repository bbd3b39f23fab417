//! What a socket of this process connects, asked from the kernel as the program could ask: `TCP:[127.0.0.1:80->127.0.0.1:4711]`.
#![allow(unsafe_code, reason = "system calls that write into buffers")]

use core::fmt::Write as _;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::form::{number, quoted};
use super::line::Line;
use super::names::network::NETLINK;
use crate::sys::raw::syscall;

/// `struct sockaddr_un`, the largest address that is looked into.
const LARGEST: usize = 110;

/// Writes what is known of the socket `socket:[7]`; `false`, and nothing written, if this is none, or of a kind without details.
pub(super) fn show(line: &mut Line, fd: i32, target: &[u8]) -> bool {
    let Some(inode) = target.strip_prefix(b"socket:[").and_then(|rest| rest.strip_suffix(b"]")) else { return false };
    let [domain, kind, protocol] = [libc::SO_DOMAIN, libc::SO_TYPE, libc::SO_PROTOCOL].map(|name| option(fd, name));
    let (mut here, mut there) = ([0; LARGEST], [0; LARGEST]);
    let here = address(libc::SYS_getsockname, fd, &mut here);
    let there = address(libc::SYS_getpeername, fd, &mut there);
    match domain {
        libc::AF_INET | libc::AF_INET6 => {
            let Some(name) = transport(kind, protocol) else { return false };
            line.text(name);
            line.text(if domain == libc::AF_INET6 { "v6:[" } else { ":[" });
            // A port is what makes it known to others.
            if kind == libc::SOCK_RAW || !internet(line, here) {
                line.copy(inode);
            } else if there.len() > PORT {
                line.text("->");
                internet(line, there);
            }
        }
        libc::AF_UNIX => {
            line.text(if kind == libc::SOCK_STREAM { "UNIX-STREAM:[" } else { "UNIX:[" });
            line.copy(inode);
            local(line, here);
        }
        libc::AF_NETLINK => {
            line.text("NETLINK:[");
            match port_of_netlink(here) {
                0 => line.copy(inode),
                port => {
                    let name = NETLINK.name_of(u64::from(protocol.cast_unsigned())).unwrap_or("NETLINK_???");
                    line.text(name.strip_prefix("NETLINK_").unwrap_or(name));
                    line.byte(b':');
                    line.unsigned(port);
                }
            }
        }
        _ => return false,
    }
    line.byte(b']');
    true
}

fn transport(kind: i32, protocol: i32) -> Option<&'static str> {
    match (kind, protocol) {
        (libc::SOCK_RAW, _) => Some("RAW"),
        (_, libc::IPPROTO_TCP) => Some("TCP"),
        (_, libc::IPPROTO_UDP) => Some("UDP"),
        (_, libc::IPPROTO_UDPLITE) => Some("UDPLITE"),
        (_, libc::IPPROTO_SCTP) => Some("SCTP"),
        (libc::SOCK_DGRAM, libc::IPPROTO_ICMP | libc::IPPROTO_ICMPV6) => Some("PING"),
        _ => None,
    }
}

/// -1 if there is none.
fn option(fd: i32, name: i32) -> i32 {
    let (mut value, mut length) = (0_i32, size_of::<i32>() as i32);
    let to = [&raw mut value as i64, &raw mut length as i64];
    let args = [fd.into(), libc::SOL_SOCKET.into(), name.into(), to[0], to[1], 0];
    // SAFETY: room for a number, and its length.
    if unsafe { syscall(libc::SYS_getsockopt, args) } == 0 { value } else { -1 }
}

/// The address that a call writes; nothing if it fails.
fn address(number: i64, fd: i32, room: &mut [u8; LARGEST]) -> &[u8] {
    let mut length = LARGEST as i32;
    let args = [fd.into(), room.as_mut_ptr() as i64, &raw mut length as i64, 0, 0, 0];
    // SAFETY: the kernel writes no more than there is room for.
    let answer = unsafe { syscall(number, args) };
    let length = usize::try_from(length).unwrap_or(0).min(LARGEST);
    if answer == 0 { room.get(..length).unwrap_or_default() } else { &[] }
}

/// Where the port is in `struct sockaddr_in` and `sockaddr_in6`.
const PORT: usize = 2;

fn at(address: &[u8], at: usize, size: usize) -> u64 {
    number(address.get(at..).unwrap_or_default(), size)
}

/// `127.0.0.1:80`, `[::1]:80`; `false`, and nothing written, for an address without a port.
fn internet(line: &mut Line, address: &[u8]) -> bool {
    let port = (at(address, PORT, 2) as u16).swap_bytes();
    if port == 0 {
        return false;
    }
    let bytes = |from: usize, to: usize| address.get(from..to).unwrap_or_default();
    // Formats without allocating, and a line takes everything.
    if let Ok(four) = <[u8; 4]>::try_from(bytes(4, 8))
        && at(address, 0, 2) == libc::AF_INET as u64
    {
        let _ = write!(line, "{}", Ipv4Addr::from(four));
    } else if let Ok(sixteen) = <[u8; 16]>::try_from(bytes(8, 24)) {
        let _ = write!(line, "[{}]", Ipv6Addr::from(sixteen));
    }
    line.byte(b':');
    line.unsigned(port.into());
    true
}

/// `,"path"` or `,@"name"`, if it has one.
fn local(line: &mut Line, address: &[u8]) {
    let name = address.get(size_of::<libc::sa_family_t>()..).unwrap_or_default();
    let (name, is_abstract) = match name {
        [] => return,
        [0, name @ ..] => (name, true),
        name => (name.split(|&byte| byte == 0).next().unwrap_or_default(), false),
    };
    line.text(if is_abstract { ",@" } else { "," });
    quoted(line, name);
}

/// `nl_pid` of `struct sockaddr_nl`.
fn port_of_netlink(address: &[u8]) -> u64 {
    at(address, 4, 4)
}
