//! `intercept report` and `intercept trace --format`: each format can be read by what it is for, and they all say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::support::{Built, Program, Workbench};

struct Recording {
    bench: Workbench,
    file: PathBuf,
}

/// Programs, a failure, text that has to be quoted, and a call that has no name.
const SCRIPT: &str = r#"
import ctypes, os, subprocess
subprocess.run(['ls', '/'], stdout=subprocess.DEVNULL)
open('/dev/null').read()
try: open('no "such\\ <file>,;')
except OSError: pass
ctypes.CDLL(None).syscall(1000)
"#;

impl Recording {
    fn new() -> Recording {
        let bench = Workbench::new();
        let file = bench.path("recording");
        let record = Program::new(Built::get().intercept()).args(["record"]).args([&file]);
        let outcome = record.args(["python3", "-c", SCRIPT]).run().success();
        assert_eq!((outcome.stdout(), outcome.stderr()), (String::new(), String::new()));
        Recording { bench, file }
    }

    /// A file with a report in it.
    fn report(&self, format: &str) -> PathBuf {
        let report = self.bench.path(format);
        let program = Program::new(Built::get().intercept()).args(["report", "--format", format, "-o"]);
        let outcome = program.args([&report, &self.file]).run().success();
        assert_eq!((outcome.stdout(), outcome.stderr()), (String::new(), String::new()));
        report
    }
}

fn python(script: &str, file: &PathBuf) -> String {
    let outcome = Program::new("python3").args(["-c", script]).args([file]).run().success();
    outcome.stdout()
}

/// What is compared: how many calls there are by name, and how long all took.
fn counts(report: &str) -> (BTreeMap<String, u64>, u64) {
    let lines = report.lines().map(|line| line.split_once(' ').unwrap_or_else(|| panic!("{line}: {report}")));
    let mut counts: BTreeMap<String, u64> =
        lines.map(|(name, count)| (name.to_owned(), count.parse().unwrap())).collect();
    let time = counts.remove("TIME").unwrap();
    (counts, time)
}

