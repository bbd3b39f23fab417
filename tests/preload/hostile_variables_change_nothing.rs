//! Whatever the environment variables hold and wherever a log leads: the program does and says what it always does.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread;

use crate::support::{Built, Outcome, Program, Workbench};

/// Writes to stdout and stderr, forks, starts another program, ends with a status of its own.
const SCRIPT: &str =
    "echo out; echo err >&2; (echo child); env -i cat /dev/null; for i in {1..300}; do cd .; done; exit 7";
/// Programs in that script, each of which may have one thing to say about a log it cannot open: bash and env; the environment of
/// cat is empty.
const PROGRAMS: usize = 2;
const PREFIX: &str = "libsyscall_intercept: ";

/// One variable for a program that runs in a folder of its own.
struct Setting {
    bench: Workbench,
    bare: Outcome,
}

impl Setting {
    fn new() -> Setting {
        let bench = Workbench::new();
        let bare = Program::script(SCRIPT).folder(bench.empty_folder("here")).run();
        assert_eq!((bare.stdout().as_str(), bare.stderr().as_str(), bare.code()), ("out\nchild\n", "err\n", Some(7)));
        Setting { bench, bare }
    }

    /// Runs the program with a variable set; answers the lines that the library has added to stderr.
    #[track_caller]
    fn with(&self, variable: &str, value: impl AsRef<OsStr>) -> Vec<String> {
        self.runs(Program::script(SCRIPT).intercepted().env(variable, value.as_ref()), variable)
    }

    #[track_caller]
    fn runs(&self, program: Program, what: &str) -> Vec<String> {
        let outcome = program.folder(self.bench.empty_folder("here")).run();
        let stderr = outcome.stderr();
        let (added, own): (Vec<&str>, Vec<&str>) = stderr.lines().partition(|line| line.starts_with(PREFIX));
        assert_eq!(
            (outcome.stdout(), own, outcome.code(), outcome.signal()),
            (self.bare.stdout(), vec!["err"], self.bare.code(), None),
            "{what}: {outcome}"
        );
        added.into_iter().map(str::to_owned).collect()
    }

    /// A log that cannot be opened costs a short line for each program; one that can, nothing.
    #[track_caller]
    fn logs_to(&self, path: impl AsRef<OsStr>, opens: Option<bool>) {
        for variable in ["INTERCEPT_LOG", "INTERCEPT_TRACE"] {
            let added = self.with(variable, &path);
            let expected = match opens {
                Some(true) => added.is_empty(),
                Some(false) => added.len() == PROGRAMS,
                None => added.len() <= PROGRAMS,
            };
            assert!(expected, "{variable}={:?}: {added:#?}", path.as_ref());
            for line in added {
                assert!(line.contains("no log is written") && line.len() <= 1024, "{line}");
            }
        }
    }
}

/// Empty, enormous (the kernel takes 128 KiB), and bytes that are no text.
fn values() -> [OsString; 6] {
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    [
        bytes(b""),
        bytes(&[b'x'; 100_000]),
        bytes(&[b'1'; 100_000]),
        bytes(b"\xff\xfe\x80"),
        bytes(b"1\n\x1b[31m\xc3"),
        bytes(b"-9223372036854775809"),
    ]
}

#[test]
fn no_value_of_a_variable_disturbs_the_program() {
    let setting = Setting::new();
    for variable in [
        "INTERCEPT_HOOK_CMDLINE_FILTER",
        "INTERCEPT_ALL_OBJS",
        "INTERCEPT_STRICT",
        "INTERCEPT_MAGIC_LOG",
        "INTERCEPT_LOG_TRUNC",
        "INTERCEPT_TRACE_PARENT",
        "INTERCEPT_TRACE_OPTIONS",
        "INTERCEPT_NO_TRAMPOLINE",
        "INTERCEPT_UNHEARD_OF",
    ] {
        for value in values() {
            assert_eq!(setting.with(variable, value), Vec::<String>::new(), "{variable}");
        }
    }
    for value in values().iter().filter(|value| !value.is_empty()) {
        for variable in ["INTERCEPT_INJECT", "INTERCEPT_ONLY"] {
            let said = setting.with(variable, value);
            let expected =
                said.iter().all(|line| line.starts_with(&format!("{PREFIX}{variable}: ")) && line.len() < 512);
            assert!(said.len() == PROGRAMS && expected, "{said:#?}");
        }
    }
    for value in values() {
        assert!(!setting.with("INTERCEPT_DEBUG_DUMP", value).is_empty());
    }
}

#[test]
fn no_value_is_a_place_to_count_that_disturbs_the_program() {
    let setting = Setting::new();
    let file = setting.bench.file("file", &"x".repeat(100_000));
    let fifo = setting.bench.path("fifo");
    Program::new("mkfifo").args([&fifo]).run().success();
    let places = [&file, &fifo, setting.bench.folder(), "/dev/null".as_ref(), "/dev/zero".as_ref()];
    for value in values().into_iter().chain(places.map(|place| place.as_os_str().to_owned())) {
        let expected = if value.is_empty() { 0 } else { PROGRAMS };
        let added = setting.with("INTERCEPT_STAT", &value);
        assert_eq!(added.len(), expected, "{added:#?}");
        for line in added {
            assert!(line.contains("calls are not counted") && line.len() <= 1024 && line.is_ascii(), "{line}");
        }
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "x".repeat(100_000));
}

