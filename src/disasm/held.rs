//! Whether anybody holds something in a vector register across a system call, where it takes all who call to tell.
//!
//! `liveness` leaves nearly all functions out that others call: a compiler may have seen that a function leaves some register as it is, and
//! keep something there (`-fipa-ra`, within one compilation unit). Here the callers are looked at, and theirs. From behind
//! the system call every way is followed (liveness analysis, between functions):
//!
//! - An instruction that may read a register of which nobody is sure that it was written since the call: not dead.
//! - A call: into the function, where such a register may be an argument; and on behind it, with what the compiler may
//!   believe to be still there.
//! - `ret`: on behind every direct call of the function, with what the compiler may believe to be still there. Who calls it by its symbol or
//!   a pointer knows nothing but the ABI, by which all these registers may have changed.
//! - A jump of which nobody knows where it leads, or an entry of which nobody knows where it comes from: not dead.
//!
//! What can a compiler believe of a function that it looks into? GCC takes it that the function changes what any of its
//! instructions writes, and what any function changes that it calls on any way, be it one that is never gone; of one that it cannot look into, all
//! (`collect_fn_hard_reg_usage` in its final.cc). What we see in a function is no more than that (`Function::changes`). Code
//! that was written in assembly and calls functions in C has to take it that they change all. Other compilers look
//! into no functions so.
//!
//! What no instruction shows is a value that passes through functions untouched: `double f(double x) { g(); return x; }`, where
//! `g` makes a system call, or `{ g(); return (*h)(x); }`. In general nothing can be said of that; so only libcs are looked at. In those nothing is on its way
//! so while a system call is made: of their few functions with floating-point arguments or results (conversions of numbers and times,
//! random numbers, in musl libm) none calls the kernel on its way to an end, and those that print take theirs out of the registers first,
//! by instructions.
//!
//! The x87 may hold something by the same rules, and is dead with the rest. But what is dead there is still in the way of a hook: its stack must be
//! empty. That is so if one way leads from the call to a `ret` of its function, without an instruction on the stack: then
//! it was as empty as functions must leave it. Or, if a function is called on that way, emptier: nothing in the stack outlives a call, and what
//! is returned there is taken out by an instruction, or is the result of this function, too.

use super::{
    code::{Code, run_at},
    effect::{Al, Registers},
    flags,
    graph::{Goes, Graph},
    site::Site,
};
use crate::object::{Functions, Image, Source};
use std::collections::{BTreeMap, BTreeSet};

/// Finds more sites where all is dead but general registers.
pub(super) fn find_dead(image: &Image<'_>, runs: &[Code<'_>], functions: &Functions, sites: &mut [Site]) {
    if functions.source != Source::UnwindTable || sites.iter().all(|site| site.state_is_dead) {
        return;
    }
    let graph = Graph::new(image, runs, &functions.ranges);
    let mut steps = flags::MOST_STEPS;
    for site in sites.iter_mut().filter(|site| !site.state_is_dead && site.unwind_info) {
        let Some(run) = run_at(runs, site.address) else { continue };
        let sets_direction = |function: usize| graph.functions[function].sets_direction;
        // Compilers jump into the middle of a function only from another part of it.
        let is_call = |target| graph.function(target).is_none_or(|at| graph.functions[at].range.start == target);
        if graph.function(site.address).is_none_or(sets_direction) || !flags::are_dead(run, site, is_call, &mut steps) {
            continue;
        }
        let after = site.end();
        let is_empty = |found: Dead| found.returned || site.x87_is_empty || returns_over_a_call(&graph, after);
        site.state_is_dead = Search::new(&graph).run(site.address, after).is_some_and(is_empty);
    }
}

/// Whether one way leads from an address over a call to a `ret` of its function, past no instruction that may be on the x87.
fn returns_over_a_call(graph: &Graph, after: u64) -> bool {
    let Some(first) = graph.place(after) else { return false };
    let function = graph.places[first].function;
    let (mut seen, mut work) = (BTreeSet::new(), vec![(first, false)]);
    while let Some((at, called)) = work.pop() {
        let place = &graph.places[at];
        if place.function != function
            || !place.effect.reads.among(Registers::OTHERS).is_none()
            || !seen.insert((at, called))
        {
            continue;
        }
        let (calls, goes_on) = match place.goes {
            Goes::Returns if called => return true,
            Goes::On | Goes::Branches(_) => (called, true),
            // A call that ends a function does not come back.
            Goes::Calls(_) | Goes::CallsAnybody => (true, place.end() < graph.functions[function].range.end),
            _ => (called, false),
        };
        let jumps = if let Goes::Branches(target) | Goes::To(target) = place.goes { Some(target) } else { None };
        let next = jumps.into_iter().chain(goes_on.then(|| place.end()));
        work.extend(next.filter_map(|address| Some((graph.place(address)?, calls))));
    }
    false
}

