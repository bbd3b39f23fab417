//! A page that shows a recording by itself: a timeline and a flame graph, drawn by `page.js`, with the data in the page.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::json;
use super::names::{Era, Names};
use crate::events::entry::{Beginning, Ending, Entry, Output, What};
use crate::stacks::Frame;

/// More calls than this are too many for a browser to be quick with: the longest are drawn, all are added up.
const MOST_DRAWN: usize = 200_000;

/// A JSON string in which nothing ends the script that it stands in, as `</script>` would.
fn quoted(text: &[u8]) -> String {
    json::quoted(text).replace('<', "\\u003c")
}

/// Gathers what is on the page.
pub(super) struct Html {
    to: Box<dyn Write + Send>,
    beginning: Beginning,
    names: Names,
    /// Calls to be drawn.
    calls: Vec<Drawn>,
    /// How many were not kept.
    dropped: usize,
    /// Time, calls and errors by program, call, and who has made it.
    sums: HashMap<(Era, i32, Vec<Arc<Frame>>), Sum>,
    end: u64,
}

struct Drawn {
    begin: u64,
    duration: u64,
    thread: u32,
    era: Era,
    number: i32,
    failed: bool,
    text: String,
}

#[derive(Debug, Default)]
struct Sum {
    time: u64,
    calls: u64,
    errors: u64,
}

/// Names, each once, and where each is among them.
#[derive(Debug, Default)]
struct Places {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Places {
    fn of(&mut self, name: String) -> usize {
        *self.places.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            self.names.len() - 1
        })
    }
}

impl Html {
    pub(super) fn new(to: Box<dyn Write + Send>, beginning: Beginning) -> Html {
        Html { to, beginning, names: Names::default(), calls: Vec::new(), dropped: 0, sums: HashMap::new(), end: 0 }
    }

    /// Lets the shorter half go.
    fn thin_out(&mut self) {
        let mut durations: Vec<u64> = self.calls.iter().map(|call| call.duration).collect();
        let (_, &mut median, _) = durations.select_nth_unstable(MOST_DRAWN);
        let before = self.calls.len();
        self.calls.retain(|call| call.duration > median);
        self.dropped += before - self.calls.len();
    }

    /// The data, as the script expects them.
    fn data(&mut self, ending: &Ending) -> io::Result<()> {
        let Html { to, names, .. } = self;
        let mut calls: Vec<i32> = self.sums.keys().map(|(_, number, _)| *number).collect();
        calls.extend(self.calls.iter().map(|call| call.number));
        calls.sort_unstable();
        calls.dedup();
        let place: HashMap<i32, usize> = calls.iter().enumerate().map(|(place, number)| (*number, place)).collect();
        let list = |names: Vec<String>| names.iter().map(|name| quoted(name.as_bytes())).collect::<Vec<_>>().join(",");
        let call_names = list(calls.iter().map(|number| crate::events::entry::name(*number)).collect());
        let (time, end, dropped) = (self.beginning.time / 1_000_000, self.end, self.dropped);
        let missing = ending.missing().unwrap_or_default();
        write!(to, r#"{{"time":{time},"end":{end},"dropped":{dropped},"missing":{},"#, quoted(missing.as_bytes()))?;
        write!(to, r#""names":[{call_names}],"sums":["#)?;
        let mut frames = Places::default();
        let mut sums: HashMap<(String, i32, Vec<usize>), Sum> = HashMap::new();
        for ((era, number, stack), sum) in &self.sums {
            let callers = stack.iter().rev().map(|frame| frames.of(frame.name())).collect();
            let all = sums.entry((names.name(*era), *number, callers)).or_default();
            all.time += sum.time;
            all.calls += sum.calls;
            all.errors += sum.errors;
        }
        for (index, ((program, number, callers), Sum { time, calls, errors })) in sums.iter().enumerate() {
            let (comma, program) = (if index > 0 { "," } else { "" }, quoted(program.as_bytes()));
            write!(to, "{comma}\n[{program},{},{time},{calls},{errors},{callers:?}]", place[number])?;
        }
        write!(to, "],\n\"functions\":[{}],\n\"lanes\":[", list(frames.names))?;
        let mut lanes: Vec<(Era, u32)> = Vec::new();
        let mut lane_of: HashMap<(Era, u32), usize> = HashMap::new();
        for call in &self.calls {
            lane_of.entry((call.era, call.thread)).or_insert_with(|| {
                lanes.push((call.era, call.thread));
                lanes.len() - 1
            });
        }
        let lane_names = list(lanes.iter().map(|(era, thread)| format!("{} {thread}", names.name(*era))).collect());
        write!(to, "{lane_names}],\n\"calls\":[")?;
        for (index, call) in self.calls.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let (lane, name) = (lane_of[&(call.era, call.thread)], place[&call.number]);
            let (begin, duration, failed) = (call.begin, call.duration, u8::from(call.failed));
            write!(to, "{comma}\n[{begin},{duration},{lane},{name},{failed},{}]", quoted(call.text.as_bytes()))?;
        }
        write!(to, "]}}")
    }
}

impl Output for Html {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let era = self.names.learn(entry);
        self.end = self.end.max(entry.end);
        if matches!(entry.what, What::Program | What::Signal | What::End) {
            return Ok(());
        }
        let failed = entry.error().is_some();
        if entry.what == What::Call {
            let sum = self.sums.entry((era, entry.number, entry.stack.to_vec())).or_default();
            sum.time += entry.duration();
            sum.calls += 1;
            sum.errors += u64::from(failed);
        }
        self.calls.push(Drawn {
            begin: entry.begin,
            duration: entry.duration(),
            thread: entry.thread,
            era,
            number: entry.number,
            failed,
            text: String::from_utf8_lossy(entry.text).into_owned(),
        });
        if self.calls.len() >= 2 * MOST_DRAWN {
            self.thin_out();
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self, ending: &Ending) -> io::Result<()> {
        self.to.write_all(include_bytes!("page_begin.html"))?;
        self.data(ending)?;
        self.to.write_all(b"</script>\n<script>\n")?;
        self.to.write_all(include_bytes!("page.js"))?;
        self.to.write_all(b"</script>\n</body>\n</html>\n")?;
        self.to.flush()
    }
}
