//! Every instruction of an object, function by function, and who calls whom.

use super::{
    code::{Code, run_at},
    effect::{Effect, Registers, effect},
    flags,
    incoming::{Places, incoming, is_short_branch},
    step::{Flow, State, Step, step},
    x87::is_return,
};
use crate::object::Image;
use std::ops::Range;

/// All functions of an object.
pub(super) struct Graph {
    /// In the order of addresses. They do not overlap.
    pub(super) functions: Vec<Function>,
    /// In the order of addresses.
    pub(super) places: Vec<Place>,
    /// Where jump tables lead.
    pub(super) tables: Vec<Vec<u64>>,
}

/// A function as unwinders know it: perhaps only a part of one that stands elsewhere.
pub(super) struct Function {
    pub(super) range: Range<u64>,
    /// Where the unwind table has it end.
    told_end: u64,
    /// Instructions of others that call it, or jump into it.
    pub(super) callers: Vec<usize>,
    /// Whether something may lead here that is no instruction of any function.
    pub(super) is_entered_unseen: bool,
    /// Whether it may set the direction flag, which the ABI has clear.
    pub(super) sets_direction: bool,
    /// Registers that a compiler which looks into this function, and into all that it calls, must take it to change.
    pub(super) changes: Registers,
}

/// An instruction.
pub(super) struct Place {
    pub(super) address: u64,
    pub(super) length: u8,
    /// Whether `lock` is in front of it, which old libcs jump over where there is one thread.
    is_locked: bool,
    /// The address that it computes.
    computes: Option<u64>,
    /// Whether it is an `add` of two registers.
    adds: bool,
    /// Whether it is a `pop` of a register that a function must leave as it was.
    restores: bool,
    /// The register that it loads from a member of a structure, as pointers to functions are loaded.
    loads: Option<u8>,
    /// Whether it is a `je`.
    pub(super) is_je: bool,
    pub(super) goes: Goes,
    pub(super) effect: Effect,
    /// Its function, by its place among them.
    pub(super) function: usize,
}

/// Where control goes from an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    /// On, or to there.
    Branches(u64),
    To(u64),
    Calls(u64),
    /// To one of the targets of jump tables, by their place in [`Graph::tables`].
    Switches(usize),
    /// To a function that is not known, and back.
    CallsAnybody,
    /// To a function that is not known, and not back.
    JumpsToAnybody,
    /// It was not meant to come here.
    Nowhere,
    Returns,
    /// To where this register says.
    ByRegister(u8),
    /// Anywhere.
    Anywhere,
}

impl Place {
    pub(super) fn end(&self) -> u64 {
        self.address + u64::from(self.length)
    }

    /// Where it branches, if it says so.
    pub(super) fn target(&self) -> Option<u64> {
        match self.goes {
            Goes::Branches(target) | Goes::To(target) | Goes::Calls(target) => Some(target),
            _ => None,
        }
    }
}

