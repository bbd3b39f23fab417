//! A trace and what strace prints of the same program: the same calls, in the same order in each thread, in the same words.
//!
//! What differs from one run to the next is made equal first: addresses, ids of processes, names of temporary files. And strace
//! sees what the dynamic loader does before the library is there.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use crate::support::{Built, Program, Workbench};

/// What one thread has done, a line a call.
type Thread = Vec<String>;

/// Runs a program under strace, and in a trace, in an empty folder each time, and answers what both saw of each thread.
fn both(bench: &Workbench, options: &[&str], command: &[&str]) -> [Vec<Thread>; 2] {
    let run = |tracer: Program| {
        let folder = bench.empty_folder("work");
        fs::write(folder.join("x.c"), "int main(void) { return 0; }\n").unwrap();
        let numbers: String = (0..100_000_u64).map(|n| format!("{}\n", n * 7919 % 100_003)).collect();
        fs::write(folder.join("numbers"), numbers).unwrap();
        tracer.args(options.iter().chain(command).copied()).folder(folder).run().success();
    };
    loop {
        let output = bench.empty_folder("strace");
        run(Program::new("strace").args(["-ff", "-a1", "-o"]).args([output.join("of")]));
        let trace = bench.path("trace");
        run(Program::new(Built::get().intercept()).args(["trace", "-a1", "-o"]).args([&trace]));
        let found = [by_strace(&output), by_trace(&trace)];
        // An id that is also a number of the program cannot be told from it. The next time ids are others.
        let both_ids = [0, 1].map(|way| ids(&found[way]));
        let is_ambiguous = |way: usize| {
            let known = |id: &String| both_ids[1 - way].contains(id);
            both_ids[way].iter().any(|id| !known(id) && has_word(&found[1 - way], id))
        };
        if !is_ambiguous(0) && !is_ambiguous(1) {
            return found.map(made_equal);
        }
    }
}

/// Whether a number stands anywhere in what was printed.
fn has_word(threads: &[(u64, Thread)], number: &str) -> bool {
    let words = |line: &str| line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == number);
    threads.iter().flat_map(|(_, lines)| lines).any(|line| words(line))
}

/// Files with a line a call, each named after its thread.
fn by_strace(folder: &Path) -> Vec<(u64, Thread)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut threads: Vec<(u64, Thread)> = files
        .map(|file| {
            let id = file.extension().unwrap().to_str().unwrap().parse().unwrap();
            let text = String::from_utf8(fs::read(file).unwrap()).unwrap();
            (id, text.lines().map(str::to_owned).collect())
        })
        .collect();
    threads.sort_unstable();
    // The command line of the program, which `intercept` has started itself.
    if threads[0].1.first().is_some_and(|first| first.starts_with("execve(")) {
        threads[0].1.remove(0);
    }
    threads
}

/// One file, with an id before the lines of all threads but the first.
fn by_trace(file: &Path) -> Vec<(u64, Thread)> {
    let text = String::from_utf8(fs::read(file).unwrap()).unwrap();
    let mut threads: Vec<(u64, Thread)> = vec![(0, Thread::new())];
    for line in text.lines() {
        let (id, call) = match line.strip_prefix("[pid ").and_then(|rest| rest.split_once("] ")) {
            Some((id, call)) => (id.trim().parse().unwrap(), call),
            None => (0, line),
        };
        let place = threads.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            threads.push((id, Thread::new()));
            threads.len() - 1
        });
        threads[place].1.push(call.to_owned());
    }
    threads.sort_unstable();
    threads
}

/// The ids of processes and threads that are named.
fn ids(threads: &[(u64, Thread)]) -> Vec<String> {
    let mut ids: Vec<String> = threads.iter().map(|(id, _)| id.to_string()).filter(|id| id != "0").collect();
    for line in threads.iter().flat_map(|(_, lines)| lines) {
        if let Some((call, result)) = line.rsplit_once(" = ")
            && is_about_ids(name(call))
            && result.len() > 1
            && result.bytes().all(|byte| byte.is_ascii_digit())
        {
            ids.push(result.to_owned());
        }
    }
    ids
}

