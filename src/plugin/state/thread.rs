//! One state for each thread.
//!
//! The states of a thread are a list. Its head is a word of initial-exec TLS, as the guard's (src/hook/guard.rs), because
//! `thread_local!` may allocate and registers destructors with libc. A state that is in use is marked: who comes to it a second time, from
//! a signal handler or on a thread that shares the TLS of another, gets one more.
#![allow(unsafe_code, reason = "a thread-local word, and memory from the heap for hooks")]

use std::alloc::{GlobalAlloc as _, Layout, handle_alloc_error};
use std::arch::{asm, global_asm};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use super::HEAP;

global_asm!(
    ".section .tbss.syscall_intercept_states, \"awT\", @nobits",
    ".p2align 3",
    ".globl syscall_intercept_states",
    ".hidden syscall_intercept_states",
    ".type syscall_intercept_states, @object",
    ".size syscall_intercept_states, 8",
    "syscall_intercept_states:",
    ".zero 8",
    ".text",
);

/// A value for each thread, made when a thread first asks for it, and dropped when the thread ends. It needs no lock, and is not
/// on the heap of the program: it may be used in a hook anywhere.
///
/// A signal handler that interrupts a hook is like a thread of its own: while a value is in use, its calls get another one. The child
/// of a `fork` goes on with a copy of the value of the thread that forked. Values are not dropped when the process ends
/// or executes another program.
///
/// ```standalone_crate
/// use syscall_intercept::{Action, Errno, Plugin, Syscall, Sysno, ThreadState, plugin};
///
/// /// On each thread every third `getrandom` fails.
/// struct EachThird {
///     calls: ThreadState<usize>,
/// }
///
/// static EACH_THIRD: EachThird = EachThird { calls: ThreadState::new(|| 0) };
///
/// plugin!(EACH_THIRD, only: [Sysno::getrandom]);
///
/// impl Plugin for EachThird {
///     fn before(&self, _: &mut Syscall) -> Action {
///         let calls = self.calls.with(|calls| {
///             *calls += 1;
///             *calls
///         });
///         if calls % 3 == 0 { Action::Return(Err(Errno::EINTR)) } else { Action::Forward }
///     }
/// }
/// # let actions = [(); 3].map(|()| EACH_THIRD.before(&mut Syscall::new(Sysno::getrandom, [])));
/// # assert_eq!(actions, [Action::Forward, Action::Forward, Action::Return(Err(Errno::EINTR))]);
/// ```
#[derive(Debug)]
pub struct ThreadState<T> {
    create: fn() -> T,
    /// Tells whose value a node holds; 0 until the first is made. Not the address: that may come to be another state's.
    id: AtomicU64,
    /// Values are made, used and dropped here: on one thread after the other, where threads share their TLS.
    values: PhantomData<fn() -> T>,
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A value in the list of a thread.
#[repr(C)]
struct Node<T> {
    link: Link,
    value: T,
}

/// What the list knows of a value.
struct Link {
    next: *mut Link,
    id: u64,
    in_use: AtomicBool,
    /// Drops the value and frees the node.
    drop: unsafe fn(*mut Link),
}

impl<T: Send + 'static> ThreadState<T> {
    /// One without values; this makes them.
    ///
    /// ```
    /// use syscall_intercept::ThreadState;
    /// static NAMES: ThreadState<Vec<String>> = ThreadState::new(Vec::new);
    /// ```
    pub const fn new(create: fn() -> T) -> ThreadState<T> {
        ThreadState { create, id: AtomicU64::new(0), values: PhantomData }
    }

    /// Does something with the value of this thread.
    ///
    /// ```
    /// # use syscall_intercept::ThreadState;
    /// static COUNT: ThreadState<u32> = ThreadState::new(|| 0);
    /// COUNT.with(|count| *count += 2);
    /// assert_eq!(COUNT.with(|count| *count), 2);
    /// // Another thread has its own; and so has who asks while it is in use, as a signal handler does.
    /// std::thread::spawn(|| assert_eq!(COUNT.with(|count| *count), 0)).join().unwrap();
    /// assert_eq!(COUNT.with(|_| COUNT.with(|other| *other)), 0);
    /// ```
    pub fn with<R>(&self, use_it: impl FnOnce(&mut T) -> R) -> R {
        let id = self.id();
        let node = states().find(|&link| Taken::take(link, id)).map_or_else(|| self.add(id), |link| link.cast());
        // SAFETY: a node of this list, which was taken just now; a node with this id has this type.
        let _taken = Taken(unsafe { &(*node).link });
        // SAFETY: as long as it is taken the value is nobody else's.
        use_it(unsafe { &mut (*node).value })
    }

