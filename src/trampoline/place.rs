//! Which instruction of the program an instruction in a stub stands for.
//!
//! Asked in signal handlers, so what is remembered is read without a lock: a list that only grows.
#![allow(unsafe_code, reason = "reads what a stub's address points to, and memory that is never freed")]

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::arena::Arena;
use super::stub::{
    BASE_TO_BEHIND, BASE_TO_DESCRIPTOR, BASE_TO_EXECUTE, BASE_TO_EXECUTED, BASE_TO_UNWANTED, Descriptor, JUMP, NAME,
    SKIP, SYSCALL, Stub,
};

/// A stub, in a table about the stubs of an arena.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// From the beginning of the arena to the base of the stub.
    base: u32,
    moved_before: u8,
    moved_after: u8,
    syscall_length: u8,
    /// 0 or 1. Tables may come from a file.
    in_place: u8,
}

impl Row {
    /// A stub in an arena at this address. `None` if it is not in there.
    pub(super) fn of(stub: &Stub, arena: u64) -> Option<Row> {
        let Stub { base, moved_before, moved_after, syscall_length, in_place } = *stub;
        let base = u32::try_from(base.wrapping_sub(arena)).ok()?;
        Some(Row { base, moved_before, moved_after, syscall_length, in_place: in_place.into() })
    }

    fn stub(&self, arena: u64) -> Stub {
        Stub {
            base: arena + u64::from(self.base),
            moved_before: self.moved_before,
            moved_after: self.moved_after,
            syscall_length: self.syscall_length,
            in_place: self.in_place != 0,
        }
    }

    /// As it stands in a file.
    pub(crate) fn bytes(&self) -> [u8; size_of::<Row>()] {
        let [a, b, c, d] = self.base.to_le_bytes();
        [a, b, c, d, self.moved_before, self.moved_after, self.syscall_length, self.in_place]
    }
}

/// An arena whose stubs are in use.
struct Remembered {
    memory: Range<u64>,
    /// In the order of their addresses.
    stubs: Cow<'static, [Row]>,
    next: *mut Remembered,
}

static ARENAS: AtomicPtr<Remembered> = AtomicPtr::new(std::ptr::null_mut());

/// From now on [`stub_at`] finds the stubs of an arena. For the constructor, which runs once.
pub(crate) fn remember(Arena { memory, stubs }: Arena) {
    let next = ARENAS.load(Ordering::Relaxed);
    let arena = Box::new(Remembered { memory, stubs, next });
    ARENAS.store(Box::into_raw(arena), Ordering::Release);
}

/// The stub that an address lies in.
pub(crate) fn stub_at(address: u64) -> Option<Stub> {
    let mut next = ARENAS.load(Ordering::Acquire);
    // SAFETY: null, or written by `remember` and never freed.
    while let Some(arena) = unsafe { next.as_ref() } {
        if arena.memory.contains(&address) {
            let stub = |row: &Row| row.stub(arena.memory.start);
            let behind = arena.stubs.partition_point(|row| stub(row).entry() <= address);
            return arena.stubs.get(behind.checked_sub(1)?).map(stub);
        }
        next = arena.next;
    }
    None
}

/// How an instruction in a stub looks without the stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The program counter.
    pub(crate) counter: u64,
    /// Whether the stub has moved the stack pointer past the red zone.
    pub(crate) below_red_zone: bool,
}

impl Stub {
    /// Where the program comes to from the last jump of the stub, behind which there is nothing left to do: see the drawing.
    pub(crate) fn jumps_to(&self, counter: u64) -> Option<u64> {
        let is_last = !self.in_place && counter == self.end();
        is_last.then(|| self.after() + u64::from(self.moved_after))
    }

    /// What an instruction of the stub stands for; `None` if it is that jump.
    pub(crate) fn stands_for(&self, counter: u64) -> Option<Shown> {
        // Behind the system call in the stub.
        const CLONED: u64 = SYSCALL;
        const SKIPPED: u64 = CLONED + SKIP;
        const NAMED: [u64; 2] = [SKIPPED + NAME, SKIPPED + 2 * NAME];
        let (entry, moved) = (self.entry(), u64::from(self.moved_before));
        let shown = |counter, below_red_zone| Some(Shown { counter, below_red_zone });
        if (entry..entry + moved).contains(&counter) {
            return shown(self.site() - moved + (counter - entry), false);
        }
        // Whether the call is wanted, and the way to the crossing: they stand for the `syscall`, which changes rcx and r11 as well.
        if (entry + moved..self.base).contains(&counter) {
            return shown(self.site(), counter >= self.base - 2 * NAME - JUMP);
        }
        match counter.wrapping_sub(self.base) {
            0 => shown(self.site(), false),
            CLONED => shown(self.after(), false),
            from_base if from_base == SKIPPED || NAMED.contains(&from_base) => shown(self.after(), true),
            BASE_TO_UNWANTED => shown(self.site(), false),
            _ if self.in_place => None,
            BASE_TO_EXECUTE => shown(self.site(), false),
            BASE_TO_EXECUTED => shown(self.after(), false),
            behind @ BASE_TO_BEHIND.. if counter < self.end() => shown(self.after() + (behind - BASE_TO_BEHIND), false),
            _ => None,
        }
    }

