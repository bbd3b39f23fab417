//! Empties the rings while the programs run.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use syscall_intercept::log::{self, Line, Memory, Outcome, Style};
use syscall_intercept::ring::{Event, Kind, Segment, Stack, creates, drain, trusts_counter};

use super::ends::{self, Ended, Ends};
use super::entry::{Beginning, Ending, Entry, Output, What};
use super::pairing::{Begun, Pairing};
use crate::clock::{Clock, wall_clock};
use crate::error::Error;
use crate::stacks::{Frame, Stacks};

/// How often the rings are looked at when nobody asks for it: while there is something in them, and at last when there is not.
const PERIOD: Duration = Duration::from_millis(10);
const IDLE_PERIOD: Duration = Duration::from_millis(80);
/// Events of different threads are put in order as far as they are older than this: a younger one may still be on its way.
const ON_THE_WAY: Duration = Duration::from_millis(1);
/// How long a record may keep a ring from being emptied.
const PATIENCE: Duration = Duration::from_secs(1);

/// When to stop, and what to do when programs are too fast.
#[derive(Debug, Clone, Default)]
pub(crate) struct Limits {
    /// Record no longer than this.
    pub(crate) duration: Option<Duration>,
    /// Record no more entries than this.
    pub(crate) entries: Option<u64>,
    /// Lose events instead of making programs wait.
    pub(crate) lossy: bool,
    /// So many bytes of the stack go with each call, to find its callers.
    pub(crate) stacks: Option<u32>,
}

/// A thread that collects.
#[derive(Debug)]
pub(crate) struct Collector {
    segment: Segment,
    file: OwnedFd,
    is_over: Arc<AtomicBool>,
    ends: Sender<Ended>,
    thread: JoinHandle<io::Result<Ending>>,
}

impl Collector {
    /// Starts it; `output` is told what is known at the beginning.
    pub(crate) fn start<O: Output + 'static>(
        limits: Limits,
        output: impl FnOnce(Beginning) -> io::Result<O>,
    ) -> Result<Collector, Error> {
        let (segment, file) =
            Segment::create().map_err(|error| Error::new(format_args!("no shared memory to record into: {error}")))?;
        let by_counter = trusts_counter();
        if !by_counter {
            segment.control.mistrust_counter();
        }
        if limits.lossy {
            segment.control.prefer_losses();
        }
        if let Some(length) = limits.stacks {
            segment.control.want_stacks(length);
        }
        let beginning = Beginning { time: wall_clock(), parent: std::process::id() };
        let output = output(beginning).map_err(cannot_write)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Ends::new();
        let teller = ends.teller();
        let told = Arc::clone(&is_over);
        let work = move || {
            let work = Work {
                segment,
                clock: Clock::start(by_counter).with_first_rate(),
                started: Instant::now(),
                limits,
                output,
                pairing: Pairing::default(),
                ends,
                stacks: Stacks::default(),
                waiting: Vec::new(),
                text: Vec::new(),
                blocked: HashMap::new(),
                taken: 0,
            };
            work.run(&told)
        };
        let thread = std::thread::Builder::new()
            .name("collector".to_owned())
            .spawn(work)
            .map_err(|error| Error::new(format_args!("no thread to record with: {error}")))?;
        Ok(Collector { segment, file, is_over, ends: teller, thread })
    }

    /// To be told of processes that were waited for.
    pub(crate) fn ends(&self) -> Sender<Ended> {
        self.ends.clone()
    }

    /// The shared memory.
    pub(crate) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Takes what is there, and says on stderr what is missing.
    pub(crate) fn finish(self) -> Result<(), Error> {
        self.is_over.store(true, Ordering::Release);
        let ending = self.thread.join();
        // Who runs on has nobody to write for.
        self.segment.control.end();
        let ending = ending.map_err(|_| Error::new("the recording has failed"))?;
        let ending = ending.map_err(cannot_write)?;
        if let Some(missing) = ending.missing() {
            return Err(Error::new(missing));
        }
        Ok(())
    }
}

fn cannot_write(error: io::Error) -> Error {
    Error::new(format_args!("cannot write what was recorded: {error}"))
}

impl Ending {
    /// What is not in a recording, in words.
    pub(crate) fn missing(&self) -> Option<String> {
        // An event that was being written when its thread was killed is no loss: the call had not come back to the program.
        (self.lost > 0).then(|| format!("{} events were lost, there was no room for them", self.lost))
    }
}

