//! Whether there is memory for what the library is about to do. Rust ends a program that runs out of it; but this program is somebody
//! else's, and may have been given just what it needs (`ulimit -v`).
#![allow(unsafe_code, reason = "asks the heap")]

use super::call::{map, unmap};

/// Whether the heap has so many bytes now.
pub(crate) fn heap_has(bytes: usize) -> bool {
    // Compilers know that who frees memory without using it can do without, and would take it that there is some.
    // SAFETY: nobody uses it.
    let room = std::hint::black_box(unsafe { libc::malloc(bytes) });
    // SAFETY: from `malloc`, or null.
    unsafe { libc::free(room) };
    !room.is_null()
}

/// Whether the kernel has. (What is large comes from there in any case, and a heap that was asked for it would remember.)
pub(crate) fn kernel_has(bytes: usize) -> bool {
    // SAFETY: nobody knows it.
    map(bytes).map(|place| unsafe { unmap(place, bytes) }).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_some_and_not_for_all() {
        for has in [heap_has, kernel_has] {
            assert!(has(1 << 16) && !has(1 << 50));
        }
    }
}
