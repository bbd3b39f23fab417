//! The stack of a call, as it lies in a record behind the text: what an unwinder needs to find the callers.
//!
//! Unwinding takes tables, memory and time, none of which there is inside of a call. So the top of the stack is copied as it is, and
//! the reader unwinds.
#![allow(unsafe_code, reason = "has the kernel copy into a record")]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::layout::GRAIN;
use crate::sys::memory;

/// More than this is not copied of a stack.
pub const MOST_OF_STACK: usize = 64 << 10;

/// Where a call was made, and how much of the stack goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stack {
    /// Behind the `syscall` instruction.
    pub ip: u64,
    /// The stack pointer there, and the address of the first byte copied.
    pub sp: u64,
    /// rbp there. The other registers that functions keep are of no use: compilers find frames by these two.
    pub bp: u64,
    /// How many bytes are asked for; in a record, how many could be read.
    pub length: usize,
}

/// Bytes of the stack in a grain. Its first word is ours: whatever the program has on its stack, the beginning of a grain must not look
/// like that of a [free](super::layout::RingOf::free) one.
const IN_GRAIN: usize = (GRAIN - 1) * 8;
/// Grains that are filled by one system call, which takes most of its time whatever it copies: where they are is said in a kilobyte of
/// the program's own stack, which may be small.
const AT_A_TIME: usize = 64;
const _: () = assert!(AT_A_TIME * IN_GRAIN <= memory::MOST_SCATTERED);

/// Stands in the first word of each grain.
const TAKEN: u64 = 1;

impl Stack {
    /// How many words it takes: a grain that says what there is, and those that hold it.
    pub(super) fn words(&self) -> usize {
        words(self.length.min(MOST_OF_STACK))
    }

    /// Copies the stack of this process into a record.
    #[inline(never)]
    pub(super) fn store(&self, process: u32, record: &[AtomicU64]) {
        let (grains, _) = record.as_chunks::<GRAIN>();
        let Some((head, rest)) = grains.split_first() else { return };
        // Also those that are not filled.
        rest.iter().for_each(|grain| grain[0].store(TAKEN, Relaxed));
        let wanted = self.length.min(MOST_OF_STACK);
        let mut copied = 0;
        for grains in rest.chunks(AT_A_TIME) {
            let mut places = [libc::iovec { iov_base: core::ptr::null_mut(), iov_len: 0 }; AT_A_TIME];
            let mut asked = 0;
            for (place, [_, first, ..]) in places.iter_mut().zip(grains) {
                let room = IN_GRAIN.min(wanted - copied - asked);
                *place = libc::iovec { iov_base: first.as_ptr().cast(), iov_len: room };
                asked += room;
            }
            // SAFETY: the words of a grain behind its first, which this record has claimed; atomic integers, for which any bytes are right.
            let read = unsafe { memory::scatter(process, self.sp.wrapping_add(copied as u64), asked, &places) };
            let got = read.unwrap_or(0);
            copied += got;
            if got < asked {
                break;
            }
        }
        let [about, ip, sp, bp, ..] = head;
        ip.store(self.ip, Relaxed);
        sp.store(self.sp, Relaxed);
        bp.store(self.bp, Relaxed);
        about.store((copied as u64) << 32 | TAKEN, Relaxed);
    }

    /// Reads what [`store`](Self::store) has written; the bytes go behind what is in the buffer. `None` if it is something else.
    pub(super) fn load(record: &[AtomicU64], bytes: &mut Vec<u8>) -> Option<Stack> {
        let (grains, _) = record.as_chunks::<GRAIN>();
        let ([about, ip, sp, bp, ..], rest) = grains.split_first()?;
        let length = (about.load(Relaxed) >> 32) as usize;
        if words(length) > record.len() {
            return None;
        }
        let end = bytes.len() + length;
        for [_, words @ ..] in rest.iter().take(length.div_ceil(IN_GRAIN)) {
            bytes.extend(words.iter().flat_map(|word| word.load(Relaxed).to_ne_bytes()));
        }
        bytes.truncate(end);
        Some(Stack { ip: ip.load(Relaxed), sp: sp.load(Relaxed), bp: bp.load(Relaxed), length })
    }
}

pub(super) const fn words(length: usize) -> usize {
    GRAIN * (1 + length.div_ceil(IN_GRAIN))
}
