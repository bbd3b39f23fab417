//! The sites that are left alone on purpose.

use super::rung::Reason;
use crate::disasm::{Site, signal_return::is_signal_return};

/// `munmap`, arch/x86/entry/syscalls/syscall_64.tbl in the kernel.
const MUNMAP: u32 = 11;
/// `exit`, of a thread.
const EXIT: u32 = 60;

/// Whether a site must not be taken, given its neighbours.
pub(super) fn exception(site: &Site, previous: Option<&Site>, next: Option<&Site>) -> Option<Reason> {
    if let Some(target) = site.detour {
        return Some(Reason::AlreadyPatched(target));
    }
    if is_unwinders_signature(site) {
        return Some(Reason::SignalReturn);
    }
    let unmaps_stack = next.is_some_and(|next| stands_on_unmapped_stack(next, site));
    let has_no_stack = previous.is_some_and(|previous| stands_on_unmapped_stack(site, previous));
    (unmaps_stack || has_no_stack).then_some(Reason::NoStack)
}

/// Without call frame information the bytes of `__restore_rt` are all that unwinders have. Seen in musl 1.2.3; glibc
/// describes the function, also in static programs (Debian's `ldconfig`).
fn is_unwinders_signature(site: &Site) -> bool {
    let Some(last) = site.before.last().filter(|_| !site.unwind_info && site.length == 2) else { return false };
    is_signal_return(&[last.bytes(), &[0x0f, 0x05]].concat())
}

/// musl's `__unmapself` (src/thread/x86_64/__unmapself.s) ends a detached thread: `munmap` of its own stack, then `exit`.
/// Seen in musl 1.2.3, and in Docker's static client.
fn stands_on_unmapped_stack(site: &Site, previous: &Site) -> bool {
    site.line == previous.end() && previous.number == Some(MUNMAP) && site.number == Some(EXIT)
}
