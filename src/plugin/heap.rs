//! A heap for hooks: memory while the program's own heap is in the middle of a change.
//!
//! Small blocks come in sizes that are powers of two, from lists without a lock; larger ones from the kernel. So a signal handler,
//! or a thread that was stopped, keeps nobody from allocating. Blocks of a size are reused for that size, and go back to the kernel
//! only if they were large.
#![allow(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sys::call;

const PAGE: usize = 4096;
/// The sizes of small blocks, as powers of two: room for two words, up to eight pages.
const SMALLEST: u32 = 4;
const LARGEST: u32 = 15;
/// What is asked of the kernel at a time for small blocks, if four blocks are not more.
const CHUNK: usize = 4 * PAGE;

/// An allocator that may be used in hooks, wherever they run: inside `malloc`, in signal handlers, in the child of a `vfork`.
/// It calls no function of libc and takes no lock.
///
/// A plugin that makes it its global allocator may use `Vec`, `String` and all else without regard to what the program is doing
/// (see "What a hook may do" at the top of these pages). Only memory of Rust code comes from it: what functions of libc allocate does not.
///
/// ```
/// #[global_allocator]
/// static HEAP: syscall_intercept::Heap = syscall_intercept::Heap::new();
/// # assert_eq!(vec![1; 10_000].iter().sum::<i32>(), 10_000);
/// ```
#[derive(Debug)]
pub struct Heap {
    /// The first free block of each size.
    free: [List; (LARGEST - SMALLEST + 1) as usize],
}

impl Heap {
    /// One without memory: it asks the kernel when it needs some.
    ///
    /// ```
    /// static HEAP: syscall_intercept::Heap = syscall_intercept::Heap::new();
    /// ```
    pub const fn new() -> Heap {
        Heap { free: [const { List(AtomicU64::new(0)) }; (LARGEST - SMALLEST + 1) as usize] }
    }
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

/// How a block is got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// From a list: as many bytes as two to the power of this.
    Small(u32),
    /// From the kernel: so many bytes, whole pages.
    Large(usize),
}

/// How a block of this layout is got; `None` if there is no such block.
fn kind(layout: Layout) -> Option<Kind> {
    let power = layout.size().max(layout.align()).checked_next_power_of_two()?.trailing_zeros().max(SMALLEST);
    // Blocks lie at multiples of their size as far as pages do.
    if power <= LARGEST && layout.align() <= PAGE {
        return Some(Kind::Small(power));
    }
    Some(Kind::Large(layout.size().checked_next_multiple_of(PAGE)?))
}