fn made_equal(threads: Vec<(u64, Thread)>) -> Vec<Thread> {
    let ids = ids(&threads);
    let threads = threads.into_iter().map(|(_, lines)| in_order(lines.iter().map(|line| line_made_equal(line, &ids))));
    // Those of which nothing is to be shown.
    threads.filter(|lines| !lines.is_empty()).collect()
}

fn name(call: &str) -> &str {
    call.split('(').next().unwrap()
}

fn is_about_ids(name: &str) -> bool {
    ["getpid", "gettid", "getppid", "set_tid_address", "fork", "vfork", "clone", "clone3"].contains(&name)
}

/// Without the lines of calls that come and go, and those that say a second time what failed.
fn in_order(lines: impl Iterator<Item = String>) -> Thread {
    let mut kept = Thread::new();
    for line in lines {
        // The call in which a thread is killed is one that it does not come back from to tell.
        if line.starts_with("+++ killed by") {
            if kept.last().is_some_and(|last| last.starts_with("kill(")) {
                kept.pop();
            }
            continue;
        }
        // Those that no handler gets are not told of in a trace. The others are looked at elsewhere.
        if line.starts_with("--- ") {
            continue;
        }
        // A trace knows it by what is missing.
        if line.ends_with(" <unfinished ...>") {
            continue;
        }
        // The library has used the heap, so the program finds it larger: `malloc` asks for more at other times and in other ways.
        let is_of_malloc = line.starts_with("mmap(NULL, ") && line.contains(" MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)");
        let is_seed = line == "getrandom(...) = 8";
        if is_of_malloc || is_seed || ["brk", "munmap"].contains(&name(&line)) {
            continue;
        }
        // Whether `execve` fails is not known when the line is written that is its only one if it does not.
        if let Some((call, _)) = line.rsplit_once(" = -1 ")
            && kept.last().is_some_and(|last| *last == format!("{call} = 0"))
        {
            kept.pop();
        }
        kept.push(line);
    }
    kept
}

fn line_made_equal(line: &str, ids: &[String]) -> String {
    let call = name(line);
    let line = match call {
        // How much memory is free, what is random, how long it took.
        "sysinfo" | "getrandom" | "getrusage" => format!("{call}(...) = {}", line.rsplit_once(" = ").unwrap().1),
        "execve" if line.ends_with(" = ?") => line.replace(" = ?", " = 0"),
        _ => line.to_owned(),
    };
    let line = match (line.find("{ru_utime="), line.find(", ...}")) {
        (Some(start), Some(end)) => format!("{}{}", &line[..start], &line[end..]),
        _ => line,
    };
    let mut words = Vec::new();
    let mut rest = line.as_str();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end.max(1));
        // The port that the kernel has chosen for this end of a connection.
        let is_port = call == "getsockname" && words.ends_with(&["htons", "("]);
        let is_pipe = words.ends_with(&["pipe", ":", "["]);
        let is_address = word.strip_prefix("0x").is_some_and(|digits| digits.len() > 5);
        words.push(match word {
            _ if is_address => "ADDRESS",
            _ if is_port => "PORT",
            _ if is_pipe && word.bytes().all(|byte| byte.is_ascii_digit()) => "INODE",
            _ if ids.iter().any(|id| id == word) => "ID",
            // `/tmp/ccAbCdEf.s`
            _ if word.len() == 8 && word.starts_with("cc") && line.contains(&format!("/tmp/{word}")) => "ccTEMPORARY",
            _ => word,
        });
        rest = behind;
    }
    let line = words.concat();
    // What a call has changed is known as it is afterwards; the library adds variables to the environment.
    let line = line.replace("] => [", " => ");
    without(without(line, "[", " => ", "]"), "/* ", "", " vars */")
}

