//! The log of this process: one file for each style, usually at most one of them in use.

use std::os::unix::ffi::OsStrExt as _;

use core::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

use super::at_once::at_once;
use super::events::{Events, Told};
use super::magic::{self, Magic};
use super::memory::{self, Memory, ProcessMemory};
use super::options::{Options, Results};
use super::sink::{Sink, kernel};
use super::table::{self, Returns};
use super::{Call, Line, Outcome, Style, format};
use crate::config::Config;
use crate::hook::{Numbers, creates};
use crate::sys::seccomp::{enters_strict_mode, installs_filter};

static LOG: Log = Log::new();

/// Opens the logs that the environment asks for. Called once, by the constructor.
pub(crate) fn configure(config: &Config) {
    LOG.honours_magic.store(config.magic_log, Relaxed);
    LOG.first_thread.store(first_thread(config), Relaxed);
    let path = |path: &Option<std::ffi::OsString>| path.as_ref().map_or(Vec::new(), |path| path.as_bytes().to_vec());
    LOG.start(Style::DropIn, path(&config.log).into_iter(), !config.log_append);
    if let Some(text) = &config.trace_options {
        let (options, calls) = Options::parse(&text.to_string_lossy());
        options.become_those_of_process();
        LOG.is_choosy.store(calls.is_some() || options.results != Results::All, Relaxed);
        if let Some(calls) = calls {
            LOG.traced.become_copy_of(&calls);
            LOG.traces_some.store(true, Relaxed);
        }
    }
    LOG.start(Style::Trace, path(&config.trace).into_iter(), false);
    if let Some(path) = &config.events {
        LOG.events.start(path);
        LOG.update();
    }
}

/// The thread whose lines carry no id: the first one of the first program that is traced.
fn first_thread(config: &Config) -> i64 {
    match config.trace_parent {
        None => NO_IDS,
        Some(parent) if parent == std::os::unix::process::parent_id() => std::process::id().into(),
        Some(_) => ALL_IDS,
    }
}

/// No line carries an id.
const NO_IDS: i64 = 0;
/// All lines do: the first thread is in another process.
const ALL_IDS: i64 = -1;

/// Whether anybody wants lines.
pub(crate) fn active() -> bool {
    LOG.active.load(Relaxed)
}

/// Which calls the logs want to see, as far as that is known before anything is patched.
#[derive(Debug)]
pub(crate) enum Wanted {
    All,
    These(Numbers),
    Nothing,
}

/// See [`Wanted`].
pub(crate) fn wanted() -> Wanted {
    match () {
        () if LOG.drop_in.is_on() || LOG.honours_magic.load(Relaxed) => Wanted::All,
        () if !active() => Wanted::Nothing,
        () if !LOG.traces_some.load(Relaxed) => Wanted::All,
        () => {
            let numbers = Numbers::these(if Options::of_process().quiet { &[] } else { &ENDS });
            numbers.add(&LOG.traced);
            if LOG.events.is_on() {
                numbers.add(&Numbers::these(&TELLING));
            }
            Wanted::These(numbers)
        }
    }
}

/// Whether calls have to be shown to this module at all.
pub(crate) fn watches() -> bool {
    active() || LOG.honours_magic.load(Relaxed)
}

/// A call is about to be made. `last_word` says that no [`after`] will follow.
pub(crate) fn before(call: &Call, last_word: bool) {
    if active() {
        LOG.before(call, last_word, &ProcessMemory);
    }
}

/// The kernel has answered a call. A trace shows the remark behind the result.
pub(crate) fn after(call: &Call, result: i64, remark: &str) {
    if active() {
        LOG.notice(call, result);
        // The other return of a call that returns twice: a trace has no line for it.
        let styles = if is_return_of_child(call, result) { &BOTH[..1] } else { &BOTH };
        LOG.after(call, result, remark, styles, &ProcessMemory);
    }
}

/// The style of a log comes first.
const BOTH: [Style; 2] = [Style::DropIn, Style::Trace];

