//! Addresses of sockets.

use super::super::Style;
use super::super::line::Line;
use super::super::memory;
use super::super::names::network::DOMAIN;
use super::super::numbers;
use super::Context;
use super::sets;
use super::text::{self, Bytes, End};

/// `struct sockaddr_un`, the largest that is looked into.
const LARGEST: usize = 110;
/// Two bytes for the family come first in all of them.
const FAMILY: usize = 2;

/// The address at `address`, of so many bytes.
pub(super) fn show(line: &mut Line, context: &Context, address: u64, length: u64) {
    let mut bytes = [0; LARGEST];
    let length = usize::try_from(length).unwrap_or(LARGEST).min(LARGEST);
    let bytes = bytes.get_mut(..length).unwrap_or_default();
    if length < FAMILY || address == 0 || context.memory.read(address, bytes) < length {
        return numbers::pointer(line, Style::Trace, address);
    }
    let family = number(bytes, 0, 2);
    line.text("{sa_family=");
    sets::name(line, Style::Trace, family, DOMAIN);
    let data = Data { address: address.wrapping_add(FAMILY as u64), bytes };
    match (family as i32, length) {
        (_, FAMILY) => {}
        (libc::AF_UNIX, _) => data.local(line, context),
        (libc::AF_INET, 16..) => data.internet(line),
        (libc::AF_INET6, 24..) => data.internet_6(line),
        (libc::AF_NETLINK, 12..) => data.netlink(line),
        _ => {
            line.text(", sa_data=");
            data.quote(line, context, data.address, length.saturating_sub(FAMILY));
        }
    }
    line.text("}");
}

/// As many bytes as the length at `length_at` says that the call has written, and not more than there is.
pub(super) fn filled(line: &mut Line, context: &Context, address: u64, length_at: u64) {
    let length = memory::array(context.memory, length_at).map(i32::from_le_bytes);
    match (context.success(), length.and_then(|length| u64::try_from(length).ok())) {
        (Some(_), Some(length)) if length > 0 => show(line, context, address, length),
        _ => numbers::pointer(line, Style::Trace, address),
    }
}

struct Data<'a> {
    /// Of what follows the family.
    address: u64,
    bytes: &'a [u8],
}

impl Data<'_> {
    fn quote(&self, line: &mut Line, context: &Context, address: u64, length: usize) {
        // However long: an address is shown whole.
        let (end, bytes) = (End::Length(length as u64), context.spelled(Bytes::Text));
        text::quote_at_most(line, context.memory, address, end, LARGEST, bytes);
    }

    /// `AF_UNIX`: a path, or a name that begins with a zero byte and is no file.
    fn local(&self, line: &mut Line, context: &Context) {
        line.text(", sun_path=");
        let name = self.bytes.get(FAMILY..).unwrap_or_default();
        if let Some((0, rest)) = name.split_first() {
            line.byte(b'@');
            return self.quote(line, context, self.address.wrapping_add(1), rest.len());
        }
        self.quote(line, context, self.address, name.iter().take_while(|&&byte| byte != 0).count());
    }

    fn internet(&self, line: &mut Line) {
        self.port(line, "sin");
        line.text(", sin_addr=inet_addr(\"");
        for index in 4..8 {
            if index > 4 {
                line.byte(b'.');
            }
            line.unsigned(number(self.bytes, index, 1));
        }
        line.text("\")");
    }

    fn internet_6(&self, line: &mut Line) {
        self.port(line, "sin6");
        line.text(", sin6_flowinfo=htonl(");
        line.unsigned(u64::from((number(self.bytes, 4, 4) as u32).swap_bytes()));
        line.text("), inet_pton(AF_INET6, \"");
        let address = self.bytes.get(8..24).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).unwrap_or_default();
        // Formats without allocating.
        let _ = core::fmt::Write::write_fmt(line, format_args!("{}", core::net::Ipv6Addr::from(address)));
        line.text("\", &sin6_addr)");
        if self.bytes.len() >= 28 {
            line.text(", sin6_scope_id=");
            line.unsigned(number(self.bytes, 24, 4));
        }
    }

    fn port(&self, line: &mut Line, prefix: &str) {
        line.text(", ");
        line.text(prefix);
        line.text("_port=htons(");
        line.unsigned(u64::from((number(self.bytes, 2, 2) as u16).swap_bytes()));
        line.text(")");
    }

    fn netlink(&self, line: &mut Line) {
        let padding = number(self.bytes, 2, 2);
        if padding != 0 {
            line.text(", nl_pad=");
            line.hex(padding, 1);
        }
        line.text(", nl_pid=");
        line.signed(i64::from(number(self.bytes, 4, 4) as i32));
        line.text(", nl_groups=");
        match number(self.bytes, 8, 4) {
            // C's `%#08x`: eight places, of which the prefix takes two, and zero has none.
            0 => line.text("00000000"),
            groups => line.hex(groups, 6),
        }
    }
}

fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    super::super::form::number(bytes.get(at..).unwrap_or_default(), size)
}