#[test]
fn no_value_is_a_log_that_disturbs_the_program() {
    let setting = Setting::new();
    for value in values() {
        let opens = value.len() < 255;
        setting.logs_to(&value, Some(opens));
    }
    // Together, as much as a program may be given.
    let mut program = Program::script(SCRIPT).intercepted();
    for name in ["LOG", "LOG_TRUNC", "TRACE", "TRACE_PARENT", "HOOK_CMDLINE_FILTER", "STRICT", "ALL_OBJS", "MAGIC_LOG"]
    {
        program = program.env(&format!("INTERCEPT_{name}"), OsStr::from_bytes(&[b'0'; 100_000]));
    }
    assert_eq!(setting.runs(program, "everything"), Vec::<String>::new(), "the filter names no program");
}

#[test]
fn a_log_that_is_nowhere_costs_a_line() {
    let setting = Setting::new();
    let bench = &setting.bench;
    symlink("loop", bench.path("loop")).unwrap();
    let fifo = bench.path("fifo");
    Program::new("mkfifo").args([&fifo]).run().success();
    let _listener = UnixListener::bind(bench.path("socket")).unwrap();
    for path in [
        bench.folder(),
        &fifo,
        &bench.path("loop"),
        &bench.path("socket"),
        Path::new("/"),
        Path::new("/etc/passwd/log"),
    ] {
        setting.logs_to(path, Some(false));
    }
    setting.logs_to(".", Some(false));
    setting.logs_to(format!("/{}", "x".repeat(5000)), Some(false));
    setting.logs_to(format!("/tmp/{}", "x/".repeat(2500)), Some(false));
    setting.logs_to(bench.path(&"x".repeat(256)), Some(false));
}

#[test]
fn a_log_that_takes_nothing_disturbs_nobody() {
    let setting = Setting::new();
    for path in ["/dev/full", "/dev/null", "-", "/proc/version", "/proc/self/mem"] {
        // Who is not root may not open some of these.
        setting.logs_to(path, if path.starts_with("/proc") { None } else { Some(true) });
    }
    let folder = setting.bench.empty_folder("mine");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
    setting.logs_to(folder.join("log"), None);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_reader_that_goes_away_is_no_reason_to_stop() {
    let setting = Setting::new();
    for variable in ["INTERCEPT_LOG", "INTERCEPT_TRACE"] {
        for lines in [0, 1, 100] {
            let fifo = setting.bench.path("fifo");
            let _ = fs::remove_file(&fifo);
            Program::new("mkfifo").args([&fifo]).run().success();
            let name = fifo.clone();
            // Opens when the program does: opening for reading and writing waits for nobody, so the program finds a reader.
            let mut held = fs::File::options().read(true).write(true).open(&fifo).unwrap();
            let reader = thread::spawn(move || {
                let mut reader = fs::File::open(name).unwrap();
                let mut byte = [0];
                let mut seen = 0;
                while seen < lines {
                    reader.read_exact(&mut byte).unwrap();
                    seen += usize::from(byte == *b"\n");
                }
            });
            let program = Program::script(SCRIPT).intercepted().env(variable, &fifo);
            let added = thread::scope(|scope| {
                let run = scope.spawn(|| setting.runs(program, variable));
                reader.join().unwrap();
                if lines == 0 {
                    // One byte shows that the program has opened its log.
                    held.read_exact(&mut [0]).unwrap();
                }
                drop(held);
                run.join().unwrap()
            });
            // Programs that start later find nobody reading.
            assert!(added.len() < PROGRAMS, "{added:?}");
        }
    }
}

/// What the library has to say goes to stderr; who reads nothing there must not be killed for it.
#[test]
fn a_stderr_that_nobody_reads_is_no_reason_to_die() {
    let bench = Workbench::new();
    let variables = ["INTERCEPT_DEBUG_DUMP=1", "INTERCEPT_LOG=/no/such/folder/log", "INTERCEPT_TRACE=/"];
    for variable in variables {
        // A pipe whose only reader is gone.
        let script = "mkfifo f; exec 3<>f 2>f 3<&-; LD_PRELOAD=$LIBRARY exec env \"$0\" bash -c 'echo out; exit 7'";
        let program = Program::script(script).args([variable]).env("LIBRARY", Built::get().shared_library());
        let outcome = program.folder(bench.empty_folder("here")).run();
        assert_eq!(
            (outcome.stdout().as_str(), outcome.code(), outcome.signal()),
            ("out\n", Some(7), None),
            "{variable}"
        );
    }
}

/// The kernel sends SIGXFSZ to who writes beyond `ulimit -f`, and that kills; the program has written nothing of the kind.
#[test]
fn a_limit_on_the_size_of_files_ends_the_log_and_not_the_program() {
    let setting = Setting::new();
    for variable in ["INTERCEPT_LOG", "INTERCEPT_TRACE"] {
        let log = setting.bench.path("log");
        // A program that is started with the limit, and one that sets it itself. Bash counts in KiB.
        for script in [format!("ulimit -f 1; exec bash -c '{SCRIPT}'"), format!("ulimit -f 1; {SCRIPT}")] {
            let _ = fs::remove_file(&log);
            let program = Program::script(&script).intercepted().env(variable, &log).env("INTERCEPT_LOG_TRUNC", "0");
            assert_eq!(setting.runs(program, variable), Vec::<String>::new());
            assert!(fs::metadata(&log).unwrap().len() >= 1024, "no limit was reached");
        }
    }
}
