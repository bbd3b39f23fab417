//! The environment that a program is to be started with: what it lacks, and the same with what it lacks.
//!
//! This runs in the calls of the program, perhaps in the child of a `vfork`: no heap, no libc, no lock, no panic.
#![allow(unsafe_code, reason = "reads memory of the program that was found to be readable")]

use super::kept::{Kept, PRELOAD};
use crate::sys::probe::is_readable;

/// How many pointers there is room for: in nearly all environments that somebody has made up, and in any that is not absurd. The
/// stack of a child that `posix_spawn` makes has 32 KiB.
const FEW: usize = 64;
const MANY: usize = 1024;

/// How long an `LD_PRELOAD` may be in which both are named.
const LONGEST: usize = 4096;

/// What the variable that the command sets begins with, and what the mark begins with.
const KEEP: &[u8] = b"INTERCEPT_KEEP=";

/// What the program wants.
#[derive(Debug)]
pub(super) struct Theirs {
    address: u64,
    count: usize,
    /// A bit for each variable of [`Kept::variables`] that is there.
    has: u64,
    is_kept_on: bool,
    /// An `LD_PRELOAD` that does not name what ours names.
    preload: Option<Preload>,
}

#[derive(Debug, Clone, Copy)]
struct Preload {
    /// Which of the variables it is.
    index: usize,
    address: u64,
}

impl Theirs {
    /// Looks at an environment. `None` if it cannot be read, which is for the kernel to say, if it is absurd, or if it says that
    /// nothing is to be added (`INTERCEPT_KEEP=0`).
    pub(super) fn at(address: u64, kept: &Kept) -> Option<Theirs> {
        let mut theirs = Theirs { address, count: 0, has: 0, is_kept_on: false, preload: None };
        // The kernel takes a null pointer for an empty environment (`count` in fs/exec.c).
        if address == 0 {
            return Some(theirs);
        }
        let (mut array, mut strings) = (Reader::new(), Reader::new());
        loop {
            let variable = array.word(theirs.place(theirs.count))?;
            if variable == 0 {
                return Some(theirs);
            }
            theirs.look_at(variable, kept, &mut strings)?;
            theirs.count += 1;
            if theirs.count + kept.variables.len() + 2 > MANY {
                return None;
            }
        }
    }

    fn place(&self, index: usize) -> u64 {
        self.address.wrapping_add(8 * index as u64)
    }

    fn look_at(&mut self, variable: u64, kept: &Kept, strings: &mut Reader) -> Option<()> {
        if !matches!(strings.byte(variable)?, b'I' | b'L') {
            return Some(());
        }
        if strings.begins_with(variable, KEEP)? {
            self.is_kept_on = true;
            if strings.byte(variable.wrapping_add(KEEP.len() as u64))? == b'0' {
                return None;
            }
        }
        for (bit, ours) in kept.variables.iter().enumerate() {
            if strings.begins_with(variable, ours.name())? {
                self.has |= 1 << bit;
                let value = variable.wrapping_add(ours.name().len() as u64);
                if bit == 0 && self.preload.is_none() && !strings.has_element(value, kept.preload())? {
                    self.preload = Some(Preload { index: self.count, address: value });
                }
            }
        }
        Some(())
    }

    pub(super) fn lacks_nothing(&self, kept: &Kept) -> bool {
        self.is_kept_on && self.preload.is_none() && self.has.count_ones() as usize == kept.variables.len()
    }

    /// Uses the address of an environment in which nothing is lacking. `None` if there is no room for it.
    pub(super) fn completed(&self, kept: &Kept, make: impl FnOnce(u64) -> i64) -> Option<i64> {
        match self.preload {
            None => self.with_room(kept, None, make),
            Some(preload) => self.with_both(kept, preload, make),
        }
    }

