//! The memory in which this process counts.
#![allow(unsafe_code, reason = "maps a file")]

use std::ffi::{CString, OsStr};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

use super::clock;
use super::layout::{Clock, Header, Layout, MAGIC, NUMBERS, Row, SHARED, Slot};
use crate::config::Config;
use crate::handed_down;
use crate::report;
use crate::sys::call::{self, Errno};
use crate::sys::clock::is_counter_forbidden;

static SEGMENT: Segment = Segment::new();

/// The mapped file. What the header says of its layout was looked at once: whatever a program writes over it, nothing is counted
/// outside of the file.
#[repr(align(64))]
#[derive(Debug)]
pub(super) struct Segment {
    /// Null if nobody counts.
    header: AtomicPtr<Header>,
    rows: AtomicPtr<Row>,
    slot_count: AtomicU32,
    row_count: AtomicU32,
    process: AtomicPtr<AtomicU32>,
}

/// The number of a process that cannot tell whether it was forked.
static UNKNOWN: AtomicU32 = AtomicU32::new(u32::MAX);

/// Whether calls are counted.
#[inline(always)]
pub(crate) fn active() -> bool {
    !SEGMENT.header.load(Relaxed).is_null()
}

/// Begins to count if the environment says where. Called once, by the constructor.
pub(crate) fn configure(config: &Config) {
    let Some(path) = &config.stat else { return };
    if let Err(why) = SEGMENT.map(path) {
        report::line(&format_args!("calls are not counted: what INTERCEPT_STAT names: {why}"));
    }
}

impl Segment {
    const fn new() -> Segment {
        const fn null<T>() -> AtomicPtr<T> {
            AtomicPtr::new(std::ptr::null_mut())
        }
        Segment {
            header: null(),
            rows: null(),
            slot_count: AtomicU32::new(0),
            row_count: AtomicU32::new(0),
            process: null(),
        }
    }

    /// The one of this process; `None` if nobody counts.
    #[inline(always)]
    pub(super) fn get() -> Option<&'static Segment> {
        active().then_some(&SEGMENT)
    }

    fn map(&self, path: &OsStr) -> Result<(), Refusal> {
        let path = CString::new(path.as_bytes()).map_err(|_| Refusal::NotForCounting)?;
        let fd = handed_down::STAT.open(&path).map_err(Refusal::Kernel)?;
        let mapped = map_sealed(fd);
        call::close(fd);
        let (base, layout) = mapped?;
        let header = base as *mut Header;
        self.rows.store((base + layout.row(0) as u64) as *mut Row, Relaxed);
        self.slot_count.store(layout.slots as u32, Relaxed);
        self.row_count.store(layout.rows as u32, Relaxed);
        let page = call::map_emptied_by_fork();
        self.process.store(page.map_or((&raw const UNKNOWN).cast_mut(), |page| page as *mut AtomicU32), Relaxed);
        // SAFETY: it is there, is made of atomics, and stays mapped.
        let kernel = unsafe { &*header }.clock.load(Relaxed) == Clock::Kernel as u32;
        if kernel {
            clock::set(Clock::Kernel);
        } else if !is_counter_forbidden() {
            clock::set(Clock::Counter);
        }
        self.header.store(header, Relaxed);
        Ok(())
    }

    pub(super) fn header(&self) -> &'static Header {
        // SAFETY: whoever has a segment has a header, which is made of atomics and stays mapped.
        unsafe { &*self.header.load(Relaxed) }
    }

    /// All slots.
    pub(super) fn slots(&self) -> &'static [Slot] {
        let first = self.header.load(Relaxed).wrapping_add(1).cast::<Slot>();
        // SAFETY: so many are behind the header, made of atomics, and stay mapped.
        unsafe { std::slice::from_raw_parts(first, self.slot_count.load(Relaxed) as usize) }
    }

    /// All rows.
    #[inline(always)]
    pub(super) fn rows(&self) -> &'static [Row] {
        // SAFETY: so many are there, made of atomics, and stay mapped.
        unsafe { std::slice::from_raw_parts(self.rows.load(Relaxed), self.row_count.load(Relaxed) as usize) }
    }

    /// Which of the processes that have counted this is, counted from one; 0 in a process that was forked just now; and
    /// [`u32::MAX`] where the kernel does not tell.
    #[inline(always)]
    pub(super) fn process(&self) -> &'static AtomicU32 {
        // SAFETY: mapped for good before the header was stored.
        unsafe { &*self.process.load(Relaxed) }
    }
}

/// Maps a file if it says that it is for counting, and nobody can make it shorter.
fn map_sealed(fd: i32) -> Result<(u64, Layout), Refusal> {
    // Only a `memfd` has seals.
    let seals = call::seals(fd).map_err(|_| Refusal::NotForCounting)?;
    let length = call::length(fd).map_err(Refusal::Kernel)?;
    if seals & libc::F_SEAL_SHRINK == 0 || length < size_of::<Header>() {
        return Err(Refusal::NotForCounting);
    }
    let base = call::map_shared(fd, length).map_err(Refusal::Kernel)?;
    // SAFETY: as long as a header at least, which is made of atomics.
    let header = unsafe { &*(base as *const Header) };
    let layout = Layout { slots: header.slots.load(Relaxed) as usize, rows: header.rows.load(Relaxed) as usize };
    let is_for_counting = header.magic.load(Relaxed) == MAGIC && layout.slots > SHARED && layout.rows >= NUMBERS;
    if !is_for_counting || layout.length() > length {
        // SAFETY: nobody else knows of it.
        unsafe { call::unmap(base, length) };
        return Err(Refusal::NotForCounting);
    }
    Ok((base, layout))
}

/// Why a process does not count.
#[derive(Debug)]
enum Refusal {
    Kernel(Errno),
    NotForCounting,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Kernel(errno) => errno.fmt(f),
            Refusal::NotForCounting => f.write_str("not made by `intercept stat`, or by another version of it"),
        }
    }
}
