//! How processes end, which they cannot tell themselves when they are killed.
//!
//! Three tell it instead: this command's own `wait`, of its children; a descriptor of the process, which Linux 6.15 and newer can
//! be asked for the exit status (`PIDFD_INFO_EXIT`), if the process was heard of before it ended; and the parent's `wait4`, where
//! that is recorded.
#![allow(unsafe_code, reason = "descriptors of processes")]

use std::collections::{HashMap, HashSet};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, Sender, channel};

use syscall_intercept::log::signal_name;

/// A process that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) process: u32,
    pub(crate) status: ExitStatus,
}

/// What strace says of it.
pub(crate) fn in_words(status: ExitStatus) -> String {
    match status.signal() {
        None => format!("+++ exited with {} +++", status.code().unwrap_or_default()),
        Some(signal) => {
            let name = signal_name(signal).map_or_else(|| real_time(signal), str::to_owned);
            format!("+++ killed by {name}{} +++", if status.core_dumped() { " (core dumped)" } else { "" })
        }
    }
}

fn real_time(signal: i32) -> String {
    match signal - 32 {
        0 => "SIGRTMIN".to_owned(),
        above => format!("SIGRT_{above}"),
    }
}

/// What a trace shows of a status that `wait4` has returned, read back.
pub(crate) fn read_in(line: &str) -> Option<String> {
    let value = |name: &str| {
        let (_, behind) = line.split_once(name)?;
        behind.split([' ', '}']).next()
    };
    if let Some(status) = value("WEXITSTATUS(s) == ") {
        return Some(format!("+++ exited with {status} +++"));
    }
    let signal = value("WTERMSIG(s) == ")?;
    Some(format!("+++ killed by {signal}{} +++", if line.contains("WCOREDUMP(s)") { " (core dumped)" } else { "" }))
}

/// Processes that were heard of, and have not ended as far as is known.
#[derive(Debug)]
pub(crate) struct Ends {
    live: HashSet<u32>,
    watched: HashMap<u32, OwnedFd>,
    tell: Sender<Ended>,
    told: Receiver<Ended>,
}

impl Ends {
    pub(crate) fn new() -> Ends {
        let (tell, told) = channel();
        Ends { live: HashSet::new(), watched: HashMap::new(), tell, told }
    }

    /// For whoever waits for children.
    pub(crate) fn teller(&self) -> Sender<Ended> {
        self.tell.clone()
    }

    /// Something is heard of a process.
    pub(crate) fn hear_of(&mut self, process: u32) {
        if self.live.insert(process)
            && let Some(descriptor) = open(process)
        {
            self.watched.insert(process, descriptor);
        }
    }

    /// Its end is told of; says whether it was not known yet.
    pub(crate) fn ends(&mut self, process: u32) -> bool {
        self.watched.remove(&process);
        self.live.remove(&process)
    }

    /// The processes that have ended since this was asked the last time.
    pub(crate) fn ended(&mut self) -> Vec<Ended> {
        let mut ended: Vec<Ended> = self.told.try_iter().collect();
        let mut asked: Vec<libc::pollfd> = self.watched.values().map(waits_for_end).collect();
        // SAFETY: as many descriptors as there are; does not block.
        let ready = unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, 0) };
        if ready > 0 {
            let over: HashSet<i32> = asked.iter().filter(|asked| asked.revents != 0).map(|asked| asked.fd).collect();
            self.watched.retain(|&process, descriptor| {
                if !over.contains(&descriptor.as_raw_fd()) {
                    return true;
                }
                match ask(descriptor) {
                    Answer::Ended(status) => ended.push(Ended { process, status }),
                    // Its parent has not been told yet.
                    Answer::NotYet => return true,
                    Answer::Nothing => {}
                }
                false
            });
        }
        ended
    }
}

fn waits_for_end(descriptor: &OwnedFd) -> libc::pollfd {
    libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 }
}