// SAFETY: each block is given to one caller at a time, is as large as asked for, and lies at a multiple of the alignment.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match kind(layout) {
            Some(Kind::Small(power)) => self.list(power).take().unwrap_or_else(|| self.refill(power)),
            Some(Kind::Large(length)) => map(length, layout.align()),
            None => std::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match kind(layout) {
            // SAFETY: the block came from this list, and is nobody's any more.
            Some(Kind::Small(power)) => unsafe { self.list(power).give(block, block) },
            // SAFETY: the block was mapped by itself.
            Some(Kind::Large(length)) => unsafe { call::unmap(block as u64, length) },
            None => {}
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: passed on.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() && matches!(kind(layout), Some(Kind::Small(_))) {
            // SAFETY: our block, of this size. What the kernel has just mapped is zero.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(new) = Layout::from_size_align(size, layout.align()) else { return std::ptr::null_mut() };
        match (kind(layout), kind(new)) {
            (before, after) if before == after => block,
            (Some(Kind::Large(before)), Some(Kind::Large(after))) if layout.align() <= PAGE => {
                // SAFETY: the block was mapped by itself, and its owner expects that it moves.
                unsafe { call::remap(block as u64, before, after) }
                    .map_or(std::ptr::null_mut(), |moved| moved as *mut u8)
            }
            _ => {
                // SAFETY: passed on.
                let moved = unsafe { self.alloc(new) };
                if !moved.is_null() {
                    // SAFETY: two blocks, each at least as large as the smaller size.
                    unsafe {
                        moved.copy_from_nonoverlapping(block, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                }
                moved
            }
        }
    }
}

impl Heap {
    fn list(&self, power: u32) -> &List {
        &self.free[(power - SMALLEST) as usize]
    }

    /// Asks the kernel for blocks of a size. Answers one of them; null if there is no memory.
    fn refill(&self, power: u32) -> *mut u8 {
        let size = 1 << power;
        let length = CHUNK.max(4 * size);
        let chunk = map(length, PAGE);
        if !chunk.is_null() {
            // SAFETY: fresh memory that is ours alone, cut into blocks. All but the first are chained and given away.
            unsafe {
                let block = |index: usize| chunk.add(index * size);
                let last = length / size - 1;
                (1..last).for_each(|index| block(index).cast::<u64>().write(block(index + 1) as u64));
                self.list(power).give(block(1), block(last));
            }
        }
        chunk
    }
}

/// Fresh memory at a multiple of this, or null.
fn map(length: usize, align: usize) -> *mut u8 {
    let spare = if align <= PAGE { 0 } else { align };
    let Some(Ok(start)) = length.checked_add(spare).map(call::map) else { return std::ptr::null_mut() };
    let aligned = start.next_multiple_of(align.max(PAGE) as u64);
    let (before, behind) = ((aligned - start) as usize, spare - (aligned - start) as usize);
    for (at, length) in [(start, before), (aligned + length as u64, behind)] {
        if length > 0 {
            // SAFETY: the ends of the mapping that was just made, which nobody knows.
            unsafe { call::unmap(at, length) };
        }
    }
    aligned as *mut u8
}

/// A stack of free blocks. The first word of each is the address of the next.
///
/// The head is an address and a count of how often it was changed: who has read it, and was interrupted, must not take it for
/// unchanged if the same block has been taken and given back meanwhile, with another one behind it. Blocks lie at multiples of
/// 16 in the lower 47 bits of addresses, which leaves 21 bits for the count.
#[derive(Debug)]
#[repr(align(64))] // each on its own cache line
struct List(AtomicU64);

const COUNT_BITS: u32 = 21;
const ADDRESS_SHIFT: u32 = 4;

fn head(address: u64, count: u64) -> u64 {
    address >> ADDRESS_SHIFT << COUNT_BITS | count & ((1 << COUNT_BITS) - 1)
}

fn address(head: u64) -> u64 {
    head >> COUNT_BITS << ADDRESS_SHIFT
}

impl List {
    /// Takes a block; `None` if there is none.
    fn take(&self) -> Option<*mut u8> {
        let mut now = self.0.load(Ordering::Acquire);
        loop {
            let block = address(now);
            if block == 0 {
                return None;
            }
            // SAFETY: blocks are never unmapped. If this one is somebody's already, what is read is worth nothing, and the head has
            // changed.
            let next = unsafe { AtomicU64::from_ptr(block as *mut u64) }.load(Ordering::Relaxed);
            match self.0.compare_exchange_weak(now, head(next, now + 1), Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => return Some(block as *mut u8),
                Err(other) => now = other,
            }
        }
    }

    /// Gives blocks back, from the first to the last of a chain.
    ///
    /// # Safety
    ///
    /// They are of this list's size, and nobody's.
    unsafe fn give(&self, first: *mut u8, last: *mut u8) {
        let mut now = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: nobody's until the exchange, but somebody may still look at it in `take`.
            unsafe { AtomicU64::from_ptr(last.cast()) }.store(address(now), Ordering::Relaxed);
            let new = head(first as u64, now + 1);
            match self.0.compare_exchange_weak(now, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fill(block: *mut u8, layout: Layout, byte: u8) {
        assert!(!block.is_null() && (block as usize).is_multiple_of(layout.align()), "{layout:?} {block:?}");
        // SAFETY: a block of this layout.
        unsafe { block.write_bytes(byte, layout.size()) };
    }

    fn holds(block: *mut u8, size: usize, byte: u8) -> bool {
        // SAFETY: at least so many bytes of a block.
        unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|&found| found == byte)
    }

    fn layouts() -> impl Strategy<Value = Layout> {
        let sizes = prop_oneof![1..200_usize, 1..40_000_usize, 30_000..300_000_usize];
        (sizes, 0..15_u32).prop_map(|(size, power)| Layout::from_size_align(size, 1 << power).expect("a layout"))
    }

    proptest! {
        #[test]
        fn blocks_are_apart_and_keep_what_is_in_them(layouts in proptest::collection::vec((layouts(), 1..100_000_usize), 1..40)) {
            let heap = Heap::new();
            let mut blocks = Vec::new();
            for (number, &(layout, size)) in layouts.iter().enumerate() {
                let byte = number as u8 + 1;
                // SAFETY: not of size zero.
                let block = unsafe { heap.alloc(layout) };
                fill(block, layout, byte);
                if number % 3 == 0 {
                    // SAFETY: the block just made, and a size that is not zero.
                    let moved = unsafe { heap.realloc(block, layout, size) };
                    prop_assert!(holds(moved, size.min(layout.size()), byte));
                    let layout = Layout::from_size_align(size, layout.align()).expect("a layout");
                    fill(moved, layout, byte);
                    blocks.push((moved, layout, byte));
                } else {
                    blocks.push((block, layout, byte));
                }
                if number % 4 == 3 {
                    let (block, layout, byte) = blocks.swap_remove(number / 2 % blocks.len());
                    prop_assert!(holds(block, layout.size(), byte));
                    // SAFETY: a block of this layout.
                    unsafe { heap.dealloc(block, layout) };
                    // SAFETY: not of size zero.
                    let zeroed = unsafe { heap.alloc_zeroed(layout) };
                    prop_assert!(holds(zeroed, layout.size(), 0));
                    fill(zeroed, layout, byte);
                    blocks.push((zeroed, layout, byte));
                }
            }
            for (block, layout, byte) in blocks {
                prop_assert!(holds(block, layout.size(), byte));
                // SAFETY: a block of this layout.
                unsafe { heap.dealloc(block, layout) };
            }
        }
    }

    #[test]
    fn threads_never_get_the_same_block() {
        static HEAP: Heap = Heap::new();
        let work = |byte: u8| {
            let layout = Layout::from_size_align(24, 8).expect("a layout");
            for _ in 0..5_000 {
                // SAFETY: not of size zero; freed with the layout it was made with.
                let blocks: [*mut u8; 3] = std::array::from_fn(|_| unsafe { HEAP.alloc(layout) });
                blocks.iter().for_each(|&block| fill(block, layout, byte));
                assert!(blocks.iter().all(|&block| holds(block, 24, byte)));
                // SAFETY: as above.
                blocks.iter().for_each(|&block| unsafe { HEAP.dealloc(block, layout) });
            }
        };
        std::thread::scope(|scope| (1..=4).for_each(|byte| drop(scope.spawn(move || work(byte)))));
    }

    #[test]
    fn what_there_is_not_is_null() {
        let layout = Layout::from_size_align(1 << 60, 8).expect("a layout");
        // SAFETY: not of size zero.
        assert!(unsafe { Heap::new().alloc(layout) }.is_null());
    }
}
