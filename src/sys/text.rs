//! Writing to code that is mapped read-only and executable.
//!
//! The first way is `/proc/self/mem`: the kernel copies the page and leaves its protection alone, so no page is writable to
//! the program at any time and other threads go on executing it. Where `/proc` is missing or such writes are forbidden, the
//! pages are made writable *instead of* executable for the moment of the write. Signals are not blocked meanwhile: the
//! fallback is meant for the time before `main`, when the only thread is the one that patches.
#![allow(unsafe_code, reason = "changes code that is mapped into the process")]

use super::call::{Errno, close, open, protect, pwrite};

const PAGE: u64 = 4096;

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

    /// Replaces the bytes `old` at an address by as many `new` ones. After an error the old bytes are in place, unless the
    /// kernel has made the page writable and now refuses to make it executable again.
    ///
    /// # Safety
    ///
    /// The range is mapped and executable and holds `old`; whoever executes it can go on with the new bytes.
    pub(crate) unsafe fn replace(&self, address: u64, old: &[u8], new: &[u8]) -> Result<(), Errno> {
        match self.mem.map(|mem| write_through(mem, address, old, new)) {
            Some(Ok(())) => Ok(()),
            // SAFETY: passed on.
            Some(Err(_)) | None => unsafe { write_over(address, new) },
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

/// Writes through `/proc/self/mem`.
fn write_through(mem: i32, address: u64, old: &[u8], new: &[u8]) -> Result<(), Errno> {
    match pwrite(mem, new, address) {
        Ok(written) if written == new.len() => Ok(()),
        // A range that straddles two pages may be cut short between them.
        Ok(written) => {
            let _ = pwrite(mem, old.get(..written).unwrap_or_default(), address);
            Err(Errno(libc::EIO))
        }
        Err(error) => Err(error),
    }
}

/// Writes directly while the pages are writable and not executable.
///
/// # Safety
///
/// As for [`TextWriter::replace`]; and no other thread executes these pages now. The library's own code is not on them.
unsafe fn write_over(address: u64, bytes: &[u8]) -> Result<(), Errno> {
    let start = address & !(PAGE - 1);
    let length = (address + bytes.len() as u64 - start).next_multiple_of(PAGE) as usize;
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

    /// A function that returns 1, across a page boundary: `mov eax, 1; ret`.
    fn straddling_function() -> u64 {
        let base = map_near(&(0x5000_0000_0000..0x5000_0000_1000), 0x2000).unwrap();
        let at = base + 0x1000 - 2;
        // SAFETY: fresh memory of two pages.
        unsafe {
            std::ptr::copy_nonoverlapping([0xb8, 1, 0, 0, 0, 0xc3].as_ptr(), at as *mut u8, 6);
            protect(base, 0x2000, libc::PROT_READ | libc::PROT_EXEC).unwrap();
        }
        at
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
    fn code_across_a_page_boundary_is_rewritten_and_stays_read_only() {
        for writer in [TextWriter::new(), TextWriter { mem: None }] {
            let function = straddling_function();
            assert_eq!(run(function), 1);
            // SAFETY: nobody else runs this function.
            unsafe { writer.replace(function, &[0xb8, 1, 0, 0, 0], &[0xb8, 7, 0, 0, 0]).unwrap() };
            assert_eq!(run(function), 7);
            assert_eq!(protection_of(function), "r-xp");
            assert_eq!(protection_of(function + 4), "r-xp");
        }
    }

    #[test]
    fn an_unmapped_address_is_an_error_and_not_a_fault() {
        // SAFETY: `write_over` asks the kernel before it touches the memory; nothing is mapped there.
        assert!(unsafe { write_over(0x5fff_0000_0000, &[0x90]) }.is_err());
    }
}
