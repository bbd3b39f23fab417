//! Writing to code that is mapped read-only and executable.
//!
//! The first way is `/proc/self/mem`: the kernel copies the page and leaves its protection alone, so no page is writable to
//! the program at any time and other threads go on executing it. Where `/proc` is missing or such writes are forbidden, the
//! page is made writable *instead of* executable for the moment of the write: that is meant for the time before `main`, when
//! the only thread is the one that patches.
#![allow(unsafe_code, reason = "changes code that is mapped into the process")]

use super::call::{Errno, close, open, protect, pwrite};

pub(crate) const PAGE: u64 = 4096;

/// A way to write to code.
#[derive(Debug)]
pub(crate) struct TextWriter {
    /// `/proc/self/mem`, if it can be opened.
    mem: Option<i32>,
}

impl TextWriter {
    pub(crate) fn new() -> Self {
        TextWriter { mem: open(c"/proc/self/mem", libc::O_RDWR).ok() }
    }

    /// As if there were no `/proc`.
    #[cfg(test)]
    pub(crate) fn without_proc() -> Self {
        TextWriter { mem: None }
    }

    /// Writes over some bytes of one page. After an error the old ones are in place, unless the kernel has made the page
    /// writable and now refuses to make it executable again.
    ///
    /// # Safety
    ///
    /// The bytes are mapped and executable; whoever executes them can go on with the new ones.
    pub(crate) unsafe fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Errno> {
        debug_assert_eq!(address / PAGE, (address + bytes.len() as u64 - 1) / PAGE, "one page");
        // Within a page the kernel writes all or nothing.
        match self.mem.map(|mem| pwrite(mem, bytes, address)) {
            Some(Ok(written)) if written == bytes.len() => Ok(()),
            // SAFETY: passed on.
            _ => unsafe { write_over(address, bytes) },
        }
    }
}

impl Drop for TextWriter {
    fn drop(&mut self) {
        if let Some(mem) = self.mem {
            close(mem);
        }
    }
}

/// Writes directly while the pages are writable and not executable.
///
/// # Safety
///
/// As for [`TextWriter::write`]; and no other thread executes these pages now. The library's own code is not on them.
unsafe fn write_over(address: u64, bytes: &[u8]) -> Result<(), Errno> {
    let (start, length) = (address & !(PAGE - 1), PAGE as usize);
    // SAFETY: the caller answers for nobody needing these pages executable; this function's own code is elsewhere.
    unsafe { protect(start, length, libc::PROT_READ | libc::PROT_WRITE) }?;
    // A loop of volatile stores and not `memcpy`, which may live on these pages.
    for (offset, byte) in bytes.iter().enumerate() {
        // SAFETY: writable since a moment ago.
        unsafe { ((address as usize + offset) as *mut u8).write_volatile(*byte) };
    }
    // SAFETY: gives back what was taken away; nothing writes to the pages any more.
    unsafe { protect(start, length, libc::PROT_READ | libc::PROT_EXEC) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::sys::near::map_near;

    /// A function that returns 1: `mov eax, 1; ret`.
    fn function() -> u64 {
        let base = map_near(&(0x5000_0000_0000..0x5000_0000_1000), PAGE as usize).unwrap();
        // SAFETY: a fresh page.
        unsafe {
            std::ptr::copy_nonoverlapping([0xb8, 1, 0, 0, 0, 0xc3].as_ptr(), base as *mut u8, 6);
            protect(base, PAGE as usize, libc::PROT_READ | libc::PROT_EXEC).unwrap();
        }
        base
    }

    fn run(function: u64) -> i32 {
        // SAFETY: the six bytes at this address are a complete function of this type.
        unsafe { std::mem::transmute::<usize, extern "C" fn() -> i32>(function as usize)() }
    }

    fn protection_of(address: u64) -> String {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| {
            let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            (u64::from_str_radix(start, 16).unwrap()..u64::from_str_radix(end, 16).unwrap()).contains(&address)
        });
        line.unwrap().split(' ').nth(1).unwrap().to_owned()
    }

    #[test]
    fn code_is_rewritten_and_stays_read_only() {
        for writer in [TextWriter::new(), TextWriter::without_proc()] {
            let function = function();
            assert_eq!(run(function), 1);
            // SAFETY: nobody else runs this function.
            unsafe { writer.write(function, &[0xb8, 7, 0, 0, 0]).unwrap() };
            assert_eq!(run(function), 7);
            assert_eq!(protection_of(function), "r-xp");
        }
    }

    #[test]
    fn an_unmapped_address_is_an_error_and_not_a_fault() {
        // SAFETY: `write_over` asks the kernel before it touches the memory; nothing is mapped there.
        assert!(unsafe { write_over(0x5fff_0000_0000, &[0x90]) }.is_err());
    }
}