/// Takes out a number between `start` and `arrow`, where `end` follows the number after it, or the arrow itself.
fn without(line: String, start: &str, arrow: &str, end: &str) -> String {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    for (at, _) in line.match_indices(start) {
        let inside = &line[at + start.len()..];
        let Some(stop) = inside.find(end) else { continue };
        let number = &inside[..stop];
        let kept = match number.split_once(arrow) {
            _ if arrow.is_empty() && is_number(number) => "",
            Some((before, after)) if !arrow.is_empty() && is_number(before) && is_number(after) => after,
            _ => continue,
        };
        return format!("{}{kept}{}", &line[..at + start.len()], &inside[stop..]);
    }
    line
}

/// What programs do before the library is there: the loader, and the constructors of libraries that come before it.
const BEFORE_MAIN: [&str; 18] = [
    "access",
    "arch_prctl",
    "close",
    "getrandom",
    "mmap",
    "mprotect",
    "munmap",
    "newfstatat",
    "openat",
    "pread64",
    "prlimit64",
    "read",
    "readlink",
    "rseq",
    "set_robust_list",
    "set_tid_address",
    "statfs",
    "futex",
];

#[track_caller]
fn compare([by_strace, by_trace]: [Vec<Thread>; 2]) {
    assert_eq!(by_strace.len(), by_trace.len(), "as many threads: {by_strace:#?} {by_trace:#?}");
    for (index, (by_strace, by_trace)) in by_strace.iter().zip(&by_trace).enumerate() {
        let programs = |lines: &Thread| -> Vec<Thread> {
            lines.split_inclusive(|line| line.starts_with("execve(") && line.ends_with(" = 0")).map(Vec::from).collect()
        };
        let [by_strace, by_trace] = [programs(by_strace), programs(by_trace)];
        assert_eq!(by_strace.len(), by_trace.len(), "as many programs: {by_strace:#?} {by_trace:#?}");
        for (program, (expected, found)) in by_strace.iter().zip(&by_trace).enumerate() {
            let is_fresh = index == 0 || program > 0;
            let early = if is_fresh { expected.len().saturating_sub(found.len()) } else { 0 };
            let (before, expected) = expected.split_at(early);
            assert!(before.iter().all(|line| BEFORE_MAIN.contains(&name(line))), "missing: {before:#?}");
            let first = expected.iter().zip(found).position(|(expected, found)| expected != found);
            let around =
                |lines: &[String], place: usize| lines[place.saturating_sub(5)..lines.len().min(place + 5)].join("\n");
            if let Some(place) = first.or((expected.len() != found.len()).then_some(found.len().min(expected.len()))) {
                let (expected, found) = (around(expected, place), around(found, place));
                panic!("program {program} of thread {index}, strace:\n{expected}\ntrace:\n{found}");
            }
        }
    }
}

/// Compares a program's.
#[track_caller]
fn reads_the_same(command: &[&str]) {
    compare(both(&Workbench::new(), &[], command));
}

#[test]
fn of_ls() {
    reads_the_same(&["ls", "-l", "/usr"]);
}

#[test]
fn of_python() {
    reads_the_same(&["/usr/bin/python3", "-c", "pass"]);
}

#[test]
fn of_sort() {
    // How several threads share the work is another thing each time.
    reads_the_same(&["sort", "--parallel=1", "-o", "sorted", "numbers"]);
}

#[test]
fn of_gcc_and_the_programs_it_starts() {
    reads_the_same(&["gcc", "-c", "x.c"]);
}