fn is_return_of_child(call: &Call, result: i64) -> bool {
    result == 0 && creates(call.number)
}

/// A hook has answered a call in the kernel's place: whatever the answer says, no descriptor was closed.
pub(crate) fn answered(call: &Call, result: i64, remark: &str) {
    if active() {
        LOG.after(call, result, remark, &BOTH, &ProcessMemory);
    }
}

/// Obeys a write that switches the log, and says what it returns; `None` for every other call.
pub(crate) fn magic(call: &Call) -> Option<i64> {
    if LOG.honours_magic.load(Relaxed) { LOG.magic(call, &ProcessMemory) } else { None }
}

/// Both files and what they share.
#[derive(Debug)]
struct Log {
    active: AtomicBool,
    honours_magic: AtomicBool,
    /// There is a seccomp filter, and which call it kills for nobody can ask it: the line before each call must be there.
    expects_to_be_killed: AtomicBool,
    drop_in: Sink,
    trace: Sink,
    /// The calls a trace shows, and whether that is not all of them.
    traced: Numbers,
    traces_some: AtomicBool,
    /// Whether a trace leaves out calls, by their number or their result.
    is_choosy: AtomicBool,
    /// The trace in another form, and for other readers.
    events: Events,
    /// The thread whose lines carry no id in a trace, or [`NO_IDS`] or [`ALL_IDS`].
    first_thread: AtomicI64,
}

impl Log {
    const fn new() -> Self {
        Self {
            active: AtomicBool::new(false),
            honours_magic: AtomicBool::new(false),
            expects_to_be_killed: AtomicBool::new(false),
            drop_in: Sink::new(),
            trace: Sink::new(),
            traced: Numbers::all(),
            traces_some: AtomicBool::new(false),
            is_choosy: AtomicBool::new(false),
            events: Events::new(),
            first_thread: AtomicI64::new(NO_IDS),
        }
    }

    fn sink(&self, style: Style) -> &Sink {
        match style {
            Style::DropIn => &self.drop_in,
            Style::Trace => &self.trace,
        }
    }

    /// Starts a log; an empty path is no log and changes nothing.
    fn start(&self, style: Style, path: impl Iterator<Item = u8>, truncate: bool) {
        let mut path = path.peekable();
        if path.peek().is_none() {
            return;
        }
        if style == Style::DropIn && kernel::is_filtered() {
            self.expects_to_be_killed.store(true, Relaxed);
        }
        if let Err(errno) = self.sink(style).start(path, truncate) {
            self.sink(style).complain(errno);
        }
        self.update();
    }

    fn update(&self) {
        self.active.store(self.drop_in.is_on() || self.trace.is_on() || self.events.is_on(), Relaxed);
    }

    fn before(&self, call: &Call, last_word: bool, memory: &dyn Memory) {
        if installs_filter(call.number, &call.args) {
            self.expects_to_be_killed.store(true, Relaxed);
        }
        if self.drop_in.is_on() && !self.logs_at_once(call) {
            self.write(Style::DropIn, call, Outcome::Pending, "", memory);
        }
        // A trace has one line a call, written when the result is known. Of `execve` that may be never: it is written before,
        // with `?`, and once more with the error if it returns.
        let enters_strict_mode = enters_strict_mode(call.number, &call.args);
        if self.trace.is_on() && (last_word || speaks_before(call.number) || enters_strict_mode) {
            self.trace_before(call, memory);
        }
        if self.events.is_on() {
            let may_not_return = last_word || speaks_before(call.number) || enters_strict_mode;
            self.events.before(call, may_not_return, self.told_before(call), memory);
        }
        // From then on the kernel kills for nearly every call a line is made with.
        if enters_strict_mode {
            self.drop_in.stop();
            self.trace.stop();
            self.events.stop();
            self.update();
        }
    }

    /// What the beginning of a call is told of: nothing, where it depends on its end whether it is shown.
    fn told_before(&self, call: &Call) -> Told {
        if !self.is_choosy.load(Relaxed) {
            return Told::Everything;
        }
        let options = Options::of_process();
        match options.results == Results::All && self.traced.contains(call.number) {
            true => Told::Everything,
            false if ENDS.contains(&call.number) && !options.quiet => Told::ThatItEnds,
            false => Told::Nothing,
        }
    }