/// A descriptor of a process that descends from this one. In a namespace of its own a process has another id than here, which may
/// be that of a stranger.
fn open(process: u32) -> Option<OwnedFd> {
    let process = process.cast_signed();
    // SAFETY: asks for a descriptor.
    let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
    let descriptor = i32::try_from(descriptor).ok().filter(|&descriptor| descriptor >= 0)?;
    // SAFETY: it is new, and nobody else's.
    let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
    descends_from_us(process).then_some(descriptor)
}

fn descends_from_us(process: i32) -> bool {
    const DEEPEST: usize = 1000;
    let us = std::process::id().cast_signed();
    let ancestors = std::iter::successors(parent(process), |&process| parent(process));
    ancestors.take(DEEPEST).any(|ancestor| ancestor == us)
}

/// The fourth field; the second one, in brackets, may hold anything.
fn parent(process: i32) -> Option<i32> {
    let text = std::fs::read(format!("/proc/{process}/stat")).ok()?;
    let behind = text.iter().rposition(|&byte| byte == b')')?;
    let fields = String::from_utf8_lossy(text.get(behind..)?).into_owned();
    fields.split(' ').nth(2)?.parse().ok().filter(|&parent| parent > 0)
}

enum Answer {
    Ended(ExitStatus),
    NotYet,
    /// The kernel does not know.
    Nothing,
}

/// `struct pidfd_info` of `linux/pidfd.h`, in its first version.
#[repr(C)]
#[derive(Default)]
struct Information {
    mask: u64,
    control_group: u64,
    /// Ids of process, thread group and parent, and of users and groups.
    ids: [u32; 11],
    status: i32,
}

/// `_IOWR(0xff, 11, struct pidfd_info)`
const GET_INFORMATION: libc::c_ulong = 3 << 30 | (size_of::<Information>() as libc::c_ulong) << 16 | 0xff << 8 | 11;
const EXIT: u64 = 1 << 3;

fn ask(descriptor: &OwnedFd) -> Answer {
    let mut information = Information { mask: EXIT, ..Information::default() };
    // SAFETY: the request says how much room there is.
    let answer = unsafe { libc::ioctl(descriptor.as_raw_fd(), GET_INFORMATION, &raw mut information) };
    match answer {
        0 if information.mask & EXIT != 0 => Answer::Ended(ExitStatus::from_raw(information.status)),
        0 => Answer::NotYet,
        _ => Answer::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_as_strace_does() {
        for (status, words) in [
            (3 << 8, "+++ exited with 3 +++"),
            (9, "+++ killed by SIGKILL +++"),
            (11 | 0x80, "+++ killed by SIGSEGV (core dumped) +++"),
            (40, "+++ killed by SIGRT_8 +++"),
        ] {
            assert_eq!(in_words(ExitStatus::from_raw(status)), words);
        }
        for (line, words) in [
            ("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 7", Some("+++ exited with 3 +++")),
            ("wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 7", Some("+++ killed by SIGKILL +++")),
            (
                "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL) = 7",
                Some("+++ killed by SIGSEGV (core dumped) +++"),
            ),
            ("wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTSTP}], 0, NULL) = 7", None),
            ("wait4(-1, NULL, 0, NULL) = 7", None),
        ] {
            assert_eq!(read_in(line).as_deref(), words);
        }
    }

    #[test]
    fn a_process_that_is_killed_is_told_of() {
        let mut child = std::process::Command::new("sleep").arg("100").spawn().expect("a program");
        let mut ends = Ends::new();
        ends.hear_of(child.id());
        let has_information = matches!(ask(&ends.watched[&child.id()]), Answer::NotYet);
        assert_eq!(ends.ended(), []);
        child.kill().expect("a child");
        let status = child.wait().expect("a child");
        let found = ends.ended();
        let expected = Ended { process: child.id(), status };
        // Kernels before 6.15 do not know it.
        assert!(found == [expected] || found.is_empty() && (!has_information || is_older_than_6_15()), "{found:?}");
        ends.teller().send(expected).expect("a receiver");
        assert_eq!(ends.ended(), [expected]);
        assert!(ends.ends(child.id()) && !ends.ends(child.id()));
    }

    fn is_older_than_6_15() -> bool {
        let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
        let mut parts = text.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next(), parts.next()) < (Some(6), Some(15))
    }
}
