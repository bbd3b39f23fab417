//! The hooks that were added: a table that is changed without a lock, because it may be changed from anywhere.
//!
//! A slot in use has a ticket: a number that no other slot has had before. Tickets say in which order hooks were added, whatever
//! slots they got, and that what was read from a slot belongs together: the ticket is the same before and after.
#![allow(unsafe_code, reason = "pointers to functions, kept in words")]

use std::ffi::{c_int, c_long, c_void};
use std::mem::transmute;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

use super::shield;
use super::subscription::Numbers;

/// A hook: the number, six arguments, and where to put the result. Zero means handled: the result is the program's. Anything
/// else asks for the call to be made. A hook may be left by an exception: `pthread_cancel` and `pthread_exit` are ones.
pub(crate) type Hook =
    unsafe extern "C-unwind" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long, *mut c_long) -> c_int;

/// A call as hooks with data see it: `struct intercept_call` of the header.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownCall {
    /// Which call it is.
    pub number: c_long,
    /// What a hook before the call writes here, the call is made with.
    pub args: [c_long; 6],
    /// What the program gets, where it is known or decided.
    pub result: c_long,
    /// Whether the kernel has made the call.
    pub made: c_int,
}

/// Called before a call, with the data it was added with. Answers [`HANDLED`], [`OBSERVE`], or anything else to forward.
pub(crate) type Before = unsafe extern "C-unwind" fn(*mut ShownCall, *mut c_void) -> c_int;
/// Called after a call.
pub(crate) type After = unsafe extern "C-unwind" fn(*mut ShownCall, *mut c_void);

/// The hook has put the result into the call.
pub(crate) const HANDLED: c_int = 0;
/// The call is to be made.
pub(crate) const FORWARD: c_int = 1;
/// The call is to be made, and its result shown.
pub(crate) const OBSERVE: c_int = 2;

/// What can be added.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Added {
    /// A hook of the type of `intercept_hook_point`.
    Plain(Hook),
    /// One before a call, one after it, or both.
    Pair(Option<Before>, Option<After>, *mut c_void),
}

/// As many hooks as can be there at a time. Each is a plugin, so there are one or two.
pub(crate) const CAPACITY: usize = 32;

/// The ticket of a slot that is not in use.
const FREE: u64 = 0;
/// The ticket of a slot that somebody is writing to. (Where a process forks just then, its child has one slot less.)
const WRITING: u64 = u64::MAX;

#[derive(Debug)]
struct Slot {
    ticket: AtomicU64,
    /// What is called: the hook, or the [shield] around it.
    called: Functions,
    /// The hook.
    hook: Functions,
    numbers: Numbers,
}

/// What [`Added`] says, in words.
#[derive(Debug)]
struct Functions {
    plain: AtomicPtr<()>,
    before: AtomicPtr<()>,
    after: AtomicPtr<()>,
    data: AtomicPtr<c_void>,
}

