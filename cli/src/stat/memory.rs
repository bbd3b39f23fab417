//! The memory that programs count in: made here, and read while they do.
#![allow(unsafe_code, reason = "makes and maps a file in memory")]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, FromRawFd as _};
use std::sync::atomic::Ordering::Relaxed;

use syscall_intercept::stat::layout::{Clock, Header, Keep, Layout, MAGIC, NUMBERS, Row, SHARED, Slot};

use super::counts::Counts;

/// Memory for this many threads at a time and this many different calls of theirs: 72 MiB of addresses, and as much memory as is
/// written to. Where it does not suffice threads share what is left, and go on counting.
const USUAL: Layout = Layout { slots: 4096, rows: 1 << 16 };

/// The same where each thread or process is kept until the end: 545 MiB of addresses.
const KEPT: Layout = Layout { slots: 16384, rows: 1 << 19 };

/// The file, and where it is mapped.
#[derive(Debug)]
pub(super) struct Memory {
    file: File,
    layout: Layout,
    base: *mut u8,
}

// SAFETY: the mapping is made of atomics and there until the end of the process.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

/// The thread that has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    /// Which of the programs that have counted: one for each `fork` and each `execve`.
    pub(super) program: u32,
    pub(super) process: u32,
    pub(super) thread: u32,
    pub(super) name: Vec<u8>,
}

/// What somebody has counted: numbers that were called, and [`NUMBERS`] less one for those that are no call.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    /// `None` for those that are not told apart.
    pub(super) who: Option<Who>,
    pub(super) calls: Vec<(usize, Counts)>,
}

impl Memory {
    pub(super) fn new(clock: Clock, keep: Keep) -> io::Result<Memory> {
        let layout = if keep == Keep::Nothing { USUAL } else { KEPT };
        // SAFETY: a C string.
        let fd = unsafe { libc::memfd_create(c"intercept-stat".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is new and nobody else's.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(layout.length() as u64)?;
        let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
        // SAFETY: takes numbers.
        if unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, seals) } < 0 {
            return Err(io::Error::last_os_error());
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: new memory, as long as the file.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), layout.length(), protection, libc::MAP_SHARED, fd, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = Memory { file, layout, base: base.cast() };
        memory.prepare(clock, keep);
        Ok(memory)
    }

    fn prepare(&self, clock: Clock, keep: Keep) {
        let header = self.header();
        header.clock.store(clock as u32, Relaxed);
        header.keep.store(keep as u32, Relaxed);
        header.slots.store(self.layout.slots as u32, Relaxed);
        header.rows.store(self.layout.rows as u32, Relaxed);
        for (row, place) in (1..).zip(&self.slots()[SHARED].rows) {
            place.store(row, Relaxed);
        }
        header.slots_taken.store(SHARED as u32 + 1, Relaxed);
        header.rows_taken.store(NUMBERS as u32, Relaxed);
        header.magic.store(MAGIC, Relaxed);
    }

    /// What others are to map.
    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    fn header(&self) -> &Header {
        // SAFETY: at the start of the mapping, made of atomics.
        unsafe { &*self.base.cast() }
    }

    fn slots(&self) -> &[Slot] {
        // SAFETY: the file has room for them, and they are made of atomics.
        unsafe { std::slice::from_raw_parts(self.base.add(self.layout.slot(0)).cast(), self.layout.slots) }
    }

    fn rows(&self) -> &[Row] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(self.base.add(self.layout.row(0)).cast(), self.layout.rows) }
    }

    /// What was counted until now, slot by slot.
    pub(super) fn read(&self) -> Vec<Counted> {
        let taken = (self.header().slots_taken.load(Relaxed) as usize).min(self.layout.slots);
        let slots = self.slots().iter().take(taken).enumerate();
        let counted = slots.map(|(number, slot)| {
            let who = (number != SHARED && slot.process_id.load(Relaxed) != 0).then(|| Who::of(slot));
            Counted { who, calls: self.read_slot(slot) }
        });
        counted.filter(|counted| !counted.calls.is_empty()).collect()
    }

    fn read_slot(&self, slot: &Slot) -> Vec<(usize, Counts)> {
        let rows = slot.rows.iter().enumerate().filter_map(|(number, row)| {
            let row = self.rows().get((row.load(Relaxed) as usize).checked_sub(1)?)?;
            let mut counts = Counts::default();
            counts.add_row(row);
            (counts.calls > 0).then_some((number, counts))
        });
        rows.collect()
    }
}

impl Who {
    fn of(slot: &Slot) -> Who {
        let name = slot.name.iter().map(|byte| byte.load(Relaxed)).take_while(|&byte| byte != 0).collect();
        let program = slot.process.load(Relaxed);
        Who { program, process: slot.process_id.load(Relaxed), thread: slot.thread_id.load(Relaxed), name }
    }
}
