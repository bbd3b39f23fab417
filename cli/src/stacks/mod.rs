//! Who has made a call: from the top of its stack, as the library has copied it, to the names of functions.
//!
//! The library does not unwind: in the middle of a call there is neither memory nor time for it. With each call it sends three registers
//! and the top of the stack ([`Stack`]), as `perf record --call-graph dwarf` does. What is left to be done here, in another process:
//!
//! 1. [`maps`]: which file an address is of, by what the library has told of the process' memory;
//! 2. [`file`](mod@file): the tables of the file that say how to find the caller of a function (`.eh_frame`), and its symbols;
//! 3. [`unwind`]: from one frame to the next;
//! 4. [`frame`]: what is shown of it.
//!
//! That is done while the program runs, and not when a report is made: a recording then holds names, a few bytes for each new stack, and
//! says the same on another machine or when the program was built anew.

mod file;
mod frame;
mod maps;
mod unwind;

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use syscall_intercept::ring::{Event, Stack};

use self::file::File;
pub(crate) use self::frame::Frame;
use self::maps::{Maps, Named};
use self::unwind::{Copied, Registers, Unwound};

/// Deeper stacks are cut: recursion that has gone wrong has a hundred thousand frames that say nothing.
const MOST_FRAMES: usize = 256;

/// Finds frames, for all processes of a recording.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    files: HashMap<Identity, Option<Rc<File>>>,
    processes: HashMap<u32, Maps>,
    /// What was told so far of the memory of a process, by the thread that tells it.
    pieces: HashMap<(u32, u32), Vec<u8>>,
    /// Frames in no file.
    nowhere: HashMap<u64, Arc<Frame>>,
    more: Option<Arc<Frame>>,
}

/// What tells a file from one that was there before or will be: path, device, inode, length, and when it was written.
type Identity = (PathBuf, u64, u64, u64, (i64, i64));

/// Opens a file that is mapped into a process, once. `None` if it is not there any more: then there may be another one of that name,
/// as there may be where the process has another root. The process, if it still runs, can be asked for its own.
fn open(
    files: &mut HashMap<Identity, Option<Rc<File>>>,
    process: u32,
    Named { path, inode }: Named,
) -> Option<Rc<File>> {
    let below_root = path.strip_prefix("/").unwrap_or(&path);
    let of_process = Path::new("/proc").join(process.to_string()).join("root").join(below_root);
    [path, of_process].into_iter().find_map(|path| {
        // Not the device: of file systems that are made of others, `stat` tells another one than `maps`.
        let found = path.metadata().ok().filter(|found| found.ino() == inode)?;
        let identity = (path, found.dev(), found.ino(), found.len(), (found.mtime(), found.mtime_nsec()));
        files.entry(identity).or_insert_with_key(|(path, ..)| File::open(path).map(Rc::new)).clone()
    })
}

impl Stacks {
    /// Takes an event that tells of the memory of a process.
    pub(crate) fn learn(&mut self, event: &Event, text: &[u8]) {
        let [before, start, end, ..] = event.args.map(i64::cast_unsigned);
        let pieces = self.pieces.entry((event.process, event.thread)).or_default();
        if before == 0 {
            pieces.clear();
        }
        if pieces.len() as u64 != before {
            // A piece was lost: what is known is better than half of what is new.
            pieces.clear();
            return;
        }
        pieces.extend(text);
        if text.is_empty() {
            let maps = Maps::parse(pieces, start..end, |named| open(&mut self.files, event.process, named));
            self.processes.insert(event.process, maps);
            self.pieces.remove(&(event.process, event.thread));
        }
    }

    /// A process runs another program.
    pub(crate) fn forget(&mut self, process: u32) {
        self.processes.remove(&process);
    }

    /// The frames of a stack, the innermost first. Those of the library are left out: to the program, it is not there.
    pub(crate) fn frames(&mut self, process: u32, stack: &Stack, bytes: &[u8]) -> Vec<Arc<Frame>> {
        let copied = Copied { start: stack.sp, bytes };
        let mut registers = Registers::new(stack.ip, stack.sp, stack.bp);
        let mut frames = Vec::new();
        let maps = self.processes.get(&process);
        loop {
            let place = maps.and_then(|maps| maps.find(registers.place()));
            if !maps.is_some_and(|maps| maps.is_of_library(registers.place())) {
                frames.push(match &place {
                    Some(place) => place.frame(registers.place(), registers.ip()),
                    None => Arc::clone(
                        self.nowhere.entry(registers.ip()).or_insert_with_key(|ip| Arc::new(Frame::nowhere(*ip))),
                    ),
                });
            }
            let is_code = |address| maps.is_some_and(|maps| maps.find(address).is_some());
            registers = match unwind::caller(&registers, place.as_ref(), &copied, is_code) {
                Unwound::To(caller) if frames.len() < MOST_FRAMES => caller,
                Unwound::To(_) | Unwound::Cut => {
                    frames.push(Arc::clone(self.more.get_or_insert_with(|| Arc::new(Frame::more()))));
                    return frames;
                }
                Unwound::End => return frames,
            };
        }
    }
}