/// No site of a libc that can be decided takes a quarter of this.
const MOST_STEPS: usize = 200_000;

/// All the ways from a site.
struct Search<'g> {
    graph: &'g Graph,
    /// With what control has come to an instruction already.
    seen: BTreeMap<(usize, Inside), Held>,
    /// With what it has come back from a function already.
    left: BTreeMap<usize, Registers>,
    work: Vec<(usize, Inside, Held)>,
}

/// Whose instruction it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Inside {
    /// Of a function that was called since: where it returns has been seen to.
    Callee,
    /// Of the function that makes the system call, or one that has called it, and waits.
    Caller,
}

/// What control comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    /// What may be as it was at the system call.
    registers: Registers,
    /// Whether al may be anything but zero.
    al: bool,
}

impl Held {
    fn and(self, other: Held) -> Held {
        Held { registers: self.registers.and(other.registers), al: self.al || other.al }
    }
}

/// All ways are dead.
struct Dead {
    /// Whether the function that makes the call returns on one of them.
    returned: bool,
}

impl<'g> Search<'g> {
    fn new(graph: &'g Graph) -> Self {
        Search { graph, seen: BTreeMap::new(), left: BTreeMap::new(), work: Vec::new() }
    }

    /// `None` if something may be read on one of the ways.
    fn run(mut self, site: u64, after: u64) -> Option<Dead> {
        let function = self.graph.places[self.graph.place(site)?].function;
        self.go_on(after, function, Inside::Caller, Held { registers: Registers::ALL, al: true })?;
        let mut returned = false;
        for _ in 0..MOST_STEPS {
            let Some((at, inside, arriving)) = self.work.pop() else { return Some(Dead { returned }) };
            let known = self.seen.get(&(at, inside)).copied();
            let held = known.map_or(arriving, |known| known.and(arriving));
            if known == Some(held) {
                continue;
            }
            self.seen.insert((at, inside), held);
            returned |= self.pass(at, inside, held)? && self.graph.places[at].function == function;
        }
        None
    }

    /// Passes an instruction; answers whether it returns to a caller.
    fn pass(&mut self, at: usize, inside: Inside, held: Held) -> Option<bool> {
        let graph = self.graph;
        let place = &graph.places[at];
        let Held { registers, al } = held;
        if place.goes != Goes::Nowhere && !registers.among(place.effect.reads).is_none() {
            return None;
        }
        let behind = Held {
            registers: registers.without(place.effect.writes),
            al: match place.effect.al {
                Al::Kept | Al::Tested => al,
                Al::Cleared => false,
                Al::Changed => true,
            },
        };
        match place.goes {
            Goes::On if place.effect.al == Al::Tested && !al => self.skip_test(at, inside, behind)?,
            Goes::On => self.go_on(place.end(), place.function, inside, behind)?,
            Goes::Branches(target) => {
                self.go_to(target, inside, behind)?;
                self.go_on(place.end(), place.function, inside, behind)?;
            }
            Goes::To(target) => self.go_to(target, inside, behind)?,
            Goes::Switches(table) => {
                for &target in &graph.tables[table] {
                    self.go_to(target, inside, behind)?;
                }
            }
            Goes::Calls(target) => {
                let called = &graph.functions[graph.function(target)?];
                let arguments = Held { registers: registers.among(Registers::ARGUMENTS), al };
                self.go_to(target, Inside::Callee, arguments)?;
                let kept = Held { registers: registers.without(called.changes), al: true };
                // A call that ends a function does not come back.
                if place.end() < graph.functions[place.function].range.end {
                    self.go_on(place.end(), place.function, inside, kept)?;
                }
            }
            Goes::Returns if inside == Inside::Caller => {
                self.leave(place.function, registers)?;
                return Some(true);
            }
            Goes::Returns | Goes::CallsAnybody | Goes::JumpsToAnybody | Goes::Nowhere => {}
            Goes::ByRegister(_) | Goes::Anywhere => return None,
        }
        Some(false)
    }