impl Graph {
    pub(super) fn new(image: &Image<'_>, runs: &[Code<'_>], functions: &[Range<u64>]) -> Graph {
        let mut graph = Graph { functions: Vec::new(), places: Vec::new(), tables: Vec::new() };
        let mut ranges: Vec<_> = functions.iter().filter(|range| !range.is_empty()).cloned().collect();
        ranges.sort_unstable_by_key(|range| (range.start, range.end));
        let starts: Vec<u64> = ranges.iter().skip(1).map(|next| next.start).collect();
        for (at, range) in ranges.into_iter().enumerate() {
            let Some(run) = run_at(runs, range.start) else { continue };
            if graph.functions.last().is_none_or(|last| last.range.end <= range.start) {
                let room = starts.get(at).map_or(u64::MAX, |&next| next.max(range.end)).min(run.range().end);
                graph.add(run.slice(range.start..room), range);
            }
        }
        graph.find_tables(image);
        graph.connect();
        graph.find_unseen(runs);
        graph.find_changes();
        graph
    }

    /// Adds a function, of which the code begins like this, up to the next one. Where it runs over the end that the unwind table gives
    /// it, it goes on to there: the entry for glibc's `clone` ends with the system call.
    fn add(&mut self, code: &[u8], mut range: Range<u64>) {
        let (mut at, told_end, mut sets_direction) = (0, range.end, false);
        while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
            let address = range.start + at as u64;
            if address >= range.end {
                let runs_on = |last: &Place| matches!(last.goes, Goes::On | Goes::Branches(_));
                if !self.places.last().is_some_and(runs_on) {
                    break;
                }
                range.end = range.start + code.len() as u64;
            }
            // Whoever comes to what is behind an instruction that nobody knows comes to no place.
            let Some(step) = step(rest, address) else {
                sets_direction = true;
                break;
            };
            let bytes = &rest[..usize::from(step.length)];
            sets_direction |= step.state == State::Any && flags::sets_direction(bytes);
            self.places.push(Place {
                address,
                length: step.length,
                is_locked: bytes.first() == Some(&0xf0),
                computes: if let Flow::Address(address) = step.flow { Some(address) } else { None },
                adds: matches!(bytes, [0x48..=0x4f, 0x01 | 0x03, modrm] if *modrm >= 0xc0),
                restores: matches!(bytes, [0x5b | 0x5d] | [0x41, 0x5c..=0x5f]),
                loads: loaded_from_member(bytes),
                is_je: matches!(bytes, [0x74, ..] | [0x0f, 0x84, ..]),
                goes: goes(bytes, &step),
                effect: effect(bytes, &step),
                function: self.functions.len(),
            });
            at += bytes.len();
        }
        let changes = Registers::NONE;
        self.functions.push(Function {
            range,
            told_end,
            callers: Vec::new(),
            is_entered_unseen: false,
            sets_direction,
            changes,
        });
    }

    /// The instruction at an address to which control goes.
    pub(super) fn place(&self, address: u64) -> Option<usize> {
        let next = self.places.partition_point(|place| place.address <= address);
        let place = &self.places[next.checked_sub(1)?];
        (place.address == address || (place.is_locked && place.address + 1 == address)).then(|| next - 1)
    }

    /// The function with this address.
    pub(super) fn function(&self, address: u64) -> Option<usize> {
        function(&self.functions, address)
    }

    fn connect(&mut self) {
        for (at, place) in self.places.iter().enumerate() {
            let table = if let Goes::Switches(table) = place.goes { &self.tables[table][..] } else { &[] };
            for &target in place.target().iter().chain(table) {
                if let Some(called) = function(&self.functions, target).filter(|&called| called != place.function) {
                    self.functions[called].callers.push(at);
                }
            }
        }
    }

    /// Finds where the `switch` statements of functions lead: a jump behind an `add` that makes an address of a distance in a table. Every
    /// address that the function computes is read as that of a table, as long as the entries lead to instructions, and its first into the
    /// function: a target too many is a way too many to be followed. Functions that compute the address of an instruction of their own are
    /// left out: their distances may be from there (the `goto *` of GNU C).
    fn find_tables(&mut self, image: &Image<'_>) {
        let mut known: Option<(usize, Option<usize>)> = None;
        for at in 1..self.places.len() {
            let (before, place) = (&self.places[at - 1], &self.places[at]);
            let (function, adds) = (place.function, before.adds);
            let Goes::ByRegister(register) = place.goes else { continue };
            if before.end() != place.address {
                continue;
            }
            // The registers of the caller are back, or a pointer was loaded: the function is at its end, and this is its last call.
            let is_last_call = before.restores || before.loads == Some(register);
            if known.is_none_or(|(last, _)| last != function) {
                let targets = self.table_targets(image, function);
                known = Some((function, targets.is_some().then_some(self.tables.len())));
                self.tables.extend(targets);
            }
            let Some((_, Some(table))) = known else { continue };
            if adds && !self.tables[table].is_empty() {
                self.places[at].goes = Goes::Switches(table);
            } else if is_last_call && self.tables[table].is_empty() {
                self.places[at].goes = Goes::JumpsToAnybody;
            }
        }
    }

    /// Where the jump tables of a function lead, if that can be told. No function of a libc has as many targets as are too many here.
    fn table_targets(&self, image: &Image<'_>, function: usize) -> Option<Vec<u64>> {
        const MOST: usize = 1 << 12;
        let range = &self.functions[function].range;
        let places = self.places.partition_point(|place| place.address < range.start)
            ..self.places.partition_point(|place| place.address < range.end);
        let mut tables: Vec<u64> = self.places[places].iter().filter_map(|place| place.computes).collect();
        tables.sort_unstable();
        tables.dedup();
        if tables.iter().any(|&table| table > range.start && table < range.end) {
            return None;
        }
        let mut targets = Vec::new();
        for table in tables {
            let (distances, _) = image.tail(table).unwrap_or_default().as_chunks::<4>();
            let entries = distances.iter().map(|&entry| table.wrapping_add_signed(i32::from_le_bytes(entry).into()));
            let mut entries = entries.take_while(|&target| self.place(target).is_some()).peekable();
            if entries.peek().is_some_and(|first| range.contains(first)) {
                targets.extend(entries.take(MOST));
            }
            if targets.len() >= MOST {
                return None;
            }
        }
        Some(targets)
    }

    /// Looks for what seems to lead into functions and is outside of all instructions. What is inside of one but is none itself only
    /// looks like it.
    fn find_unseen(&mut self, runs: &[Code<'_>]) {
        let everywhere = Places::new(self.functions.iter().map(|function| function.range.clone()));
        for arrival in runs.iter().flat_map(|run| incoming(run, &everywhere)) {
            if self.is_inside_an_instruction(arrival.source) {
                continue;
            }
            if let Some(entered) = self.function(arrival.target) {
                self.functions[entered].is_entered_unseen = true;
            }
        }
        for at in 0..self.functions.len() {
            let Range { start, end } = self.functions[at].range;
            let around = (start.saturating_sub(0x81)..start).chain(end..start.saturating_add(0x80));
            self.functions[at].is_entered_unseen |=
                around.filter(|&from| !self.is_inside_an_instruction(from)).any(|from| {
                    let code = run_at(runs, from).map(|run| run.slice(from..from.saturating_add(2)));
                    matches!(code, Some(&[opcode, distance])
                    if is_short_branch(opcode) && distance == start.wrapping_sub(from).wrapping_sub(2) as u8)
                });
        }
    }

    fn is_inside_an_instruction(&self, address: u64) -> bool {
        let next = self.places.partition_point(|place| place.address <= address);
        next.checked_sub(1).is_some_and(|last| address < self.places[last].end())
    }

    /// What it writes, and what those change that it calls or goes on to; all of them, if it calls somebody who is not known. What it
    /// runs on to over its end may be no part of what a compiler has looked into.
    fn find_changes(&mut self) {
        let mut work = Vec::new();
        for place in &self.places {
            let Function { changes, told_end, .. } = &mut self.functions[place.function];
            if place.address < *told_end {
                let calls_anybody = matches!(place.goes, Goes::CallsAnybody | Goes::JumpsToAnybody);
                *changes = changes.and(if calls_anybody { Registers::ALL } else { place.effect.writes });
            }
        }
        work.extend(0..self.functions.len());
        while let Some(called) = work.pop() {
            let changes = self.functions[called].changes;
            for at in 0..self.functions[called].callers.len() {
                let place = &self.places[self.functions[called].callers[at]];
                let Function { changes: known, told_end, .. } = &mut self.functions[place.function];
                if place.address >= *told_end {
                    continue;
                }
                if known.and(changes) != *known {
                    *known = known.and(changes);
                    work.push(place.function);
                }
            }
        }
    }
}