    /// Traces a call that may not come back, and the end that it may be.
    #[cold]
    fn trace_before(&self, call: &Call, memory: &dyn Memory) {
        let options = Options::of_process();
        // How it ends will not be known.
        if options.results == Results::All && self.traced.contains(call.number) {
            self.write(Style::Trace, call, Outcome::Pending, "", memory);
        }
        if !options.quiet && ENDS.contains(&call.number) {
            self.tell_of_end(call.args[0]);
        }
    }

    /// Takes note of a descriptor of ours that the program has closed.
    fn notice(&self, call: &Call, result: i64) {
        let sinks = [Style::DropIn, Style::Trace].map(|style| self.sink(style));
        sinks.into_iter().filter(|sink| result >= 0 && sink.is_on()).for_each(|sink| sink.notice(call));
    }

    #[inline(always)]
    fn after(&self, call: &Call, result: i64, remark: &str, styles: &[Style], memory: &dyn Memory) {
        if self.events.is_on() {
            let is_shown = styles.contains(&Style::Trace) && self.is_traced(call, result);
            let told = if is_shown { Told::Everything } else { Told::Nothing };
            self.events.after(call, result, remark, told, memory);
        }
        for &style in styles {
            if self.sink(style).is_on() && (style == Style::DropIn || self.is_traced(call, result)) {
                let written =
                    style == Style::DropIn && self.logs_at_once(call) && self.write_both(call, result, memory);
                if !written {
                    self.write(style, call, Outcome::Returned(result), remark, memory);
                }
            }
        }
    }

    fn is_traced(&self, call: &Call, result: i64) -> bool {
        !self.is_choosy.load(Relaxed) || self.traced.contains(call.number) && Options::of_process().show(result)
    }

    /// What strace says when a thread has ended. It is said just before; nothing comes between but the end itself.
    #[inline(never)]
    fn tell_of_end(&self, status: i64) {
        let mut line = Line::new();
        self.prefix(&mut line);
        line.text("+++ exited with ");
        line.signed(status & 0xff);
        line.text(" +++");
        line.finish();
        self.put(Style::Trace, &line);
    }

    /// Whether both lines of a call are written when its result is known.
    fn logs_at_once(&self, call: &Call) -> bool {
        at_once(call.number, &call.args) && !self.expects_to_be_killed.load(Relaxed)
    }

    /// Writes both lines of a call, or the first alone if there is no room for two; answers which. Not inlined, as [`Self::magic`].
    #[inline(never)]
    fn write_both(&self, call: &Call, result: i64, memory: &dyn Memory) -> bool {
        let mut line = Line::new();
        let both = format::both(&mut line, call, result, memory);
        self.put(Style::DropIn, &line);
        both
    }

    /// Not inlined, as [`Self::magic`].
    #[inline(never)]
    fn write(&self, style: Style, call: &Call, outcome: Outcome, remark: &str, memory: &dyn Memory) {
        let mut line = Line::new();
        if style == Style::Trace {
            self.prefix(&mut line);
        }
        format::append(&mut line, style, call, outcome, memory);
        if style == Style::Trace {
            line.add(remark);
        }
        self.put(style, &line);
    }

    fn put(&self, style: Style, line: &Line) {
        self.sink(style).write(line.as_bytes());
        if !self.sink(style).is_on() {
            self.update();
        }
    }

    /// `[pid  1234] `, as strace tells its threads and processes apart.
    fn prefix(&self, line: &mut Line) {
        let first = self.first_thread.load(Relaxed);
        if first == NO_IDS {
            return;
        }
        let thread = kernel::thread();
        if thread == first {
            return;
        }
        line.text("[pid ");
        // Five places.
        [9, 99, 999, 9999].iter().filter(|&&below| thread <= below).for_each(|_| line.byte(b' '));
        line.signed(thread);
        line.text("] ");
    }

