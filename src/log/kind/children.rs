//! New processes and threads, and what has become of them.

use super::super::Style;
use super::super::form;
use super::super::line::Line;
use super::super::memory;
use super::super::names::process::CLONE;
use super::super::numbers;
use super::process::{clone_flags, signal};
use super::{Context, Shown, sets};

/// What `wait4` says of a child.
pub(super) fn status(line: &mut Line, status: i32) {
    line.byte(b'[');
    if libc::WIFEXITED(status) {
        line.text("{WIFEXITED(s) && WEXITSTATUS(s) == ");
        line.signed(libc::WEXITSTATUS(status).into());
    } else if libc::WIFSTOPPED(status) {
        line.text("{WIFSTOPPED(s) && WSTOPSIG(s) == ");
        signal(line, libc::WSTOPSIG(status));
    } else if libc::WIFSIGNALED(status) {
        line.text("{WIFSIGNALED(s) && WTERMSIG(s) == ");
        signal(line, libc::WTERMSIG(status));
        if libc::WCOREDUMP(status) {
            line.text(" && WCOREDUMP(s)");
        }
    } else if libc::WIFCONTINUED(status) {
        line.text("{WIFCONTINUED(s)");
    } else {
        line.hex(u64::from(status.cast_unsigned()), 1);
        return line.byte(b']');
    }
    line.text("}]");
}

fn has(flags: u64, any: i32) -> bool {
    flags & u64::from(any.cast_unsigned()) != 0
}

/// `clone(flags, stack, parent_tid, child_tid, tls)`, which strace lists in an order of its own, by name, and only what is used.
pub(super) fn clone(line: &mut Line, context: &Context, index: usize) -> Shown {
    let [flags, stack, parent_tid, child_tid, tls, _] = context.call.args.map(i64::cast_unsigned);
    let style = context.style;
    match index {
        0 => named(line, "child_stack=", |line| numbers::pointer(line, style, stack)),
        1 => named(line, "flags=", |line| clone_flags(line, style, flags)),
        2 if has(flags, libc::CLONE_PARENT_SETTID) => number_at(line, context, "parent_tid=", parent_tid),
        2 if has(flags, libc::CLONE_PIDFD) => number_at(line, context, "pidfd=", parent_tid),
        3 if has(flags, libc::CLONE_SETTLS) => named(line, "tls=", |line| numbers::hex(line, style, tls)),
        4 if has(flags, libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID) => {
            named(line, "child_tidptr=", |line| numbers::pointer(line, style, child_tid));
        }
        _ => return Shown::Skipped,
    }
    Shown::Yes
}

fn named(line: &mut Line, name: &str, value: impl FnOnce(&mut Line)) {
    line.text(name);
    value(line);
}

/// A number that the call has written.
fn number_at(line: &mut Line, context: &Context, name: &str, at: u64) {
    line.text(name);
    if context.success().is_none() || !form::at(line, context.memory, at, &form::processes::INT) {
        numbers::pointer(line, Style::Trace, at);
    }
}

/// The first version of `struct clone_args` (linux/sched.h); its later fields are left out where they are zero.
const FIRST: usize = 64;
const LATEST: usize = 88;

/// What `clone3` is told, and what it has written to where it was told to.
pub(super) fn clone_structure(line: &mut Line, context: &Context, at: u64, size: u64) {
    let mut bytes = [0; LATEST];
    let size = usize::try_from(size).unwrap_or(LATEST).min(LATEST);
    let bytes = bytes.get_mut(..size).unwrap_or_default();
    if size < FIRST || at == 0 || context.memory.read(at, bytes) < size {
        return numbers::pointer(line, Style::Trace, at);
    }
    let word = |index: usize| form::number(bytes.get(index * 8..).unwrap_or_default(), 8);
    let [flags, pidfd, child_tid, parent_tid, end, stack, stack_size, tls] = [0, 1, 2, 3, 4, 5, 6, 7].map(word);
    let [set_tid, set_tid_size, cgroup] = [8, 9, 10].map(word);
    let pointer = |line: &mut Line, name, value| named(line, name, |line| numbers::pointer(line, Style::Trace, value));
    line.text("{flags=");
    sets::flags(line, Style::Trace, flags, CLONE, false);
    if has(flags, libc::CLONE_PIDFD) {
        pointer(line, ", pidfd=", pidfd);
    }
    if has(flags, libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID) {
        pointer(line, ", child_tid=", child_tid);
    }
    if has(flags, libc::CLONE_PARENT_SETTID) {
        pointer(line, ", parent_tid=", parent_tid);
    }
    line.text(", exit_signal=");
    signal(line, end as i32);
    pointer(line, ", stack=", stack);
    named(line, ", stack_size=", |line| numbers::hex(line, Style::Trace, stack_size));
    if has(flags, libc::CLONE_SETTLS) {
        pointer(line, ", tls=", tls);
    }
    if set_tid != 0 || set_tid_size != 0 {
        pointer(line, ", set_tid=", set_tid);
        named(line, ", set_tid_size=", |line| line.unsigned(set_tid_size));
    }
    if cgroup != 0 {
        named(line, ", cgroup=", |line| line.unsigned(cgroup));
    }
    line.byte(b'}');
    if context.success().is_none() {
        return;
    }
    let mut written = [("pidfd=", libc::CLONE_PIDFD, pidfd), ("parent_tid=", libc::CLONE_PARENT_SETTID, parent_tid)]
        .into_iter()
        .filter(|&(_, flag, _)| has(flags, flag))
        .peekable();
    if written.peek().is_none() {
        return;
    }
    line.text(" => {");
    for (index, (name, _, at)) in written.enumerate() {
        if index > 0 {
            line.text(", ");
        }
        number_at(line, context, name, at);
    }
    line.byte(b'}');
}

/// The status that `wait4` has written, if there was a child.
pub(super) fn reaped(line: &mut Line, context: &Context, at: u64) {
    let child = context.success().filter(|&child| child > 0);
    match child.and_then(|_| memory::array(context.memory, at)).map(i32::from_le_bytes) {
        Some(value) if at != 0 => status(line, value),
        _ => numbers::pointer(line, Style::Trace, at),
    }
}