fn function(functions: &[Function], address: u64) -> Option<usize> {
    let next = functions.partition_point(|function| function.range.start <= address);
    let last = next.checked_sub(1)?;
    functions[last].range.contains(&address).then_some(last)
}

fn goes(code: &[u8], step: &Step) -> Goes {
    match step.flow {
        Flow::Next | Flow::Address(_) | Flow::Nop | Flow::Syscall => Goes::On,
        // `xabort` goes where the `xbegin` says that has begun the transaction, and on if there is none.
        Flow::Conditional(None) if matches!(code, [0xc6, 0xf8, _]) => Goes::On,
        Flow::Conditional(target) => target.map_or(Goes::Anywhere, Goes::Branches),
        Flow::Call(target) => target.map_or(Goes::CallsAnybody, Goes::Calls),
        Flow::Jump(Some(target)) => Goes::To(target),
        Flow::Jump(None) if is_through_a_slot(code) => Goes::JumpsToAnybody,
        Flow::Jump(None) => by_register(code).map_or(Goes::Anywhere, Goes::ByRegister),
        Flow::End if is_return(code) => Goes::Returns,
        // `ud2`, `hlt`.
        Flow::End if matches!(code, [0x0f, 0x0b] | [0xf4]) => Goes::Nowhere,
        Flow::Filler => Goes::Nowhere,
        Flow::End => Goes::Anywhere,
    }
}

/// The register that a jump goes by, `jmp *%rax`.
fn by_register(jump: &[u8]) -> Option<u8> {
    match jump {
        [before @ .., 0xff, register @ 0xe0..=0xe7] => Some(register & 7 | u8::from(before.contains(&0x41)) << 3),
        _ => None,
    }
}

/// The register that `mov 0x18(%rax),%rdx` loads. Not from a place with an index, or one that is relative to the instruction: a table of
/// addresses may be read so, and of cases.
fn loaded_from_member(code: &[u8]) -> Option<u8> {
    const NO_INDEX: u8 = 4;
    let &[rex @ 0x48..=0x4f, 0x8b, modrm, ref rest @ ..] = code else { return None };
    let (mode, base) = (modrm >> 6, modrm & 7);
    let is_member = match base {
        _ if mode == 0 || mode == 3 => false,
        4 => rex & 2 == 0 && rest.first().is_some_and(|sib| sib >> 3 & 7 == NO_INDEX),
        _ => true,
    };
    is_member.then_some(modrm >> 3 & 7 | (rex & 4) << 1)
}

/// Whether a jump goes where one place in memory says, as those do that leave an object. One with an index, or to where a register
/// says, may be that of a `switch`.
fn is_through_a_slot(jump: &[u8]) -> bool {
    let opcode = jump.iter().position(|&byte| byte == 0xff);
    opcode.is_some_and(|at| jump.get(at + 1) == Some(&0x25))
}