#[test]
fn programs_read_each_format_and_find_the_same_in_it() {
    let recording = Recording::new();
    let print = "\nfor name in sorted(counts): print(name, counts[name])\nprint('TIME', time)";
    let begin = "import sys, json, csv, collections\nfile = open(sys.argv[1], newline='')\n\
                 counts = collections.Counter(); time = 0\n";
    let read =
        |format: &str, script: &str| counts(&python(&format!("{begin}{script}{print}"), &recording.report(format)));
    let json = read(
        "json",
        "for line in file:\n\
         \x20event = json.loads(line)\n\
         \x20if event['event'] in ('call', 'leaving', 'unfinished'):\n\
         \x20 counts[event['call']] += 1; time += event.get('duration_ns', 0)\n\
         \x20 if event['number'] == 1000: assert event['error'] == 'ENOSYS'\n",
    );
    assert!(json.0["getdents64"] >= 2 && json.0["syscall_0x3e8"] == 1 && json.0["exit_group"] >= 2, "{json:?}");
    let csv = read(
        "csv",
        "for row in csv.DictReader(file):\n\
         \x20assert row['text'].startswith(row['call']), row\n\
         \x20counts[row['call']] += 1; time += int(row['duration_ns'] or 0)\n",
    );
    assert_eq!(csv, json);
    let chrome = read(
        "chrome",
        "for event in json.load(file)['traceEvents']:\n\
         \x20if event.get('cat') == 'syscall':\n\
         \x20 counts[event['name']] += 1; time += round(event.get('dur', 0) * 1000)\n",
    );
    assert_eq!(chrome, json);
    let folded = read(
        "folded",
        "for line in file:\n\
         \x20stack, spent = line.rsplit(' ', 1)\n\
         \x20program, call = stack.split(';')\n\
         \x20assert program[0].isalpha(), line\n\
         \x20counts[call] += 1; time += int(spent)\n",
    );
    assert_eq!(folded.1, json.1, "folded stacks add up to the same time");
    let names = |counts: &BTreeMap<String, u64>| -> Vec<String> {
        counts
            .keys()
            .filter(|name| !["execve", "exit_group", "rt_sigreturn"].contains(&name.as_str()))
            .cloned()
            .collect()
    };
    assert_eq!(names(&folded.0), names(&json.0));
    let text = fs::read_to_string(recording.report("text")).unwrap();
    let is_of = |line: &&str, name: &str| {
        let call = if line.starts_with("[pid ") { line.split_once("] ").map_or("", |(_, call)| call) } else { line };
        call.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
    };
    for name in names(&json.0) {
        let lines = text.lines().filter(|line| is_of(line, &name)).count();
        assert_eq!(lines as u64, json.0[&name], "{name}");
    }
    assert!(text.contains(r#"openat(AT_FDCWD, "no \"such\\ <file>,;", "#), "{text}");
    let mut perfetto = counts(&python(PERFETTO, &recording.report("perfetto")));
    // What is told of processes beside their calls has nothing there but a name.
    for told in ["SIGCHLD", "end"] {
        assert!(perfetto.0.remove(told).is_some(), "{told}: {perfetto:?}");
    }
    assert_eq!(perfetto, json);
}

/// Reads the protobuf messages of a Perfetto trace: packets (1) with a time (8) and an event (11), whose type (9) is the beginning
/// of a slice (1), its end (2) or an instant (3), on a track (11) with a description (60), and with a name (23).
const PERFETTO: &str = r"
import sys, collections
def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]; value |= (byte & 127) << shift; shift += 7; place += 1
        if byte < 128: return value, place
def fields(data):
    place, found = 0, {}
    while place < len(data):
        key, place = varint(data, place)
        if key & 7 == 0: value, place = varint(data, place)
        else:
            assert key & 7 == 2, key
            length, place = varint(data, place)
            value = data[place:place + length]; place += length
        found.setdefault(key >> 3, []).append(value)
    assert place == len(data)
    return found
counts, time, open_, tracks = collections.Counter(), 0, collections.defaultdict(list), set()
for packet in fields(open(sys.argv[1], 'rb').read())[1]:
    packet = fields(packet)
    assert packet[10] == [1]
    if 60 in packet:
        tracks.add(fields(packet[60][0])[1][0])
        continue
    event, moment = fields(packet[11][0]), packet[8][0]
    track, = event[11]
    assert track in tracks
    if event[9] == [2]: time += moment - open_[track].pop()
    else:
        counts[event[23][0].decode()] += 1
        if event[9] == [1]: open_[track].append(moment)
        else: assert event[9] == [3]
for name in sorted(counts): print(name, counts[name])
print('TIME', time)
";

/// Without addresses, which differ from one run to the next.
fn normalised(text: &str) -> Vec<String> {
    let without_addresses = |line: &str| {
        let mut parts = line.split("0x");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |line, part| line + "0x" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
    };
    // And without what the two ways do not have in common: the number of variables, and ids.
    let without_counts = |line: String| line.split(" /* ").next().unwrap_or_default().to_owned();
    // Nor the line before an `execve`, which only stderr has: what reads events knows how it ended.
    let is_left_out = |line: &&str| {
        line.starts_with("getpid(")
            || line.starts_with("getppid(")
            || line.starts_with("execve(") && line.ends_with(" = ?")
    };
    let lines = text.lines().filter(|line| !is_left_out(line));
    lines.map(without_addresses).map(without_counts).collect()
}

#[test]
fn a_report_reads_as_the_trace() {
    let bench = Workbench::new();
    let intercept = || Program::new(Built::get().intercept());
    let (traced, recorded) = (bench.path("traced"), bench.path("recorded"));
    // One process: ids differ. And one that fails, whose `execve` is there twice.
    let program = ["sh", "-c", "cd /; umask 022; exec 2>&-; exec /dev/null"];
    let direct = intercept().args(["trace"]).args(program).run();
    let through_memory = intercept().args(["trace", "-o"]).args([&traced]).args(program).run();
    let record = intercept().args(["record"]).args([&recorded]).args(program).run();
    assert_eq!((direct.code(), through_memory.code(), record.code()), (Some(126), Some(126), Some(126)));
    let report = intercept().args(["report"]).args([&recorded]).run().success();
    let direct = normalised(&direct.stderr());
    assert!(direct.iter().any(|line| line.starts_with("execve(\"/dev/null\"")), "{direct:#?}");
    assert_eq!(normalised(&fs::read_to_string(traced).unwrap()), direct);
    assert_eq!(normalised(&report.stdout()), direct);
}

#[test]
fn a_trace_may_be_in_any_of_them() {
    let bench = Workbench::new();
    let file = bench.path("trace");
    let trace = |format: &str| {
        let program = Program::new(Built::get().intercept()).args(["trace", "--format", format, "-o"]);
        program.args([&file]).args(["ls", "/"]).run().success();
        fs::read_to_string(&file).unwrap()
    };
    assert!(trace("json").starts_with("{\"event\":\"recording\""));
    assert!(trace("chrome").ends_with("}\n"));
    assert!(trace("folded").contains("ls;getdents64 "));
    // Without a file it goes to stderr.
    let outcome = Program::new(Built::get().intercept()).args(["trace", "--format", "csv", "ls", "/"]).run().success();
    assert!(outcome.stderr().starts_with("at_ns,"), "{outcome}");
}

/// Says of a picture how many colours are in it and how large the part is that is not of the commonest one, in per cent.
const PICTURE: &str = r"
import sys, zlib, struct, collections
data = open(sys.argv[1], 'rb').read()
assert data[:8] == b'\x89PNG\r\n\x1a\n'
place, packed = 8, b''
while place < len(data):
    length, kind = struct.unpack('>I4s', data[place:place + 8])
    body = data[place + 8:place + 8 + length]; place += 12 + length
    if kind == b'IHDR': width, height, depth, colour = struct.unpack('>IIBB', body[:10])
    if kind == b'IDAT': packed += body
assert depth == 8 and colour in (2, 6)
size = {2: 3, 6: 4}[colour]
raw, row = zlib.decompress(packed), width * size
before, colours = bytearray(row), collections.Counter()
for y in range(height):
    filter_, line = raw[y * (row + 1)], bytearray(raw[y * (row + 1) + 1:(y + 1) * (row + 1)])
    for x in range(row):
        left, up = line[x - size] if x >= size else 0, before[x]
        if filter_ == 1: line[x] = (line[x] + left) & 255
        elif filter_ == 2: line[x] = (line[x] + up) & 255
        elif filter_ == 3: line[x] = (line[x] + (left + up) // 2) & 255
        elif filter_ == 4:
            corner = before[x - size] if x >= size else 0
            guess = left + up - corner
            _, _, nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
            line[x] = (line[x] + nearest) & 255
    colours.update(bytes(line[x:x + 3]) for x in range(0, row, size))
    before = line
print(len(colours), 100 - 100 * max(colours.values()) // (width * height))
";

#[test]
fn a_browser_draws_the_page_without_asking_anybody() {
    let recording = Recording::new();
    let page = recording.report("html");
    let source = fs::read_to_string(&page).unwrap();
    let (before, rest) = source.split_once("<script id=\"data\"").unwrap();
    let own = [before, rest.split_once("</script>").unwrap().1].concat();
    for link in ["http:", "https:", "src=", "href=", "url(", "import "] {
        assert!(!own.contains(link), "the page refers to something: {link}");
    }
    let page = recording.bench.file("page.html", &source);
    let profile = format!("--user-data-dir={}", recording.bench.path("profile").display());
    let chromium = || {
        // Without a sandbox: root may not have one.
        let program = Program::new("chromium").args(["--headless", "--no-sandbox", "--disable-gpu", &profile]);
        program.args(["--window-size=800,600", "--hide-scrollbars", "--virtual-time-budget=5000"])
    };
    let url = format!("file://{}", page.display());
    let dom = chromium().args(["--dump-dom", &url]).run().success().stdout();
    assert!(dom.contains("data-drawn=\"yes\""), "the script has not come to its end: {dom}");
    assert!(dom.contains("<td>ls</td><td>getdents64</td>"), "{dom}");
    let picture = recording.bench.path("picture.png");
    chromium().args([format!("--screenshot={}", picture.display()), url]).run().success();
    let figures = python(PICTURE, &picture);
    let [colours, painted] =
        figures.split_whitespace().map(|figure| figure.parse::<u32>().unwrap()).collect::<Vec<_>>()[..]
    else {
        panic!("{figures}")
    };
    assert!(colours > 20 && painted > 5, "an empty page: {figures}");
}
