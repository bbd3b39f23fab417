//! Perfetto's own format: a stream of protobuf messages, written by hand since only a dozen fields are needed.
//!
//! The fields are those of `protos/perfetto/trace/` in Perfetto's source: `trace.proto`, `trace_packet.proto`,
//! `track_event/{track_event,track_descriptor,process_descriptor,thread_descriptor,debug_annotation}.proto`.

use std::collections::HashSet;
use std::io::{self, Write};

use crate::events::entry::{Ending, Entry, Output, What};

/// The writer of packets.
pub(super) struct Perfetto {
    to: Box<dyn Write + Send>,
    /// Tracks that were described.
    described: HashSet<u64>,
}

/// `Trace.packet`
const PACKET: u64 = 1;
/// `TracePacket`
const TIMESTAMP: u64 = 8;
const SEQUENCE: u64 = 10;
const TRACK_EVENT: u64 = 11;
const TRACK_DESCRIPTOR: u64 = 60;
/// `TrackDescriptor`
const UUID: u64 = 1;
const PROCESS: u64 = 3;
const THREAD: u64 = 4;
const PARENT: u64 = 5;
/// `ProcessDescriptor` and `ThreadDescriptor`
const PID: u64 = 1;
const TID: u64 = 2;
const PROCESS_NAME: u64 = 6;
/// `TrackEvent`
const ANNOTATION: u64 = 4;
const TYPE: u64 = 9;
const TRACK: u64 = 11;
const CATEGORY: u64 = 22;
const NAME: u64 = 23;
/// `TrackEvent.Type`
const SLICE_BEGIN: u64 = 1;
const SLICE_END: u64 = 2;
const INSTANT: u64 = 3;
/// `DebugAnnotation`
const ANNOTATION_NAME: u64 = 10;
const STRING: u64 = 6;

/// A message while it is put together.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u64, value: u64) -> Message {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Message {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn message(self, field: u64, message: &Message) -> Message {
        self.bytes(field, &message.0)
    }

    /// Protobuf's strings are UTF-8.
    fn text(self, field: u64, text: &[u8]) -> Message {
        let text = String::from_utf8_lossy(text);
        self.bytes(field, text.as_bytes())
    }
}

fn process_track(process: u32) -> u64 {
    u64::from(process) << 32
}

fn thread_track(entry: &Entry<'_>) -> u64 {
    process_track(entry.process) | u64::from(entry.thread)
}

impl Perfetto {
    pub(super) fn new(to: Box<dyn Write + Send>) -> Perfetto {
        Perfetto { to, described: HashSet::new() }
    }

    fn packet(&mut self, packet: Message) -> io::Result<()> {
        self.to.write_all(&Message::default().message(PACKET, &packet.number(SEQUENCE, 1)).0)
    }

    fn describe(&mut self, track: Message) -> io::Result<()> {
        self.packet(Message::default().message(TRACK_DESCRIPTOR, &track))
    }

    fn process(&mut self, entry: &Entry<'_>, name: Option<&[u8]>) -> io::Result<()> {
        let track = process_track(entry.process);
        if name.is_none() && !self.described.insert(track) {
            return Ok(());
        }
        self.described.insert(track);
        let process = Message::default().number(PID, entry.process.into());
        let process = match name {
            Some(name) => process.text(PROCESS_NAME, name),
            None => process,
        };
        self.describe(Message::default().number(UUID, track).message(PROCESS, &process))
    }

    fn event(&mut self, entry: &Entry<'_>, time: u64, event: Message) -> io::Result<()> {
        let event = event.number(TRACK, thread_track(entry));
        self.packet(Message::default().number(TIMESTAMP, time).message(TRACK_EVENT, &event))
    }
}

impl Output for Perfetto {
    fn entry(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if entry.what == What::Program {
            return self.process(entry, Some(entry.text));
        }
        self.process(entry, None)?;
        if self.described.insert(thread_track(entry)) {
            let thread = Message::default().number(PID, entry.process.into()).number(TID, entry.thread.into());
            let track =
                Message::default().number(UUID, thread_track(entry)).number(PARENT, process_track(entry.process));
            self.describe(track.message(THREAD, &thread))?;
        }
        let kind = match entry.what {
            What::Leaving | What::Signal | What::End => INSTANT,
            _ => SLICE_BEGIN,
        };
        let text = Message::default().text(ANNOTATION_NAME, b"text").text(STRING, entry.text);
        let event = Message::default().number(TYPE, kind).text(CATEGORY, b"syscall");
        let event = event.text(NAME, entry.name().as_bytes()).message(ANNOTATION, &text);
        self.event(entry, entry.begin, event)?;
        if entry.what == What::Call {
            self.event(entry, entry.end, Message::default().number(TYPE, SLICE_END))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    fn end(&mut self, _: &Ending) -> io::Result<()> {
        self.to.flush()
    }
}