    /// Goes on behind an instruction, in its function.
    fn go_on(&mut self, address: u64, function: usize, inside: Inside, held: Held) -> Option<()> {
        let next = self.graph.place(address)?;
        (self.graph.places[next].function == function).then_some(())?;
        self.go_to(address, inside, held)
    }

    fn go_to(&mut self, address: u64, inside: Inside, held: Held) -> Option<()> {
        if !held.registers.is_none() {
            self.work.push((self.graph.place(address)?, inside, held));
        }
        Some(())
    }

    /// Goes on behind a test of al, which is zero: where the branch behind it leads that is taken then.
    fn skip_test(&mut self, at: usize, inside: Inside, held: Held) -> Option<()> {
        let place = &self.graph.places[at];
        match self.graph.place(place.end()).map(|next| &self.graph.places[next]) {
            Some(next) if next.is_je => self.go_to(next.target()?, inside, held),
            _ => self.go_on(place.end(), place.function, inside, held),
        }
    }

    /// Goes on behind all direct calls of a function.
    fn leave(&mut self, function: usize, registers: Registers) -> Option<()> {
        let graph = self.graph;
        let mut leaving = vec![(function, registers)];
        while let Some((function, registers)) = leaving.pop() {
            let left = &graph.functions[function];
            let held = registers.without(left.changes);
            let known = self.left.get(&function).copied().unwrap_or_default();
            if held.is_none() || known.and(held) == known {
                continue;
            }
            self.left.insert(function, known.and(held));
            if left.is_entered_unseen {
                return None;
            }
            for &caller in &left.callers {
                let place = &graph.places[caller];
                if !matches!(place.goes, Goes::Calls(_)) {
                    leaving.push((place.function, held));
                } else if place.end() < graph.functions[place.function].range.end {
                    self.go_on(place.end(), place.function, Inside::Caller, Held { registers: held, al: true })?;
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use crate::disasm::{Site, locate_thoroughly};
    use crate::object::file::File;
    use crate::object::{Functions, Image, Segment, Source};

    /// `mov $1,%eax; syscall`
    const WRITE: &[u8] = &[0xb8, 1, 0, 0, 0, 0x0f, 0x05];
    const RET: &[u8] = &[0xc3];
    const CALL_ANYBODY: &[u8] = &[0xff, 0xd0];
    const CLEAR_EAX: &[u8] = &[0x31, 0xc0];
    /// `test %al,%al; je` over a store of xmm0.
    const TEST_AL: &[u8] = &[0x84, 0xc0, 0x74, 0x03];
    const STORE_XMM0: &[u8] = &[0x0f, 0x11, 0x07];
    const STORE_XMM3: &[u8] = &[0x0f, 0x11, 0x1f];
    const CLEAR_XMM3: &[u8] = &[0x66, 0x0f, 0xef, 0xdb];
    /// `movdqu (%rdi),%xmm3`, and `movhlps %xmm0,%xmm3`, which leaves the upper half as it is.
    const LOAD_XMM3: &[u8] = &[0xf3, 0x0f, 0x6f, 0x1f];
    const HALF_OF_XMM3: &[u8] = &[0x0f, 0x12, 0xd8];

    /// Where the unwind table has the function end that goes on.
    const TOLD_END: &[u8] = &[];

    const STRIDE: usize = 0x40;

    /// A branch to one of the functions, to be filled in.
    const fn to(opcode: u8, function: u8) -> [u8; 5] {
        [opcode, function, 0xee, 0xee, 0xee]
    }

    fn call(function: u8) -> [u8; 5] {
        to(0xe8, function)
    }

    /// Whether all but general registers is dead at each site of the first function.
    fn dead_in(functions: &[&[&[u8]]], is_libc: bool) -> Vec<bool> {
        let mut bytes = vec![0xcc; 0x400];
        let mut ranges = Vec::new();
        for (at, function) in functions.iter().enumerate() {
            let mut next = at * STRIDE;
            let start = 0x1000 + next as u64;
            let mut told = None;
            for piece in *function {
                if piece.is_empty() {
                    told = Some(0x1000 + next as u64);
                }
                let end = next + piece.len();
                bytes[next..end].copy_from_slice(piece);
                if let [_, function, 0xee, 0xee, 0xee] = **piece {
                    let distance = (usize::from(function) * STRIDE) as i32 - end as i32;
                    bytes[end - 4..end].copy_from_slice(&distance.to_le_bytes());
                }
                next = end;
            }
            if at < 7 {
                ranges.push(start..told.unwrap_or(0x1000 + next as u64));
            }
        }
        // An object whose functions leave much of its code out is not trusted in what it says of them.
        ranges.push(0x1204..0x1400);
        bytes[0x204..].fill(0xc3);
        // A jump table: where the cases are in the only test that has some.
        bytes[0x200..0x204].copy_from_slice(&(0x1055 - 0x1200_i32).to_le_bytes());
        let image = Image::new(vec![Segment { address: 0x1000, bytes: &bytes, executable: true, file_offset: 0 }]);
        let first = ranges[0].clone();
        let functions = Functions { ranges, source: Source::UnwindTable };
        let located = locate_thoroughly(&image, &functions, is_libc).unwrap();
        let sites = located.sites.iter().filter(|site| first.contains(&site.address));
        sites.map(|site| site.state_is_dead).collect()
    }

    fn dead(functions: &[&[&[u8]]]) -> Vec<bool> {
        dead_in(functions, true)
    }

    const WRAPPER: &[&[u8]] = &[WRITE, RET];

    #[test]
    fn a_caller_may_hold_what_it_reads_before_it_writes() {
        let nothing: &[&[u8]] = &[&call(0), RET];
        assert_eq!(dead(&[WRAPPER, nothing]), [true]);
        assert_eq!(dead_in(&[WRAPPER, nothing], false), [false], "not in what is no libc");
        assert_eq!(dead(&[WRAPPER, &[&call(0), STORE_XMM3, RET]]), [false]);
        for written in [CLEAR_XMM3, LOAD_XMM3] {
            assert_eq!(dead(&[WRAPPER, &[&call(0), written, STORE_XMM3, RET]]), [true]);
            assert_eq!(dead(&[WRAPPER, &[&call(0), &[0x74, written.len() as u8], written, STORE_XMM3, RET]]), [false]);
        }
        assert_eq!(dead(&[WRAPPER, &[&call(0), HALF_OF_XMM3, STORE_XMM3, RET]]), [false]);
        assert_eq!(dead(&[WRAPPER, &[STORE_XMM3, &call(0), RET]]), [true], "before the call");
        let fld1: &[u8] = &[0xd9, 0xe8];
        let store_ymm3: &[u8] = &[0xc5, 0xfe, 0x7f, 0x1f];
        let unknown: &[u8] = &[0xff, 0xe0];
        for reads in [fld1, store_ymm3, unknown] {
            assert_eq!(dead(&[WRAPPER, &[&call(0), CLEAR_XMM3, reads, RET]]), [false], "{reads:02x?}");
        }
    }

    #[test]
    fn callers_of_callers_count() {
        let between: &[&[u8]] = &[&call(0), RET];
        assert_eq!(dead(&[WRAPPER, between, &[&call(1), RET]]), [true]);
        assert_eq!(dead(&[WRAPPER, between, &[&call(1), STORE_XMM3, RET]]), [false]);
        let jumps = to(0xe9, 0);
        assert_eq!(dead(&[WRAPPER, &[&jumps], &[&call(1), STORE_XMM3, RET]]), [false]);
        assert_eq!(
            dead(&[WRAPPER, &[CLEAR_XMM3, &call(0), RET], &[&call(1), STORE_XMM3, RET]]),
            [true],
            "it is changed"
        );
    }

    #[test]
    fn nobody_holds_what_the_function_is_seen_to_change() {
        let reader: &[&[u8]] = &[&call(0), STORE_XMM3, RET];
        assert_eq!(dead(&[&[WRITE, RET, CLEAR_XMM3, RET], reader]), [true]);
        assert_eq!(dead(&[&[WRITE, RET, CALL_ANYBODY, RET], reader]), [true], "whatever is called, on whatever way");
        assert_eq!(dead(&[&[WRITE, RET, &call(2), RET], reader, &[CALL_ANYBODY, RET]]), [true]);
        assert_eq!(dead(&[&[WRITE, RET, &call(2), RET], reader, &[RET]]), [false]);
        assert_eq!(dead(&[&[WRITE, CALL_ANYBODY, STORE_XMM3, RET]]), [true], "a call between");
        assert_eq!(dead(&[&[WRITE, STORE_XMM3, RET]]), [false]);
    }

    #[test]
    fn what_is_called_may_take_arguments() {
        let before: &[&[u8]] = &[WRITE, &call(1), RET];
        assert_eq!(dead(&[before, &[RET]]), [true]);
        assert_eq!(dead(&[before, &[STORE_XMM0, RET]]), [false]);
        assert_eq!(dead(&[before, &[&call(2), RET], &[STORE_XMM0, RET]]), [false]);
        let any_number: &[&[u8]] = &[TEST_AL, STORE_XMM0, RET];
        assert_eq!(dead(&[before, any_number]), [false]);
        assert_eq!(dead(&[&[WRITE, CLEAR_EAX, &call(1), RET], any_number]), [true], "none in registers");
        assert_eq!(dead(&[&[WRITE, CLEAR_EAX, &[0xb0, 1], &call(1), RET], any_number]), [false], "mov $1,%al");
    }

    #[test]
    fn who_comes_from_nowhere_known_may_hold_anything() {
        // Behind the last function that is known: its first bytes are in the place of the seventh.
        let stray: &[&[u8]] = &[&call(0), STORE_XMM3, RET];
        let none: &[&[u8]] = &[RET];
        assert_eq!(dead(&[WRAPPER, none, none, none, none, none, none, none]), [true]);
        assert_eq!(dead(&[WRAPPER, none, none, none, none, none, none, stray]), [false]);
    }

    #[test]
    fn a_function_may_run_over_its_end() {
        let caller = |behind| dead(&[WRAPPER, &[&call(0), CLEAR_EAX, TOLD_END, behind, RET]]);
        assert_eq!(caller(&[0x90]), [true]);
        assert_eq!(caller(STORE_XMM3), [false]);
        assert_eq!(dead(&[WRAPPER, &[&call(0), RET, TOLD_END, STORE_XMM3, RET]]), [true], "it ends there");
    }

    #[test]
    fn a_jump_by_a_pointer_out_of_a_structure_is_a_last_call() {
        let leaves = |load: &[u8], jump: &[u8]| dead(&[WRAPPER, &[&call(0), load, jump, STORE_XMM3, RET]]);
        let (by_rax, by_r8): (&[u8], &[u8]) = (&[0xff, 0xe0], &[0x41, 0xff, 0xe0]);
        // mov 0x18(%rdx),%rax; the same of %r8, with a stack pointer, and with the address in several parts
        let (load, load_r8, from_stack): (&[u8], &[u8], &[u8]) =
            (&[0x48, 0x8b, 0x42, 0x18], &[0x4c, 0x8b, 0x42, 0x18], &[0x48, 0x8b, 0x44, 0x24, 0x18]);
        let (indexed, relative): (&[u8], &[u8]) = (&[0x48, 0x8b, 0x44, 0xc2, 0x18], &[0x48, 0x8b, 0x05, 0, 0, 0, 0]);
        assert_eq!([leaves(load, by_rax), leaves(load_r8, by_r8), leaves(from_stack, by_rax)].concat(), [true; 3]);
        assert_eq!([leaves(load_r8, by_rax), leaves(load, by_r8)].concat(), [false; 2], "another register");
        assert_eq!([leaves(indexed, by_rax), leaves(relative, by_rax)].concat(), [false; 2], "perhaps a table");
    }

    #[test]
    fn at_most_sites_of_glibc_nobody_holds_anything() {
        let file = File::open(Path::new("/lib/x86_64-linux-gnu/libc.so.6")).unwrap();
        let elf = file.parse().unwrap();
        let found = |is_libc| locate_thoroughly(&elf.image(), &elf.functions(), is_libc).unwrap().sites;
        let (quick, thorough) = (found(false), found(true));
        assert!(quick.iter().zip(&thorough).all(|(quick, thorough)| {
            quick.address == thorough.address && (thorough.state_is_dead || !quick.state_is_dead)
        }));
        let count = |sites: &[Site]| sites.iter().filter(|site| site.state_is_dead).count();
        assert!(2 * count(&quick) < quick.len() && 4 * count(&thorough) > 3 * thorough.len());
        // It loads the control words of the x87 and of vector instructions after its call.
        let symbols = elf.symbols();
        let setcontext = symbols.iter().find(|symbol| symbol.name.starts_with("setcontext")).unwrap();
        let mut its = thorough.iter().filter(|site| setcontext.range.contains(&site.address)).peekable();
        assert!(its.peek().is_some() && its.all(|site| !site.state_is_dead));
        // Called from everywhere, and by who makes threads.
        let mmap = symbols.iter().find(|symbol| symbol.name.trim_start_matches('_') == "mmap").unwrap();
        let mut its = thorough.iter().filter(|site| mmap.range.contains(&site.address)).peekable();
        assert!(its.peek().is_some() && its.all(|site| site.state_is_dead));
    }

    #[test]
    fn a_switch_leads_wherever_its_table_says() {
        // lea 0x1200(%rip),%rdx; movslq (%rdx,%rax,4),%rax; add %rdx,%rax; jmp *%rax: in the second function, behind the call.
        let lea = |end: i32| [&[0x48, 0x8d, 0x15][..], &(0x1200 - end).to_le_bytes()].concat();
        let load: &[u8] = &[0x48, 0x63, 0x04, 0x82];
        let add: &[u8] = &[0x48, 0x01, 0xd0];
        let jump: &[u8] = &[0xff, 0xe0];
        let switch = |add| [&lea(0x104c)[..], load, add, jump].concat();
        // Its cases begin at 0x1055. The table has the distance of the first case alone, and then none.
        let cases = |case| dead(&[WRAPPER, &[&call(0), &switch(add), case, RET]]);
        assert_eq!(cases(&[0x90]), [true]);
        assert_eq!(cases(STORE_XMM3), [false]);
        assert_eq!(
            dead(&[WRAPPER, &[&call(0), &switch(&[0x48, 0x89, 0xd0]), RET]]),
            [false],
            "no sum: it may lead anywhere"
        );
        let goto = [&[0x48, 0x8d, 0x15, 0, 0, 0, 0][..], load, add, jump].concat();
        assert_eq!(dead(&[WRAPPER, &[&call(0), &goto, RET]]), [false], "distances from one of its own instructions");
        let pop: &[u8] = &[0x5b];
        assert_eq!(dead(&[WRAPPER, &[&call(0), pop, jump, STORE_XMM3, RET]]), [true], "a last call");
        assert_eq!(dead(&[WRAPPER, &[&call(0), jump, STORE_XMM3, RET]]), [false]);
    }

    #[test]
    fn a_function_that_sets_the_direction_flag_is_left_out() {
        // std; popf, and with a prefix
        for sets in [&[0xfd][..], &[0x9d], &[0x48, 0x9d]] {
            assert_eq!(dead(&[&[sets, WRITE, RET]]), [false], "{sets:02x?}");
            assert_eq!(dead(&[&[WRITE, RET, sets, RET]]), [false], "{sets:02x?}, on whatever way");
            assert_eq!(dead(&[&[WRITE, RET], &[sets, RET]]), [true], "{sets:02x?}, in another one");
        }
    }

    #[test]
    fn who_reads_the_flags_is_seen() {
        let (pushf, pop): (&[u8], &[u8]) = (&[0x9c], &[0x58]);
        assert_eq!(dead(&[&[WRITE, pushf, pop, RET]]), [false]);
        assert_eq!(dead(&[&[WRITE, &[0x85, 0xc0], pushf, pop, RET]]), [true], "behind a test");
    }

    #[test]
    fn the_x87_must_be_empty_where_it_is_dead() {
        let fld1: &[u8] = &[0xd9, 0xe8];
        let trap: &[u8] = &[0x0f, 0x0b];
        assert_eq!(dead(&[&[fld1, WRITE, trap]]), [false], "nothing takes it out");
        assert_eq!(dead(&[&[fld1, WRITE, CALL_ANYBODY, trap]]), [false], "likewise");
        assert_eq!(dead(&[&[CALL_ANYBODY, WRITE, CALL_ANYBODY, RET, fld1, RET]]), [true], "nothing outlives a call");
        assert_eq!(
            dead(&[&[CALL_ANYBODY, WRITE, CALL_ANYBODY, &[0xdd, 0xd8], RET]]),
            [false],
            "something may be taken out"
        );
        assert_eq!(dead(&[&[WRITE, RET, fld1, &[0xdd, 0xd8], RET]]), [true]);
    }
}