    /// Not inlined: it needs a kilobyte of stack, which every system call would pay for.
    #[inline(never)]
    fn magic(&self, call: &Call, memory: &dyn Memory) -> Option<i64> {
        let magic = magic::recognise(call.number, &call.args, memory)?;
        match magic {
            Magic::Start { path, truncate } => {
                let byte = |index: u64| memory::array(memory, path.wrapping_add(index)).filter(|[byte]| *byte != 0);
                self.start(Style::DropIn, (0..).map_while(byte).map(|[byte]| byte), truncate);
            }
            Magic::Stop => {
                self.drop_in.stop();
                self.update();
            }
        }
        Some(magic.result())
    }
}

/// The calls that have to be seen, shown or not, by who records: they make threads and processes, or forbid to read the time.
const TELLING: [i64; 5] = [libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork, libc::SYS_vfork, libc::SYS_prctl];

/// The calls that end a thread.
const ENDS: [i64; 2] = [libc::SYS_exit, libc::SYS_exit_group];

/// Whether a call might not come back to tell its result.
fn speaks_before(number: i64) -> bool {
    matches!(table::entry(Style::Trace, number).returns, Returns::Never | Returns::Away)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::super::memory::fake::Pieces;
    use super::super::sink::tests::alone;
    use super::*;

    const NOTHING: Pieces = Pieces(Vec::new());

    struct Logs {
        log: Box<Log>,
        _folder: tempfile::TempDir,
        drop_in: PathBuf,
        trace: PathBuf,
    }

    impl Logs {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let (drop_in, trace) = (folder.path().join("drop-in"), folder.path().join("trace"));
            Self { log: Box::new(Log::new()), _folder: folder, drop_in, trace }
        }

        fn start(&self) {
            for (style, path) in [(Style::DropIn, &self.drop_in), (Style::Trace, &self.trace)] {
                self.log.start(style, path.as_os_str().as_bytes().iter().copied(), true);
            }
            assert!(self.log.active.load(Relaxed));
        }

        fn read(&self) -> (String, String) {
            let read = |path| fs::read_to_string(path).expect("a log");
            (read(&self.drop_in), read(&self.trace))
        }
    }

    fn call(number: i64, args: [i64; 6]) -> Call<'static> {
        Call { number, args, object: b"/lib/libc.so.6", offset: 0x1234 }
    }

    #[test]
    fn a_call_is_two_lines_in_one_format_and_one_in_the_other() {
        let _alone = alone();
        let logs = Logs::new();
        logs.start();
        let close = call(libc::SYS_close, [99, 0, 0, 0, 0, 0]);
        logs.log.before(&close, false, &NOTHING);
        logs.log.after(&close, -9, "", &BOTH, &NOTHING);
        let (drop_in, trace) = logs.read();
        assert_eq!(
            drop_in,
            "/lib/libc.so.6 0x1234 -- close(99) = ?\n/lib/libc.so.6 0x1234 -- close(99) = -9 EBADF (Bad file number)\n"
        );
        assert_eq!(trace, "close(99) = -1 EBADF (Bad file descriptor)\n");
    }

    #[test]
    fn a_call_that_waits_for_nobody_is_logged_when_it_is_over() {
        let _alone = alone();
        let logs = Logs::new();
        logs.start();
        let getpid = call(libc::SYS_getpid, [0; 6]);
        let line = |result: &str| format!("/lib/libc.so.6 0x1234 -- getpid(){result}\n");
        logs.log.before(&getpid, false, &NOTHING);
        assert_eq!(logs.read().0, "");
        logs.log.after(&getpid, 7, "", &BOTH, &NOTHING);
        assert_eq!(logs.read().0, line(" = ?") + &line(" = 7"));

        // Two lines that are too long for one write.
        let object = [b'x'; 600];
        let far = Call { object: &object, ..getpid };
        logs.log.after(&far, 7, "", &BOTH, &NOTHING);
        let log = logs.read().0;
        let ends: Vec<&str> = log.lines().skip(2).map(|line| line.trim_start_matches('x')).collect();
        assert_eq!(ends, [" 0x1234 -- getpid() = ?", " 0x1234 -- getpid() = 7"]);
    }

    #[test]
    fn what_a_filter_may_kill_for_is_logged_before() {
        let _alone = alone();
        let install = [
            call(libc::SYS_prctl, [libc::PR_SET_SECCOMP.into(), libc::SECCOMP_MODE_FILTER.into(), 0, 0, 0, 0]),
            call(libc::SYS_seccomp, [libc::SECCOMP_SET_MODE_FILTER.into(), 0, 0, 0, 0, 0]),
        ];
        for install in install {
            let logs = Logs::new();
            logs.start();
            logs.log.before(&install, false, &NOTHING);
            logs.log.before(&call(libc::SYS_getpid, [0; 6]), false, &NOTHING);
            assert!(logs.read().0.ends_with(" -- getpid() = ?\n"));
        }
    }

    #[test]
    fn a_trace_shows_calls_that_do_not_return_before_they_are_made() {
        let _alone = alone();
        let logs = Logs::new();
        logs.start();
        logs.log.before(&call(libc::SYS_execve, [0; 6]), false, &NOTHING);
        logs.log.after(&call(libc::SYS_execve, [0; 6]), -14, "", &BOTH, &NOTHING);
        logs.log.before(&call(libc::SYS_vfork, [0; 6]), true, &NOTHING);
        logs.log.before(&call(libc::SYS_exit_group, [3, 0, 0, 0, 0, 0]), false, &NOTHING);
        assert_eq!(
            logs.read().1,
            "execve(NULL, NULL, NULL) = ?\nexecve(NULL, NULL, NULL) = -1 EFAULT (Bad address)\nvfork() = ?\n\
             exit_group(3) = ?\n+++ exited with 3 +++\n"
        );
    }

    #[test]
    fn a_trace_names_every_thread_but_the_first() {
        let _alone = alone();
        let logs = Logs::new();
        logs.start();
        let getpid = call(libc::SYS_getpid, [0; 6]);
        for first in [0, kernel::thread(), -1] {
            logs.log.first_thread.store(first, Relaxed);
            logs.log.after(&getpid, 1, "", &BOTH, &NOTHING);
        }
        let expected = format!("getpid() = 1\ngetpid() = 1\n[pid {:>5}] getpid() = 1\n", kernel::thread());
        assert_eq!(logs.read().1, expected);
    }

    #[test]
    fn magic_writes_start_and_stop_the_log() {
        let _alone = alone();
        let logs = Logs::new();
        let path = [logs.drop_in.as_os_str().as_bytes(), b"\0"].concat();
        let memory = Pieces(vec![
            (0x1000, b"SYSCALL_INTERCEPT_TEST_START_LOG\0".to_vec()),
            (0x2000, b"SYSCALL_INTERCEPT_TEST_STOP_LOG\0".to_vec()),
            (0x3000, path),
        ]);
        let write = |text, length| call(libc::SYS_write, [123, text, length, 0x3000, 0, 0]);
        let close = call(libc::SYS_close, [99, 0, 0, 0, 0, 0]);

        assert_eq!(logs.log.magic(&write(0x1000, 33), &memory), Some(33));
        assert!(logs.log.active.load(Relaxed));
        logs.log.before(&close, false, &memory);
        assert_eq!(logs.log.magic(&write(0x2000, 32), &memory), Some(32));
        assert!(!logs.log.active.load(Relaxed));
        logs.log.before(&close, false, &memory);

        assert_eq!(logs.log.magic(&write(0x1000, 0), &memory), None);
        assert_eq!(fs::read_to_string(&logs.drop_in).expect("a log"), "/lib/libc.so.6 0x1234 -- close(99) = ?\n");
    }

    #[test]
    fn an_empty_path_is_no_log() {
        let log = Box::new(Log::new());
        log.start(Style::DropIn, std::iter::empty(), true);
        assert!(!log.active.load(Relaxed));
    }
}
