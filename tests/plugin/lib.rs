//! Does with each of some calls something that plugins may do. `tests/c/calls_under_plugin.c` makes these calls.

mod states;

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt as _;

use states::States;
use syscall_intercept::{Action, Errno, Heap, LogSink, OnFault, OnPanic, PATH_MAX, Plugin, Syscall, Sysno, plugin};

/// Hooks allocate inside of the program's `malloc`.
#[global_allocator]
static HEAP: Heap = Heap::new();

plugin!(
    TEST_PLUGIN,
    only: [
        Sysno::openat, Sysno::read, Sysno::write, Sysno::getrandom, Sysno::getppid, Sysno::getuid, Sysno::sched_yield,
        Sysno::uname, Sysno::mmap, Sysno::munmap, Sysno::brk, Sysno::mprotect, Sysno::madvise, Sysno::sched_get_priority_max,
        Sysno::sched_get_priority_min, Sysno::times, Sysno::dup, Sysno::umask,
    ],
    on_panic: on_panic(),
    on_fault: on_fault(),
);

/// Asked when the plugin is loaded.
fn on_panic() -> OnPanic {
    if std::env::var_os("DISABLE_ON_PANIC").is_some() { OnPanic::Disable } else { OnPanic::Abort }
}

/// The same.
fn on_fault() -> OnFault {
    if std::env::var_os("DISABLE_ON_FAULT").is_some() { OnFault::Disable } else { OnFault::Abort }
}

/// Writes where nothing is.
#[inline(never)]
fn fault() {
    // SAFETY: there is none.
    #[allow(unsafe_code, reason = "a fault")]
    unsafe {
        std::ptr::without_provenance_mut::<u8>(16).write_volatile(1);
    }
}

struct TestPlugin {
    states: States,
}

static TEST_PLUGIN: TestPlugin = TestPlugin { states: States::new() };

/// Of records: the file `LOG_RECORDS`, or stderr.
static RECORDS: LogSink = LogSink::new();

impl Plugin for TestPlugin {
    fn start(&self) {
        if let Some(path) = std::env::var_os("LOG_RECORDS") {
            let path = CString::new(path.into_vec()).unwrap_or_default();
            assert_eq!(RECORDS.append_to(&path), Ok(()));
        }
        assert!(RECORDS.install(log::LevelFilter::Info));
    }

    fn before(&self, call: &mut Syscall) -> Action {
        match call.sysno() {
            // A path that is looked at and changed. Bad ones are the plugin's answer here, so the program sees what it gets.
            Some(Sysno::openat) => match call.path(1, &mut [0; PATH_MAX]) {
                Ok(path) if path == c"/redirected" => {
                    call.set_path(1, c"/dev/null");
                    Action::Forward
                }
                Ok(_) => Action::Forward,
                Err(errno) => Action::Return(Err(errno)),
            },
            // A descriptor that is changed.
            Some(Sysno::write) if call.fd(0) == 99 => {
                log::info!("{} bytes go to stdout", call.buffer(1, 2).len());
                log::debug!("and nobody hears of it");
                call.set_fd(0, 1);
                Action::Observe
            }
            // What the kernel has written is changed.
            Some(Sysno::read) if call.fd(0) > 2 => Action::Observe,
            // An answer, with data. Nobody reads, so it says as much as there is room for.
            Some(Sysno::getrandom) => {
                // SAFETY: `getrandom` writes there.
                #[allow(unsafe_code, reason = "memory of the program")]
                Action::Return(unsafe { call.buffer(0, 1).write_at(0, &[4; 64]) })
            }
            // A result that is changed, and one that is only looked at.
            Some(Sysno::getppid | Sysno::getuid | Sysno::uname | Sysno::umask) => Action::Observe,
            Some(Sysno::sched_get_priority_max) => Action::Return(Ok(self.states.count(call.fd(0)))),
            Some(Sysno::sched_get_priority_min) => Action::Return(Ok(States::dropped())),
            Some(Sysno::times) => Action::Return(Ok(self.states.count_in_process())),
            // What the program's heap does.
            Some(Sysno::mmap | Sysno::munmap | Sysno::brk | Sysno::mprotect | Sysno::madvise) => {
                let words: Vec<String> = (0..50).map(|number| format!("{number} is a number")).collect();
                assert!(words.concat().len() > 500);
                Action::Forward
            }
            Some(Sysno::sched_yield) => panic!("before a call"),
            Some(Sysno::dup) => {
                call.set_fd(0, -1);
                fault();
                Action::Return(Ok(0))
            }
            _ => Action::Forward,
        }
    }

    fn after(&self, call: &Syscall, result: &mut Result<usize, Errno>) {
        match (call.sysno(), &result) {
            (Some(Sysno::read), Ok(length)) => {
                let (buffer, mut bytes) = (call.buffer(1, 2), [0; 64]);
                let bytes = bytes.get_mut(..*length).unwrap_or_default();
                let Ok(read) = buffer.read_at(0, bytes) else { return };
                bytes.make_ascii_uppercase();
                // SAFETY: `read` has just written there.
                #[allow(unsafe_code, reason = "memory of the program")]
                let written = unsafe { buffer.write_at(0, bytes) };
                assert_eq!(written, Ok(read));
            }
            (Some(Sysno::write), Ok(length)) => *result = Ok(length + 1000),
            (Some(Sysno::getppid), Ok(_)) => *result = Err(Errno::EPERM),
            (Some(Sysno::uname), _) => {
                *result = Ok(7);
                panic!("after a call");
            }
            (Some(Sysno::umask), _) => {
                *result = Err(Errno::EPERM);
                fault();
            }
            _ => {}
        }
    }
}