#[test]
fn of_git_status() {
    let bench = Workbench::new();
    let repository = bench.empty_folder("repository");
    let git = |args: &[&str]| drop(Program::new("git").args(args.iter().copied()).folder(&repository).run().success());
    fs::write(repository.join("a file"), "text\n").unwrap();
    git(&["init", "-q"]);
    git(&["add", "."]);
    // It would rewrite its index, or not, by how old that is.
    git(&["update-index", "--refresh"]);
    compare(both(&bench, &[], &["git", "--no-optional-locks", "-C", repository.to_str().unwrap(), "status"]));
}

#[test]
fn of_every_structure() {
    let bench = Workbench::new();
    let program = bench.program("structures");
    compare(both(&bench, &[], &[program.to_str().unwrap(), "."]));
}

#[test]
fn of_curl() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", server.local_addr().unwrap());
    // Once for each of the two.
    let answers = thread::spawn(move || {
        for _ in 0..2 {
            let (mut client, _) = server.accept().unwrap();
            assert!(client.read(&mut [0; 4096]).unwrap() > 0);
            client.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\ntext\n").unwrap();
        }
    });
    let found = both(&Workbench::new(), &[], &["curl", "-s", &address]);
    answers.join().unwrap();
    // How often it looks whether the server has answered depends on the server.
    let is_waiting = |line: &String| line.starts_with("poll(") || line.starts_with("rt_sigaction(SIGPIPE, ");
    let without_waiting = |thread: Thread| thread.into_iter().filter(|line| !is_waiting(line)).collect();
    compare(found.map(|threads| threads.into_iter().map(without_waiting).collect()));
}

#[test]
fn with_its_options() {
    let bench = Workbench::new();
    let program = bench.program("structures");
    for options in [
        &["-s5"][..],
        &["-s", "1000"],
        &["-a60", "-e", "pipe2,poll,prctl,uname"],
        &["-x"],
        // Names of machines and addresses of sockets stay readable.
        &["-xx", "-e", "!uname,%network"],
        &["-z"],
        &["-Z"],
        &["-qq"],
        &["-e", "trace=openat,close"],
        &["-e", "%network"],
        &["-e", "trace=!%file,%desc,%memory"],
        &["-e", "openat", "-e", "trace=/sig(action|procmask)"],
        &["-f", "-e", "kill,clone,wait4"],
        // Of what `close` has closed nothing is known afterwards.
        &["-y", "-e", "openat,stat,fstat,pipe2,writev,readv,epoll_ctl,newfstatat,exit_group"],
    ] {
        let found = both(&bench, options, &[program.to_str().unwrap(), "."]);
        assert!(found[1].iter().any(|thread| thread.len() > 3), "{options:?}: {found:#?}");
        compare(found);
    }
}

