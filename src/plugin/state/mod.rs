//! State that the library keeps for plugins: one for each process, one for each thread.

mod process;
mod thread;

pub use process::ProcessState;
pub use thread::ThreadState;
pub(super) use thread::end_of_thread;

use super::heap::Heap;

/// Where states are: not on the heap of the program, which may be in the middle of a change.
static HEAP: Heap = Heap::new();