impl Functions {
    const fn none() -> Functions {
        Functions {
            plain: AtomicPtr::new(std::ptr::null_mut()),
            before: AtomicPtr::new(std::ptr::null_mut()),
            after: AtomicPtr::new(std::ptr::null_mut()),
            data: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    fn become_this(&self, hook: Added) {
        let (plain, before, after, data) = match hook {
            Added::Plain(hook) => (hook as *mut (), None, None, std::ptr::null_mut()),
            Added::Pair(before, after, data) => (std::ptr::null_mut(), before, after, data),
        };
        self.plain.store(plain, Ordering::Relaxed);
        self.before.store(before.map_or(std::ptr::null_mut(), |hook| hook as *mut ()), Ordering::Relaxed);
        self.after.store(after.map_or(std::ptr::null_mut(), |hook| hook as *mut ()), Ordering::Relaxed);
        self.data.store(data, Ordering::Relaxed);
    }
}

static SLOTS: [Slot; CAPACITY] = [const {
    Slot { ticket: AtomicU64::new(FREE), called: Functions::none(), hook: Functions::none(), numbers: Numbers::all() }
}; CAPACITY];

/// How many slots have been in use.
static HIGHEST: AtomicUsize = AtomicUsize::new(0);
/// How many are in use.
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static NEXT_TICKET: AtomicU64 = AtomicU64::new(1);

/// Whether there is any hook here.
#[inline(always)]
pub(crate) fn any() -> bool {
    IN_USE.load(Ordering::Relaxed) > 0
}

/// Adds a hook behind those already there, for these numbers or for all, in the shield or not. Answers its ticket, if there was
/// room.
pub(super) fn add(hook: Added, numbers: Option<&[i64]>, shielded: bool) -> Option<u64> {
    let take = |slot: &&Slot| slot.ticket.compare_exchange(FREE, WRITING, Ordering::Acquire, Ordering::Relaxed).is_ok();
    let (place, slot) = SLOTS.iter().enumerate().find(|(_, slot)| take(slot))?;
    slot.hook.become_this(hook);
    slot.called.become_this(if shielded {
        shield::around(hook, std::ptr::from_ref(slot).cast_mut().cast())
    } else {
        hook
    });
    match numbers {
        Some(numbers) => slot.numbers.become_these(numbers),
        None => slot.numbers.become_copy_of(&Numbers::all()),
    }
    HIGHEST.fetch_max(place + 1, Ordering::Relaxed);
    // Last, so that hooks are in the order in which they came to be there.
    let ticket = NEXT_TICKET.fetch_add(1, Ordering::Relaxed);
    slot.ticket.store(ticket, Ordering::Release);
    IN_USE.fetch_add(1, Ordering::Release);
    Some(ticket)
}

/// Takes away the hook with this ticket. Answers whether it was there.
pub(super) fn remove(ticket: u64) -> bool {
    let take = |slot: &Slot| slot.ticket.compare_exchange(ticket, FREE, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    let removed = ticket != FREE && ticket != WRITING && SLOTS.iter().any(take);
    if removed {
        IN_USE.fetch_sub(1, Ordering::Relaxed);
    }
    removed
}

/// The ticket that comes next: hooks added from now on have this one or higher ones.
pub(super) fn next_ticket() -> u64 {
    NEXT_TICKET.load(Ordering::Relaxed)
}

/// A slot that was in use when it was looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) index: usize,
    pub(super) ticket: u64,
    slot: &'static Slot,
}

impl Place {
    pub(super) fn numbers(&self) -> &'static Numbers {
        &self.slot.numbers
    }

    /// The slot at this address, if it is in use: one that [`shield::around`] was given.
    pub(super) fn of(slot: *mut c_void) -> Option<Place> {
        all().find(|place| place.address() == slot)
    }

    fn address(&self) -> *mut c_void {
        std::ptr::from_ref(self.slot).cast_mut().cast()
    }

    /// Before hooks are asked: puts the hook in the shield, or takes it out.
    pub(super) fn put(&self, in_shield: bool) {
        if let Some(hook) = self.hook() {
            let called = if in_shield { shield::around(hook, self.address()) } else { hook };
            self.slot.called.become_this(called);
        }
    }

    /// What is called, if it is still the same.
    #[inline(always)]
    pub(super) fn read(&self) -> Option<Added> {
        self.read_from(&self.slot.called)
    }

    /// The hook, likewise.
    pub(super) fn hook(&self) -> Option<Added> {
        self.read_from(&self.slot.hook)
    }

    /// The same if it wants this call: another one may have got the slot.
    pub(super) fn hook_for(&self, call: &ShownCall) -> Option<Added> {
        self.hook().filter(|_| self.numbers().contains(call.number))
    }

    #[inline(always)]
    fn read_from(&self, functions: &Functions) -> Option<Added> {
        let Functions { plain, before, after, data } = functions;
        let [plain, before, after] = [plain, before, after].map(|place| place.load(Ordering::Relaxed));
        let data = data.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        if self.slot.ticket.load(Ordering::Relaxed) != self.ticket {
            return None;
        }
        // SAFETY: only `add` writes to the slots: functions of these types, or null, which is `None`. They belong together, since
        // the ticket is the same as before.
        unsafe {
            Some(match transmute::<*mut (), Option<Hook>>(plain) {
                Some(hook) => Added::Plain(hook),
                None => Added::Pair(
                    transmute::<*mut (), Option<Before>>(before),
                    transmute::<*mut (), Option<After>>(after),
                    data,
                ),
            })
        }
    }
}

/// The slots in use, in no order.
pub(super) fn all() -> impl Iterator<Item = Place> {
    let highest = HIGHEST.load(Ordering::Relaxed);
    SLOTS.iter().take(highest).enumerate().filter_map(|(index, slot)| {
        let ticket = slot.ticket.load(Ordering::Acquire);
        (ticket != FREE && ticket != WRITING).then_some(Place { index, ticket, slot })
    })
}

/// The one whose ticket has this lower half.
pub(super) fn with(ticket: u32) -> Option<Place> {
    all().find(|place| place.ticket as u32 == ticket)
}

/// The one that was added next after this ticket. (Looks through all of them: there are one or two.)
pub(super) fn after(ticket: u64) -> Option<Place> {
    all().filter(|place| place.ticket > ticket).min_by_key(|place| place.ticket)
}

/// The one that was added last before this ticket.
pub(super) fn before(ticket: u64) -> Option<Place> {
    all().filter(|place| place.ticket < ticket).max_by_key(|place| place.ticket)
}