/// An event that was read, and where its text is, with its stack behind it.
#[derive(Debug, Clone, Copy)]
struct Read {
    event: Event,
    stack: Option<Stack>,
    text: (usize, usize),
    /// The process is over, and its text says how; there is no event.
    is_end: bool,
}

#[derive(Debug)]
struct Work<O> {
    segment: Segment,
    clock: Clock,
    started: Instant,
    limits: Limits,
    output: O,
    pairing: Pairing,
    ends: Ends,
    stacks: Stacks,
    /// Read, and not passed on yet.
    waiting: Vec<Read>,
    text: Vec<u8>,
    /// Rings that cannot be emptied: the place of the record that is in the way, and since when.
    blocked: HashMap<usize, (u64, Instant)>,
    taken: u64,
}

impl<O: Output> Work<O> {
    fn run(mut self, is_over: &AtomicBool) -> io::Result<Ending> {
        let outcome = self.collect(is_over);
        // Nobody is to wait for a reader that is gone.
        if outcome.is_err() {
            self.segment.control.end();
        }
        outcome
    }

    fn collect(&mut self, is_over: &AtomicBool) -> io::Result<Ending> {
        let control = self.segment.control;
        let mut period = PERIOD;
        loop {
            let last_round = is_over.load(Ordering::Acquire);
            let seen = control.bell();
            control.beat();
            self.clock.adjust();
            let now = self.clock.now();
            // First: what a process has recorded is there before it is over.
            let ended = self.ends.ended();
            let torn = self.read();
            if !control.is_over() {
                ended.iter().for_each(|ended| self.is_over(ended, now));
            }
            period = if self.waiting.is_empty() { IDLE_PERIOD.min(2 * period) } else { PERIOD };
            let horizon = if last_round { u64::MAX } else { now.saturating_sub(self.clock.counts(ON_THE_WAY)) };
            self.pass_on(horizon)?;
            let is_full = self.limits.entries.is_some_and(|most| self.taken >= most);
            if is_full || self.limits.duration.is_some_and(|most| self.started.elapsed() >= most) {
                control.end();
            }
            if last_round {
                let rest = self.pairing.rest();
                self.unfinished(&rest)?;
                let ending = Ending { lost: control.lost(), torn };
                self.output.end(&ending)?;
                return Ok(ending);
            }
            self.output.flush()?;
            control.wait(seen, period.as_millis() as u32);
        }
    }

    /// Lets the end of a process be told of behind everything it has done.
    fn is_over(&mut self, ended: &Ended, now: u64) {
        let start = self.text.len();
        self.text.extend(ends::in_words(ended.status).bytes());
        // It may be that the first that is heard of the process has just been read.
        let now = self
            .waiting
            .iter()
            .filter(|read| read.event.process == ended.process)
            .map(|read| read.event.end)
            .fold(now, u64::max);
        let event = Event { process: ended.process, thread: ended.process, begin: now, end: now, ..Event::default() };
        self.waiting.push(Read { event, stack: None, text: (start, self.text.len()), is_end: true });
    }

    /// Reads all rings; answers how many records are not whole.
    fn read(&mut self) -> u64 {
        let mut torn = 0;
        for (index, ring) in self.segment.rings.iter().enumerate() {
            let mut start = self.text.len();
            let drained = drain(ring, &mut self.text, |mut event, stack, text| {
                event.begin = self.clock.stamp(event.begin, event.by_counter);
                event.end = self.clock.stamp(event.end, event.by_counter);
                self.ends.hear_of(event.process);
                if event.kind == Kind::Call && creates(event.number.into()) && event.result > 0 {
                    self.ends.hear_of(event.result as u32);
                }
                self.waiting.push(Read { event, stack, text: (start, text.len()), is_end: false });
                start = text.len();
            });
            torn += drained.unfinished as u64;
            match drained.first_unfinished.filter(|_| drained.is_blocked) {
                None => drop(self.blocked.remove(&index)),
                Some(place) => {
                    let now = Instant::now();
                    let (there, since) = *self.blocked.entry(index).or_insert((place, now));
                    if there != place {
                        self.blocked.insert(index, (place, now));
                    } else if since.elapsed() > PATIENCE {
                        ring.abandon();
                    }
                }
            }
        }
        torn
    }