    /// Their `LD_PRELOAD` behind ours.
    #[inline(never)]
    fn with_both(&self, kept: &Kept, preload: Preload, make: impl FnOnce(u64) -> i64) -> Option<i64> {
        let mut text = [0; LONGEST];
        let mut room = text.iter_mut();
        for &byte in PRELOAD.as_bytes().iter().chain(kept.preload()).chain(b":") {
            *room.next()? = byte;
        }
        let mut theirs = Reader::new();
        let mut address = preload.address;
        loop {
            let byte = theirs.byte(address)?;
            *room.next()? = byte;
            if byte == 0 {
                break;
            }
            address = address.wrapping_add(1);
        }
        self.with_room(kept, Some((preload.index, text.as_ptr() as u64)), make)
    }

    fn with_room(&self, kept: &Kept, both: Option<(usize, u64)>, make: impl FnOnce(u64) -> i64) -> Option<i64> {
        if self.count + kept.variables.len() + 2 <= FEW {
            self.in_array::<FEW>(kept, both, make)
        } else {
            self.in_array::<MANY>(kept, both, make)
        }
    }

    /// Their variables, a mark, and behind it those that are lacking. The last place stays zero.
    #[inline(never)]
    fn in_array<const N: usize>(
        &self,
        kept: &Kept,
        both: Option<(usize, u64)>,
        make: impl FnOnce(u64) -> i64,
    ) -> Option<i64> {
        let mut array = [0_u64; N];
        let mut room = array.iter_mut();
        let mut theirs = Reader::new();
        for index in 0..self.count {
            *room.next()? = match both {
                Some((place, text)) if place == index => text,
                _ => theirs.word(self.place(index))?,
            };
        }
        *room.next()? = kept.mark(both.is_some()).as_ptr() as u64;
        for (bit, ours) in kept.variables.iter().enumerate() {
            if self.has >> bit & 1 == 0 {
                *room.next()? = ours.address();
            }
        }
        room.next()?;
        Some(make(array.as_ptr() as u64))
    }
}

/// Reads memory, and asks once for each page whether that is possible: not by `process_vm_readv`, as programs start others in
/// sandboxes that kill for that.
#[derive(Debug)]
struct Reader {
    /// A page that can be read.
    page: u64,
}

impl Reader {
    const PAGE: u64 = 4096;

    fn new() -> Reader {
        Reader { page: u64::MAX }
    }

    fn word(&mut self, address: u64) -> Option<u64> {
        let (first, last) = (address / Self::PAGE, address.checked_add(7)? / Self::PAGE);
        if first != last || first != self.page {
            if !is_readable(address) {
                return None;
            }
            self.page = last;
        }
        // SAFETY: can be read, as was asked. A program in which another thread takes the memory away meanwhile would have its own
        // call read from there.
        Some(unsafe { std::ptr::read_unaligned(address as *const u64) })
    }

    fn byte(&mut self, address: u64) -> Option<u8> {
        let page = address / Self::PAGE;
        if page != self.page {
            // Eight bytes that begin at a multiple of eight are in one page.
            if !is_readable(address & !7) {
                return None;
            }
            self.page = page;
        }
        // SAFETY: as above.
        Some(unsafe { std::ptr::read(address as *const u8) })
    }

    fn begins_with(&mut self, address: u64, text: &[u8]) -> Option<bool> {
        for (index, &byte) in (0..).zip(text) {
            if self.byte(address.wrapping_add(index))? != byte {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Whether a list has these elements, one after the other. ld.so(8): spaces or colons are between them.
    fn has_element(&mut self, list: u64, elements: &[u8]) -> Option<bool> {
        let ends = |byte: u8| matches!(byte, 0 | b':' | b' ');
        let (mut address, mut is_beginning) = (list, true);
        loop {
            if is_beginning
                && self.begins_with(address, elements)?
                && ends(self.byte(address.wrapping_add(elements.len() as u64))?)
            {
                return Some(true);
            }
            let byte = self.byte(address)?;
            if byte == 0 {
                return Some(false);
            }
            is_beginning = ends(byte);
            address = address.wrapping_add(1);
        }
    }
}
