//! Values that the library keeps for each thread and for each process, and what becomes of them.

use std::sync::atomic::{AtomicUsize, Ordering};

use syscall_intercept::{ProcessState, Syscall, Sysno, ThreadState};

pub(crate) struct States {
    thread: ThreadState<Count>,
    process: ProcessState<AtomicUsize>,
}

/// How many values were dropped.
static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// A value that says when it goes. On the heap, in part.
struct Count {
    calls: Vec<usize>,
}

impl Drop for Count {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

impl States {
    pub(crate) const fn new() -> States {
        States {
            thread: ThreadState::new(|| Count { calls: Vec::new() }),
            process: ProcessState::new(|| AtomicUsize::new(0)),
        }
    }

    /// Which call of this thread this is. Sends the process a signal while the value is in use, if it is one.
    pub(crate) fn count(&self, signal: i32) -> usize {
        self.thread.with(|count| {
            if signal != 0 {
                // SAFETY: the program has a handler for it.
                #[allow(unsafe_code, reason = "system calls")]
                let sent = unsafe {
                    let process = Syscall::new(Sysno::getpid, []).call().unwrap_or_default();
                    let thread = Syscall::new(Sysno::gettid, []).call().unwrap_or_default();
                    Syscall::new(Sysno::tgkill, [process as i64, thread as i64, signal.into()]).call()
                };
                assert_eq!(sent, Ok(0));
            }
            count.calls.push(count.calls.len());
            count.calls.len()
        })
    }

    pub(crate) fn count_in_process(&self) -> usize {
        self.process.get().fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn dropped() -> usize {
        DROPPED.load(Ordering::Relaxed)
    }
}