    /// Whether an address lies in it.
    pub(crate) fn contains(&self, address: u64) -> bool {
        (self.entry()..=self.end()).contains(&address)
    }

    /// The address behind the original `syscall` instruction.
    pub(crate) fn after(&self) -> u64 {
        // SAFETY: stubs are never unmapped, and each has its descriptor at this distance.
        unsafe { &*((self.base + BASE_TO_DESCRIPTOR) as *const Descriptor) }.after()
    }

    /// The address of the original `syscall` instruction.
    fn site(&self) -> u64 {
        self.after() - u64::from(self.syscall_length)
    }

    /// Where the last jump is, or would be.
    fn end(&self) -> u64 {
        self.base + BASE_TO_BEHIND + u64::from(self.moved_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: u64 = 0x1009;

    /// A stub with seven bytes moved from before the call and four from behind it; all of its memory that is looked at is the
    /// descriptor.
    fn stub(in_place: bool) -> Stub {
        let fields = Descriptor { after: 0, offset: 0, number: 0, object: 0, call: 0, result: 0 };
        let descriptor = Box::leak(Box::new(fields));
        descriptor.after = (AFTER as i64).wrapping_sub(&raw const *descriptor as i64);
        let base = &raw const *descriptor as u64 - BASE_TO_DESCRIPTOR;
        let moved_after = if in_place { 0 } else { 4 };
        Stub { base, moved_before: 7, moved_after, syscall_length: 2, in_place }
    }

    /// What the instruction at this distance from the base is shown as: the program counter, and whether the stack pointer is
    /// corrected.
    fn shown(stub: &Stub, distance: i64) -> Option<(u64, bool)> {
        let shown = stub.stands_for(stub.base.wrapping_add_signed(distance))?;
        Some((shown.counter, shown.below_red_zone))
    }

    #[test]
    fn instructions_around_the_crossing_stand_for_those_around_the_system_call() {
        for stub in [stub(true), stub(false)] {
            assert_eq!(shown(&stub, -54), Some((0x1000, false)), "the first moved one");
            assert_eq!(shown(&stub, -49), Some((0x1005, false)), "another one");
            assert_eq!(shown(&stub, -47), Some((0x1007, false)), "mov rcx");
            assert_eq!(shown(&stub, -40), Some((0x1007, false)), "movzx");
            assert_eq!(shown(&stub, -27), Some((0x1007, false)), "jrcxz");
            assert_eq!(shown(&stub, -25), Some((0x1007, false)), "lea rsp");
            assert_eq!([-20, -13, -6].map(|at| shown(&stub, at)), [Some((0x1007, true)); 3], "lea rcx, lea r11, jmp");
            assert_eq!(shown(&stub, 0), Some((0x1007, false)), "syscall");
            assert_eq!(shown(&stub, 2), Some((AFTER, false)), "lea rsp");
            assert_eq!([7, 14, 21].map(|at| shown(&stub, at)), [Some((AFTER, true)); 3], "lea rcx, lea r11, jmp");
            assert_eq!(shown(&stub, 27), Some((0x1007, false)), "jmp");
        }
    }

    #[test]
    fn a_call_made_in_the_stub_stands_for_the_original() {
        let stub = stub(false);
        let (execute, executed, behind) = (80, 82, 89);
        assert_eq!(shown(&stub, execute), Some((0x1007, false)));
        assert_eq!(shown(&stub, executed), Some((AFTER, false)));
        assert_eq!(shown(&stub, behind), Some((AFTER, false)));
        assert_eq!(shown(&stub, behind + 3), Some((AFTER + 3, false)));
        assert_eq!(shown(&stub, behind + 4), None);
        let jump = |distance| stub.jumps_to(stub.base.wrapping_add_signed(distance));
        assert_eq!(jump(behind + 4), Some(AFTER + 4), "to the end of the window");
        assert_eq!([0, execute, behind, behind + 3].map(jump), [None; 4]);
    }
}
