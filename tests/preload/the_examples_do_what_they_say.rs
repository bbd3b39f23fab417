//! The plugins in `examples/`, run as their first lines say.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Built, Program, Source, Workbench};

fn example(bench: &Workbench, name: &str) -> PathBuf {
    let source = Source::example(&format!("{name}.c")).shared().linked(bench.folder());
    source.compile(&bench.path(&format!("{name}.so")))
}

#[track_caller]
fn makes_directories_unreadable(plugin: PathBuf) {
    let outcome = Program::new("ls").preload([plugin]).run();
    assert_eq!(outcome.stderr(), "ls: reading directory '.': Operation not supported\n", "{outcome}");
    assert_eq!((outcome.stdout().as_str(), outcome.code()), ("", Some(2)));
}

#[test]
fn directories_cannot_be_read_under_the_plugin_in_c() {
    let bench = Workbench::new();
    makes_directories_unreadable(example(&bench, "no_directories"));
}

#[test]
fn directories_cannot_be_read_under_the_plugin_in_rust() {
    makes_directories_unreadable(Built::get().no_directories());
}

#[test]
fn an_opened_file_is_another_one() {
    let bench = Workbench::new();
    let (from, to) = (bench.file("from", "the one asked for\n"), bench.file("to", "the one opened\n"));
    let cat = Program::new("cat").args([&from]).env("REDIRECT_FROM", &from).env("REDIRECT_TO", &to);
    assert_eq!(cat.run().success().stdout(), "the one asked for\n");
    for plugin in [Built::get().open_redirect(), example(&bench, "open_redirect")] {
        assert_eq!(cat.clone().preload([plugin]).run().success().stdout(), "the one opened\n");
    }
}

#[test]
fn reads_are_short_and_some_are_interrupted() {
    let bench = Workbench::new();
    let file = bench.file("hundred", &"x".repeat(100));
    // Python reads again when it is interrupted, and not when it has got less than it asked for.
    let script = "import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
print([len(os.read(fd, 50)) for _ in range(11)])";
    let python = Program::new("/usr/bin/python3").args(["-c", script]).args([file]).env("SHORT_READS", "10");
    let outcome = python.preload([example(&bench, "short_reads")]).run().success();
    assert_eq!(outcome.stdout(), "[10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0]\n");
    let numbers: Vec<i64> = outcome.stderr().split(' ').filter_map(|word| word.parse().ok()).collect();
    let [calls, bytes] = numbers[..] else { panic!("{outcome}") };
    assert!(calls > 11 && bytes >= 100, "{outcome}");
}

#[test]
fn only_so_many_processes_are_made() {
    let bench = Workbench::new();
    let ban = example(&bench, "fork_ban");
    let forks = "import os
made = 0
try:
    for _ in range(5):
        if os.fork() == 0: os._exit(0)
        made += 1
        os.wait()
except BlockingIOError:
    pass
print(made)";
    for (limit, made) in [("0", "0\n"), ("3", "3\n"), ("9", "5\n")] {
        let python = Program::new("/usr/bin/python3").args(["-c", forks]).env("FORK_BAN_LIMIT", limit);
        assert_eq!(python.preload([&ban]).run().success().stdout(), made, "limit {limit}");
    }
}

