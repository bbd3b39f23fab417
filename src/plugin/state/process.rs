//! One state for each process.
//!
//! Pointers to the values are in a page that the kernel empties in the child of a `fork`, and only there (`MADV_WIPEONFORK`, since
//! 4.14), as in src/hook/owner.rs. Where it has no such pages children go on with a copy.
#![allow(unsafe_code, reason = "a page of memory, and values from the heap for hooks")]

use std::alloc::{GlobalAlloc as _, Layout, handle_alloc_error};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::HEAP;
use crate::sys::call;

const PAGE: usize = 4096;

/// A value for each process, made when a process first asks for it: also in the child of a `fork`, where the value of the parent is
/// forgotten, and not dropped. The child of a `vfork` shares the memory of its parent, and so the value. It is not on the heap of the
/// program: it may be used in a hook anywhere.
///
/// Values are not dropped when the process ends or executes another program: other threads may be using them. A plugin that has
/// something to say in the end sees `exit_group`. What a child shall inherit belongs into an ordinary `static`.
///
/// ```standalone_crate
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use syscall_intercept::{Action, Plugin, ProcessState, Syscall, Sysno, plugin};
///
/// /// Says at the end of each process how often it has written.
/// struct Writes {
///     count: ProcessState<AtomicUsize>,
/// }
///
/// static WRITES: Writes = Writes { count: ProcessState::new(|| AtomicUsize::new(0)) };
///
/// plugin!(WRITES, only: [Sysno::write, Sysno::exit_group]);
///
/// impl Plugin for Writes {
///     fn before(&self, call: &mut Syscall) -> Action {
///         let count = self.count.get();
///         match call.sysno() {
///             Some(Sysno::exit_group) => eprintln!("{} writes", count.load(Ordering::Relaxed)),
///             _ => drop(count.fetch_add(1, Ordering::Relaxed)),
///         }
///         Action::Forward
///     }
/// }
/// ```
#[derive(Debug)]
pub struct ProcessState<T> {
    create: fn() -> T,
    /// Where in the page its pointer is; 0 until it is known.
    place: AtomicUsize,
    value: PhantomData<fn() -> T>,
}

/// Words of the page.
const PLACES: usize = PAGE / size_of::<usize>();

static POINTERS: AtomicPtr<[AtomicPtr<()>; PLACES]> = AtomicPtr::new(std::ptr::null_mut());
static NEXT_PLACE: AtomicUsize = AtomicUsize::new(1);

impl<T: Send + Sync + 'static> ProcessState<T> {
    /// One without a value; this makes it.
    ///
    /// ```
    /// use syscall_intercept::ProcessState;
    /// static STARTED: ProcessState<std::time::Instant> = ProcessState::new(std::time::Instant::now);
    /// ```
    pub const fn new(create: fn() -> T) -> ProcessState<T> {
        ProcessState { create, place: AtomicUsize::new(0), value: PhantomData }
    }

    /// The value of this process.
    ///
    /// # Panics
    ///
    /// If there are more than 511 of these in a plugin.
    ///
    /// ```
    /// # use syscall_intercept::ProcessState;
    /// static ID: ProcessState<u32> = ProcessState::new(std::process::id);
    /// assert_eq!(*ID.get(), std::process::id());
    /// ```
    pub fn get(&self) -> &T {
        let pointer = &pointers()[self.place()];
        let mut value = pointer.load(Ordering::Acquire).cast::<T>();
        if value.is_null() {
            value = new((self.create)());
            // Another thread may have been faster.
            let other =
                pointer.compare_exchange(std::ptr::null_mut(), value.cast(), Ordering::AcqRel, Ordering::Acquire);
            if let Err(other) = other {
                // SAFETY: made by `new`, and known to nobody.
                unsafe { forget(value) };
                value = other.cast();
            }
        }
        // SAFETY: made by `new` with this type: the place is this state's alone. It is never freed.
        unsafe { &*value }
    }

    fn place(&self) -> usize {
        match self.place.load(Ordering::Relaxed) {
            0 => {
                let place = NEXT_PLACE.fetch_add(1, Ordering::Relaxed);
                self.place.compare_exchange(0, place, Ordering::Relaxed, Ordering::Relaxed).err().unwrap_or(place)
            }
            place => place,
        }
    }
}

/// A value, put on the heap for hooks.
fn new<T>(value: T) -> *mut T {
    let layout = layout::<T>();
    // SAFETY: not of size zero.
    let place = unsafe { HEAP.alloc(layout) }.cast::<T>();
    if place.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: fresh memory of this layout, at least.
    unsafe { place.write(value) };
    place
}

/// Drops a value and frees its place.
///
/// # Safety
///
/// It was made by `new` and is nobody's.
unsafe fn forget<T>(value: *mut T) {
    // SAFETY: passed on.
    unsafe {
        value.drop_in_place();
        HEAP.dealloc(value.cast(), layout::<T>());
    }
}

/// Also for what is of size zero.
fn layout<T>() -> Layout {
    Layout::new::<(T, u8)>()
}

/// The page; made when it is first asked for.
fn pointers() -> &'static [AtomicPtr<()>; PLACES] {
    let mut page = POINTERS.load(Ordering::Acquire);
    if page.is_null() {
        // On an old kernel children go on with a copy: see above.
        let fresh = call::map_emptied_by_fork().or_else(|| call::map(PAGE).ok());
        let Some(address) = fresh else { handle_alloc_error(Layout::new::<[usize; PLACES]>()) };
        page = address as *mut _;
        let other = POINTERS.compare_exchange(std::ptr::null_mut(), page, Ordering::AcqRel, Ordering::Acquire);
        if let Err(other) = other {
            // SAFETY: mapped above, and known to nobody.
            unsafe { call::unmap(address, PAGE) };
            page = other;
        }
    }
    // SAFETY: a page that stays mapped, of pointers that are null or were put there by `get`.
    unsafe { &*page }
}
