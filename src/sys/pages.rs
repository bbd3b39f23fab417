//! Whether pages of a mapped file are still those of the file: asked of the kernel, which knows without anybody reading them.

use super::call::{close, open, read_at};
use super::text::PAGE;

/// Bits of an entry of `/proc/self/pagemap` (Documentation/admin-guide/mm/pagemap.rst): in memory, swapped out, a page of a file.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_A_FILE: u64 = 1 << 61;

/// Whether none of these pages, of a private mapping of a file, was written to: then it would be one of the process itself. If nobody
/// can tell they may all have been.
pub(crate) fn are_those_of_the_file(start: u64, length: u64) -> bool {
    let Ok(table) = open(c"/proc/self/pagemap", libc::O_RDONLY) else { return false };
    let mut entries = vec![0; (length / PAGE) as usize * size_of::<u64>()];
    let read = read_at(table, &mut entries, start / PAGE * size_of::<u64>() as u64);
    close(table);
    read == Ok(entries.len())
        && entries.as_chunks().0.iter().all(|entry| {
            let entry = u64::from_le_bytes(*entry);
            entry & SWAPPED == 0 && (entry & PRESENT == 0 || entry & OF_A_FILE != 0)
        })
}

#[cfg(test)]
mod tests {
    #![allow(unsafe_code, clippy::unwrap_used, reason = "a test")]

    use super::*;

    #[test]
    fn a_page_that_was_written_to_is_another() {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        // SAFETY: nobody changes the program that runs.
        let mut map = unsafe { memmap2::MmapOptions::new().len(8 * PAGE as usize).map_copy(&file) }.unwrap();
        let start = map.as_ptr() as u64;
        assert!(are_those_of_the_file(start, 8 * PAGE), "nothing is in memory");
        assert_eq!(map[3 * PAGE as usize..][..8].len(), 8);
        std::hint::black_box(map.iter().step_by(PAGE as usize).fold(0_u8, |sum, &byte| sum.wrapping_add(byte)));
        assert!(are_those_of_the_file(start, 8 * PAGE), "all is in memory");
        map[5 * PAGE as usize + 17] ^= 1;
        assert!(!are_those_of_the_file(start, 8 * PAGE));
        assert!(are_those_of_the_file(start, 5 * PAGE) && are_those_of_the_file(start + 6 * PAGE, 2 * PAGE));
    }

    #[test]
    fn memory_that_is_not_there_is_of_no_file() {
        assert!(!are_those_of_the_file(1 << 50, PAGE), "beyond the address space");
    }
}