    /// Passes on what is not younger than this, the oldest first.
    fn pass_on(&mut self, horizon: u64) -> io::Result<()> {
        self.waiting.sort_by_key(|read| read.event.end);
        let count = self.waiting.partition_point(|read| read.event.end <= horizon);
        let young = self.waiting.split_off(count);
        let old = std::mem::replace(&mut self.waiting, young);
        let text = std::mem::take(&mut self.text);
        for read in &mut self.waiting {
            let start = self.text.len();
            self.text.extend(text.get(read.text.0..read.text.1).unwrap_or_default());
            read.text = (start, self.text.len());
        }
        for read in &old {
            let text = text.get(read.text.0..read.text.1).unwrap_or_default();
            match read.is_end {
                true => self.end_of_process(&read.event, text)?,
                false => self.event(read.event, read.stack, text)?,
            }
        }
        Ok(())
    }

    fn end_of_process(&mut self, event: &Event, text: &[u8]) -> io::Result<()> {
        if !self.ends.ends(event.process) {
            return Ok(());
        }
        let left = self.pairing.program(event.process);
        self.unfinished(&left)?;
        self.entry(What::End, event, text, &[])
    }

    /// A parent has been told of the end of a child.
    fn reaped(&mut self, event: &Event, text: &[u8]) -> io::Result<()> {
        let process = u32::try_from(event.result).unwrap_or(0);
        let Some(words) = std::str::from_utf8(text).ok().and_then(ends::read_in) else { return Ok(()) };
        let end = Event { process, thread: process, begin: event.end, end: event.end, ..Event::default() };
        self.end_of_process(&end, words.as_bytes())
    }

    fn event(&mut self, mut event: Event, stack: Option<Stack>, bytes: &[u8]) -> io::Result<()> {
        let copied = stack.map_or(0, |stack| stack.length);
        let (text, copied) = bytes.split_at_checked(bytes.len() - copied).unwrap_or((bytes, b""));
        // Now: what is mapped may be something else when the call has come back.
        let mut frames = match &stack {
            Some(stack) => self.stacks.frames(event.process, stack, copied),
            None => Vec::new(),
        };
        let what = match event.kind {
            Kind::Begin => {
                self.pairing.begin(event, frames);
                return Ok(());
            }
            Kind::Call => {
                let (began, left) = self.pairing.end(&mut event);
                self.unfinished(&left)?;
                if i64::from(event.number) == libc::SYS_wait4 && event.result > 0 {
                    self.reaped(&event, text)?;
                }
                // Who has told its stack at the beginning does not tell it again.
                if frames.is_empty() {
                    frames = began;
                }
                What::Call
            }
            Kind::Leaving => What::Leaving,
            Kind::Program => {
                self.stacks.forget(event.process);
                let left = self.pairing.program(event.process);
                self.unfinished(&left)?;
                What::Program
            }
            Kind::Signal => What::Signal,
            Kind::Maps => {
                self.stacks.learn(&event, text);
                return Ok(());
            }
        };
        self.entry(what, &event, text, &frames)
    }

    fn unfinished(&mut self, begun: &[Begun]) -> io::Result<()> {
        let mut line = Line::new();
        for Begun { event, stack, .. } in begun {
            let call = log::Call { number: event.number.into(), args: event.args, object: b"", offset: 0 };
            log::format(&mut line, Style::Trace, &call, Outcome::Pending, &Gone);
            let text = line.as_bytes();
            let begin = text.strip_suffix(b") = ?\n").unwrap_or(text);
            self.entry(What::Unfinished, event, &[begin, b" <unfinished ...>"].concat(), stack)?;
        }
        Ok(())
    }

    fn entry(&mut self, what: What, event: &Event, text: &[u8], stack: &[Arc<Frame>]) -> io::Result<()> {
        // Once it was enough, it stays enough.
        let is_full = self.limits.entries.is_some_and(|most| self.taken >= most);
        if is_full {
            return Ok(());
        }
        self.taken += u64::from(!matches!(what, What::Program | What::End));
        let &Event { process, thread, number, args, result, begin, end, .. } = event;
        let result_at = if what == What::Unfinished { 0 } else { event.result_at.into() };
        let (begin, end) = (self.clock.nanoseconds(begin), self.clock.nanoseconds(end));
        self.output.entry(&Entry { what, process, thread, number, args, result, begin, end, text, result_at, stack })
    }
}

/// The memory of a program that may be over: what a call pointed to is not known any more.
#[derive(Debug)]
struct Gone;

impl Memory for Gone {
    fn read(&self, _: u64, _: &mut [u8]) -> usize {
        0
    }
}