#[test]
fn with_whole_structures() {
    let bench = Workbench::new();
    let found = both(&bench, &["-v", "-e", "statx,newfstatat"], &["ls", "-l", "/etc/passwd", "/dev/null"]);
    assert!(found[1][0].iter().any(|line| line.contains(", st_ctime_nsec=") && line.contains(" /* 20")), "{found:#?}");
    // Its stdout is another pipe each time.
    let is_of_file = |line: &String| !line.contains("st_mode=S_IFIFO");
    compare(
        found
            .map(|threads| threads.into_iter().map(|thread| thread.into_iter().filter(is_of_file).collect()).collect()),
    );
    compare(both(&bench, &["-v", "-s", "100", "-e", "uname"], &["uname", "-a"]));
    let trace = bench.path("trace");
    let script = "env -i A=b C='d \"e' /bin/true; true";
    Program::new(Built::get().intercept())
        .args(["trace", "-v", "-o"])
        .args([&trace])
        .args(["sh", "-c", script])
        .run()
        .success();
    let text = fs::read_to_string(trace).unwrap();
    assert!(text.contains(r#"execve("/bin/true", ["/bin/true"], ["A=b", "C=d \"e"])"#), "{text}");
}

#[test]
fn with_calls_about_paths_alone() {
    let script =
        "cat numbers >/dev/null; exec 3<numbers; cat <&3 >/dev/null; cat numbers/x; cat x.c numbersx; rm numbers";
    let command = ["sh", "-c", &format!("{script} || true")];
    for options in [&["-P", "numbers"][..], &["-P", "numbers", "-P", "x.c", "-e", "openat,close,read"]] {
        let found = both(&Workbench::new(), options, &command);
        assert!(found[1].iter().flatten().filter(|line| line.starts_with("close(")).count() >= 2, "{found:#?}");
        assert!(found[1].iter().flatten().all(|line| !line.contains("numbersx")), "{found:#?}");
        compare(found);
    }
}

#[test]
fn with_what_descriptors_stand_for_in_detail() {
    let bench = Workbench::new();
    let script = r#"
import fcntl, os, socket
listening = socket.socket()
unbound = socket.socket()
listening.bind(("127.0.0.1", 0))
listening.listen()
client = socket.create_connection(listening.getsockname())
server, _ = listening.accept()
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
named = socket.socket(socket.AF_UNIX)
named.bind("a socket")
abstract = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
abstract.bind("\0an \"abstract\" one")
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
netlink.bind((4242424, 0))
null = open("/dev/null")
gone = open("gone", "w")
os.unlink("gone")
pipe = os.pipe()[0]
for one in [listening, unbound, client, server, datagrams, named, abstract, netlink, null, gone, pipe]:
    fcntl.fcntl(one, fcntl.F_GETFD)
"#;
    let seen = |tracer: Program| -> Vec<String> {
        let file = bench.path("of");
        let tracer = tracer.args(["-yy", "-a1", "-e", "trace=fcntl", "-o"]).args([&file]);
        let tracer = tracer.args(["/usr/bin/python3", "-c", script]).folder(bench.empty_folder("work"));
        tracer.run().success();
        let text = fs::read_to_string(file).unwrap();
        let asked: Vec<&str> = text.lines().filter(|line| line.contains("F_GETFD") && !line.contains(".py")).collect();
        // Ports and inodes are others each time.
        let words = |line: &str| line.split_inclusive(|c: char| !c.is_ascii_digit()).map(word_made_equal).collect();
        asked[asked.len() - 11..].iter().map(|line| words(line)).collect()
    };
    let expected = seen(Program::new("strace"));
    assert!(expected[2].contains("<TCP:[127.0.0.1:NUMBER->127.0.0.1:NUMBER]>"), "{expected:#?}");
    assert_eq!(seen(Program::new(Built::get().intercept()).args(["trace"])), expected);
}

fn word_made_equal(word: &str) -> String {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 3 { format!("NUMBER{}", &word[digits..]) } else { word.to_owned() }
}

#[test]
fn with_colours_where_they_are_wanted() {
    let bench = Workbench::new();
    let red = "\x1b[31m-1 ENOENT (No such file or directory)\x1b[0m";
    let command = ["-a1", "-e", "trace=openat", "cat", "/no such file"];
    let trace = |options: &[&str]| {
        Program::new(Built::get().intercept())
            .args(["trace"])
            .args(options.iter().copied())
            .args(command)
            .run()
            .stderr()
    };
    let (plain, coloured) = (trace(&[]), trace(&["--color", "always"]));
    assert!(coloured.contains(red) && coloured.contains("\x1b[34m+++ exited with 1 +++\x1b[0m\n"), "{coloured}");
    assert!(!plain.contains('\x1b') && plain == trace(&["--color", "never"]), "{plain}");
    let file = bench.path("trace");
    trace(&["--color", "always", "-o", file.to_str().unwrap()]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(red) && text.contains("\x1b[34m+++ exited"), "{text}");
    // On a terminal.
    let command = format!(
        "{} trace -o /dev/null true; {0} trace -e openat cat '/no such file'",
        Built::get().intercept().display()
    );
    let on_terminal = |variables: &[(&str, &str)]| {
        let script = Program::new("script").args(["-q", "-e", "-c", &format!("{command}; true"), "/dev/null"]);
        variables.iter().fold(script, |script, (name, value)| script.env(name, *value)).run().stdout()
    };
    assert!(on_terminal(&[("TERM", "xterm")]).contains(red));
    for variables in [&[("TERM", "xterm"), ("NO_COLOR", "1")][..], &[("TERM", "dumb")]] {
        let text = on_terminal(variables);
        assert!(text.contains("-1 ENOENT") && !text.contains('\x1b'), "{text}");
    }
}

#[test]
fn with_nothing_patched_that_is_not_shown() {
    let bench = Workbench::new();
    let output = bench.path("trace");
    let command = Program::new(Built::get().intercept()).args(["trace", "-e", "openat", "-o"]).args([&output]);
    let sites = |program: Program| {
        let said = program.env("INTERCEPT_DEBUG_DUMP", "1").args(["cat", "/dev/null"]).run().success().stderr();
        said.lines().filter(|line| line.contains(" in place") || line.contains(" in stub")).count()
    };
    let few = sites(command);
    let all = sites(Program::new(Built::get().intercept()).args(["trace", "-o", "/dev/null"]));
    assert!(few > 0 && few * 3 < all, "{few} of {all}");
    let trace = fs::read_to_string(output).unwrap();
    assert!(trace.contains(r#"openat(AT_FDCWD, "/dev/null", O_RDONLY) = 3"#), "{trace}");
}

#[test]
fn with_plugins_that_see_what_is_not_shown() {
    let bench = Workbench::new();
    let (plugin, program) = (bench.plugin("answers_getppid"), bench.program("says_getppid"));
    let alone = Program::new(&program).preload([&plugin]).run().success();
    let trace = Program::new(Built::get().intercept()).args(["trace", "-e", "openat", "-o", "/dev/null"]);
    let traced = trace.args([&program]).preload([&plugin]).run().success();
    assert!(alone.stdout().contains("intercepted"), "{alone}");
    assert_eq!(traced.stdout(), alone.stdout());
}

#[test]
fn with_times_and_a_file_for_each_thread() {
    let bench = Workbench::new();
    let name = bench.path("trace");
    let script = "sleep 0.3; (exit 3); true";
    let trace = |options: &[&str]| {
        let trace = Program::new(Built::get().intercept()).args(["trace", "-a1"]).args(options.iter().copied());
        trace.args(["-o"]).args([&name]).args(["bash", "-c", script]).run().success();
    };
    trace(&["-ttt", "-T", "-e", "wait4,exit_group"]);
    let text = fs::read_to_string(&name).unwrap();
    // `1700000000.123456 wait4(-1, [{WIFEXITED(s) && ...}], 0, NULL) = 1234 <0.301234>`
    let waited = text.lines().find(|line| !line.starts_with("[pid ") && line.contains(" wait4(")).unwrap();
    let number = |text: &str| -> f64 { text.trim_end_matches('>').parse().unwrap_or_else(|_| panic!("{text}")) };
    let (before, after) = (waited.split(' ').next().unwrap(), waited.rsplit('<').next().unwrap());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - 120.0..now).contains(&number(before)) && before.split('.').nth(1).unwrap().len() == 6, "{waited}");
    assert!((0.29..60.0).contains(&number(after)), "{waited}");

    trace(&["-ff", "-e", "exit_group", "-e", "signal=none"]);
    let files = fs::read_dir(bench.folder()).unwrap().map(|entry| entry.unwrap().path());
    let separate = files.filter(|file| file.file_stem() == name.file_name() && file.extension().is_some());
    let mut texts: Vec<String> = separate.map(|file| fs::read_to_string(file).unwrap()).collect();
    texts.sort_unstable();
    let ends = [0, 0, 3].map(|status| format!("exit_group({status}) = ?\n+++ exited with {status} +++\n"));
    assert_eq!(texts, ends);
}