#[test]
fn a_fork_ban_does_not_count_threads() {
    let bench = Workbench::new();
    let threads = "import threading
threads = [threading.Thread(target=lambda: None) for _ in range(20)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print('all there')";
    let python = Program::new("/usr/bin/python3").args(["-c", threads]).env("FORK_BAN_LIMIT", "0");
    assert_eq!(python.preload([example(&bench, "fork_ban")]).run().success().stdout(), "all there\n");
}

#[test]
fn the_logger_writes_a_line_a_call() {
    let bench = Workbench::new();
    fs::write(bench.path("a"), "12345").unwrap();
    let cat = Program::new("cat").args(["a", "b"]).folder(bench.folder());
    let outcome = cat.preload([example(&bench, "logger")]).run();
    assert_eq!((outcome.stdout().as_str(), outcome.code()), ("12345", Some(1)));
    let numbers = |line: &str| {
        let (number, result) = line.split_once(" = ")?;
        Some((number.parse::<i64>().ok()?, result.parse::<i64>().ok()?))
    };
    let text = outcome.stderr();
    let (calls, rest): (Vec<_>, Vec<_>) = text.lines().partition(|line| numbers(line).is_some());
    let calls: Vec<(i64, i64)> = calls.into_iter().filter_map(numbers).collect();
    for expected in [(libc::SYS_read, 5), (libc::SYS_write, 5), (libc::SYS_openat, -i64::from(libc::ENOENT))] {
        assert!(calls.contains(&expected), "{expected:?} is not in {calls:?}");
    }
    // What the program itself says is written in pieces, so a line of the logger may come between them.
    assert!(rest.concat().contains("No such file or directory"), "{outcome}");
}

#[test]
fn a_file_is_faked() {
    let bench = Workbench::new();
    let cat = Program::new("cat").args(["/no/such/file"]).env("FAKE_PATH", "/no/such/file").env("FAKE_TEXT", "later");
    assert_eq!(cat.run().code(), Some(1));
    assert_eq!(cat.preload([example(&bench, "fake_file")]).run().success().stdout(), "later");
}

#[test]
fn a_disk_is_full() {
    let bench = Workbench::new();
    let dd = Program::new("dd").args(["if=/dev/zero", "of=zeros", "bs=100", "count=20"]).folder(bench.folder());
    let outcome = dd.env("DISK_BYTES", "1000").preload([example(&bench, "full_disk")]).run();
    assert!(outcome.code() == Some(1) && outcome.stderr().contains("No space left on device"), "{outcome}");
    assert_eq!(fs::metadata(bench.path("zeros")).unwrap().len(), 1000);
}

#[test]
fn calls_and_errors_are_counted() {
    let bench = Workbench::new();
    let script = "import os
for _ in range(41): os.getppid()
for _ in range(3):
    try: os.getsid(-5)
    except OSError: pass";
    let python = Program::new("/usr/bin/python3").args(["-c", script]).preload([example(&bench, "count_calls")]);
    let text = python.run().success().stderr();
    for (number, counted) in [(libc::SYS_getppid, "41 calls, 0 errors"), (libc::SYS_getsid, "3 calls, 3 errors")] {
        assert!(text.lines().any(|line| line == format!("{number}: {counted}")), "{number}: {counted}: {text}");
    }
}

#[test]
fn a_disk_is_slow() {
    let bench = Workbench::new();
    let cat = Program::new("cat").args([bench.file("file", "text")]).preload([example(&bench, "slow_disk")]);
    let before = Instant::now();
    assert_eq!(cat.env("SLOW_MS", "150").run().success().stdout(), "text");
    // One read with text in it, one at the end of the file, one write.
    assert!(before.elapsed() >= Duration::from_millis(450), "{:?}", before.elapsed());
}

#[test]
fn a_descriptor_is_the_plugins_own() {
    let bench = Workbench::new();
    let plugin = example(&bench, "virtual_fd");
    let cat = Program::new("cat").args(["/counter", "/counter", "/counter"]).preload([&plugin]);
    assert_eq!(cat.run().success().stdout(), "1\n2\n3\n");
    // A bad pointer gets the kernel's answer, and the number of a closed descriptor is anybody's.
    let script = "import ctypes, os, sys
fd = os.open('/counter', os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
print(libc.read(fd, ctypes.c_void_p(8), ctypes.c_size_t(100)), ctypes.get_errno())
os.close(fd)
assert os.open(sys.argv[1], os.O_RDONLY) == fd
print(os.read(fd, 100))";
    let file = bench.file("file", "its own text");
    let python = Program::new("/usr/bin/python3").args(["-c", script]).args([file]).preload([plugin]);
    assert_eq!(python.run().success().stdout(), "-1 14\nb'its own text'\n");
}