    fn id(&self) -> u64 {
        match self.id.load(Ordering::Relaxed) {
            0 => {
                let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
                self.id.compare_exchange(0, id, Ordering::Relaxed, Ordering::Relaxed).err().unwrap_or(id)
            }
            id => id,
        }
    }

    /// Makes a value for this thread, which is taken.
    fn add(&self, id: u64) -> *mut Node<T> {
        let value = (self.create)();
        let layout = Layout::new::<Node<T>>();
        // SAFETY: a node is not of size zero.
        let node = unsafe { HEAP.alloc(layout) }.cast::<Node<T>>();
        if node.is_null() {
            handle_alloc_error(layout);
        }
        let link = Link { next: std::ptr::null_mut(), id, in_use: AtomicBool::new(true), drop: drop_node::<T> };
        // SAFETY: fresh memory of this layout.
        unsafe { node.write(Node { link, value }) };
        let first = first();
        let mut next = first.load(Ordering::Acquire);
        loop {
            // SAFETY: nobody knows the node yet.
            unsafe { (*node).link.next = next };
            match first.compare_exchange(next, node.cast(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return node,
                Err(other) => next = other,
            }
        }
    }
}

/// A value in use. Given back when dropped.
struct Taken<'a>(&'a Link);

impl Taken<'_> {
    /// Takes a value, if it is one of these and not in use.
    fn take(link: *mut Link, id: u64) -> bool {
        // SAFETY: a node of the list of this thread.
        let link = unsafe { &*link };
        link.id == id && !link.in_use.swap(true, Ordering::Acquire)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.in_use.store(false, Ordering::Release);
    }
}

/// # Safety
///
/// A node with this type of value, which is nobody's any more.
unsafe fn drop_node<T>(link: *mut Link) {
    let node = link.cast::<Node<T>>();
    // SAFETY: the caller's promise; the node was made by `add`.
    unsafe {
        node.drop_in_place();
        HEAP.dealloc(node.cast(), Layout::new::<Node<T>>());
    }
}

/// The values of this thread. Nodes stay until the thread ends.
fn states() -> impl Iterator<Item = *mut Link> {
    let mut link = first().load(Ordering::Acquire);
    std::iter::from_fn(move || {
        let this = link;
        // SAFETY: a node of the list, whose link does not change.
        (!this.is_null()).then(|| link = unsafe { (*this).next })?;
        Some(this)
    })
}

/// This thread is about to end: drops its values.
pub(in crate::plugin) fn end_of_thread() {
    let mut link = first().swap(std::ptr::null_mut(), Ordering::AcqRel);
    while !link.is_null() {
        // SAFETY: a node that was in the list.
        let (this, node) = (link, unsafe { &*link });
        link = node.next;
        // One that is in use belongs to a hook that was left half done, or to a thread that shares this thread's TLS.
        if !node.in_use.swap(true, Ordering::Acquire) {
            // SAFETY: it is in no list any more and in nobody's use.
            unsafe { (node.drop)(this) };
        }
    }
}

/// The head of this thread's list.
fn first<'a>() -> &'a AtomicPtr<Link> {
    let place: *const AtomicPtr<Link>;
    // SAFETY: the address of this thread's word: the thread pointer, which is in the word it points to, and the distance.
    unsafe {
        asm!(
            "mov {0}, qword ptr [rip + syscall_intercept_states@GOTTPOFF]",
            "add {0}, fs:[0]",
            out(reg) place,
            options(nostack, readonly),
        );
    }
    // SAFETY: it lives as long as the thread, and nothing else refers to it.
    unsafe { &*place }
}
