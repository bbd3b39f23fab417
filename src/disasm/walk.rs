//! Decodes one function from its start, and judges every hit in it.

use super::{
    Unknown,
    code::Code,
    decoder::Decoder,
    instruction::{Eax, Instruction, Kind},
    marks::Marks,
    plain::plain_length,
    region::Region,
    site::{self, Doubt, Lookalike, Site},
    step::{Flow, State, Step, step},
    table::Tables,
    x87,
};
use crate::object::Image;
use std::{
    iter::{Copied, Peekable},
    ops::Range,
    slice,
};

/// What a walk adds to the findings of an object.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) sites: Vec<Site>,
    pub(super) lookalikes: Vec<Lookalike>,
    pub(super) unknown: Vec<Unknown>,
    /// Bytes at the ends of functions that nothing was seen to execute.
    pub(super) paddings: Vec<Range<u64>>,
    /// Where the regions start that were walked in this run of code, in their order.
    pub(super) walked: Vec<u64>,
}

/// What a walk remembers of its region. Emptied and used again by the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Where instructions begin.
    starts: Marks,
    /// Where branches lead.
    targets: Marks,
    /// Where branches lead by which the x87 stack is known to be empty.
    empty: Marks,
    /// The instructions before or after a site, as long as it is not known how many they are.
    some: Vec<Instruction>,
}

/// Walks a region and adds what it holds.
pub(super) fn walk<'b>(
    image: &Image<'_>,
    code: &Code<'b>,
    region: Region,
    decoder: &mut Decoder<'_, 'b>,
    memory: &mut Memory,
    findings: &mut Findings,
) {
    findings.walked.push(region.range.start);
    memory.starts.restart(&region.range);
    memory.targets.restart(&region.range);
    memory.empty.restart(&region.range);
    let is_function = !region.unwind_info.is_empty() && !region.sweep;
    let mut walk = Walk {
        image,
        code,
        decoder,
        tables: Tables::new(region.range.clone()),
        hits: region.hits.iter().copied().peekable(),
        region: &region,
        memory,
        line: None,
        detour: None,
        dead_since: None,
        closed: is_function,
        x87: x87::Watch::new(is_function),
        sites: Vec::with_capacity(region.hits.len()),
        findings,
    };
    walk.run();
    walk.finish();
}

struct Walk<'w, 'e, 'b> {
    image: &'w Image<'w>,
    code: &'w Code<'b>,
    region: &'w Region,
    decoder: &'w mut Decoder<'e, 'b>,
    tables: Tables,
    /// Hits not judged yet.
    hits: Peekable<Copied<slice::Iter<'w, u64>>>,
    memory: &'w mut Memory,
    /// Where the current straight line begins, if an instruction of it has been passed.
    line: Option<u64>,
    /// Where the last jump leads that left the object, as long as only filler followed.
    detour: Option<u64>,
    /// The end of the last instruction that control does not pass, as long as only nops and `int3` followed.
    dead_since: Option<u64>,
    /// Whether nothing was seen yet that touches more than general registers, memory and the flags of arithmetic, or leaves the function by
    /// another way than `ret`.
    closed: bool,
    x87: x87::Watch,
    sites: Vec<Site>,
    findings: &'w mut Findings,
}

impl<'b> Walk<'_, '_, 'b> {
    fn run(&mut self) {
        let mut at = self.region.range.start;
        if self.region.trusted_until <= at {
            at = self.leave_function(at);
        }
        while at < self.region.range.end {
            at = self.pass_plain(at);
            if at >= self.region.range.end {
                break;
            }
            at = match self.step(self.rest(at), at) {
                Some(step) => self.pass(at, step),
                None => self.resume(at, Doubt::Undecodable(at)),
            };
        }
    }

    /// Passes what is quickly passed: plain instructions without hits. Gives the address to go on at.
    fn pass_plain(&mut self, start: u64) -> u64 {
        // Whatever ends behind the function's last trusted byte is looked at with more care.
        let trusted = self.region.trusted_until;
        let end = if start < trusted { trusted } else { self.region.range.end };
        let until = self.hits.peek().map_or(end, |&hit| hit.min(end));
        let length = (until - start) as usize;
        let code = self.code.slice(start..self.code.range().end);
        let mut passed = 0;
        while let Some(next) = code.get(passed..).and_then(<[u8]>::first_chunk).copied().and_then(plain_length)
            && passed + next <= length
        {
            self.memory.starts.set(start + passed as u64);
            passed += next;
        }
        if passed > 0 {
            self.line.get_or_insert(start);
            (self.detour, self.dead_since) = (None, None);
            self.x87.come_to(start..start + passed as u64, &self.memory.empty, &self.memory.starts);
        }
        start + passed as u64
    }

    /// The instruction at the start of these bytes. What the fast decoder does not know Capstone may: `kmovq` for one.
    fn step(&mut self, code: &'b [u8], at: u64) -> Option<Step> {
        step(code, at).or_else(|| self.decoder.step(code, at))
    }

    /// The bytes an instruction at this address may use: none ends behind its function.
    fn rest(&self, at: u64) -> &'b [u8] {
        let end = self.region.range.end;
        self.code.slice(at..if at < self.region.trusted_until { self.region.trusted_until } else { end })
    }

    /// Takes note of an instruction; gives the address to go on at.
    fn pass(&mut self, at: u64, step: Step) -> u64 {
        let next = at + u64::from(step.length);
        self.memory.starts.set(at);
        self.x87.come_to(at..at + 1, &self.memory.empty, &self.memory.starts);
        self.judge(at, next, step.flow);
        self.note_targets(at, next, step.flow);
        let stays = match step.flow {
            Flow::Call(_) | Flow::Conditional(None) | Flow::Jump(None) => false,
            Flow::Conditional(Some(target)) | Flow::Jump(Some(target)) => self.region.unwind_info.contains(&target),
            Flow::Next | Flow::Address(_) | Flow::Nop | Flow::Filler | Flow::Syscall | Flow::End => true,
        };
        self.closed &= step.state == State::General && stays;
        self.x87.pass(at, self.code.slice(at..next), &step, stays, &mut self.memory.empty);
        self.line = match step.flow {
            Flow::Next | Flow::Address(_) => self.line.or(Some(at)),
            // Nops that a straight line would begin with align what follows them: control enters behind them, perhaps by a
            // way that nobody sees.
            Flow::Nop => self.line,
            _ => None,
        };
        let filler = matches!(step.flow, Flow::Nop | Flow::Filler);
        self.detour = match step.flow {
            Flow::Jump(Some(target)) => self.leaves_the_object(target),
            _ if filler => self.detour,
            _ => None,
        };
        // A call that ends a function does not return: the compiler let nothing follow it.
        let leaves = match step.flow {
            Flow::Jump(_) | Flow::End => true,
            Flow::Call(_) => next == self.region.trusted_until,
            _ => false,
        };
        self.dead_since = match self.dead_since {
            _ if leaves => Some(next),
            dead if filler => dead,
            _ => None,
        };
        if leaves && next >= self.region.trusted_until { self.leave_function(next) } else { next }
    }

    /// Decides what the hits inside an instruction are.
    fn judge(&mut self, at: u64, next: u64, flow: Flow) {
        while let Some(hit) = self.hits.next_if(|&hit| hit < next) {
            // A prefixed syscall ends with its two opcode bytes.
            if flow == Flow::Syscall && hit + 2 == next {
                match self.site(at, next) {
                    Some(site) => self.sites.push(site),
                    None => self.findings.unknown.push(Unknown { address: hit, doubt: Doubt::Disputed }),
                }
            } else {
                self.findings.lookalikes.push(Lookalike { address: hit, instruction: at });
            }
        }
    }

    /// A site, if Capstone agrees that it is one.
    fn site(&mut self, at: u64, next: u64) -> Option<Site> {
        let syscall = self.decoder.instruction(self.rest(at), at)?;
        (syscall.kind == Kind::Syscall && syscall.end() == next).then_some(())?;
        Some(Site {
            address: at,
            length: (next - at) as u8,
            function: self.region.range.clone(),
            unwind_info: self.region.unwind_info.contains(&at),
            number: None,
            line: self.line.unwrap_or(at),
            before: self.before(at),
            after: self.after(next),
            targets: Vec::new(),
            detour: self.detour,
            state_is_dead: false,
            x87_is_empty: self.x87.is_empty(),
        })
    }

    /// The instructions before a syscall, decoded once more, for their operands.
    fn before(&mut self, syscall: u64) -> Vec<Instruction> {
        let code = self.code.slice(self.region.range.clone());
        let code_at = |address: u64| &code[(address - self.region.range.start) as usize..];
        let before = &mut self.memory.some;
        before.clear();
        let mut number_is_open = true;
        let line = self.line.unwrap_or(syscall);
        let starts = &self.memory.starts;
        let straight =
            std::iter::successors(Some(syscall), |&next| starts.previous(next).filter(|&start| start >= line));
        for address in straight.skip(1).take(Site::BEFORE) {
            let Some(instruction) = self.decoder.instruction(code_at(address), address) else { break };
            if instruction.end() != before.last().map_or(syscall, |next: &Instruction| next.address) {
                break;
            }
            before.push(instruction);
            number_is_open &= instruction.eax == Eax::Kept;
            if !number_is_open && syscall - address >= Site::ROOM {
                break;
            }
        }
        before.reverse();
        before.to_vec()
    }

    /// The instructions from the end of a syscall on.
    fn after(&mut self, start: u64) -> Vec<Instruction> {
        let end = self.region.range.end;
        let after = &mut self.memory.some;
        after.clear();
        let mut address = start;
        while address < end && address - start < Site::ROOM {
            let Some(instruction) = self.decoder.instruction(self.code.slice(address..end), address) else { break };
            let straight = site::is_straight(instruction.kind);
            if straight || instruction.kind == Kind::Return {
                after.push(instruction);
            }
            if !straight {
                break;
            }
            address = instruction.end();
        }
        after.to_vec()
    }

    fn note_targets(&mut self, at: u64, next: u64, flow: Flow) {
        let (region, targets) = (&self.region.range, &mut self.memory.targets);
        let mut note = |target: u64| {
            if region.contains(&target) {
                targets.set(target);
            }
        };
        match flow {
            Flow::Conditional(Some(target)) | Flow::Call(Some(target)) | Flow::Jump(Some(target)) => note(target),
            Flow::Address(label) if region.contains(&label) => note(label),
            Flow::Address(table) => self.tables.follow(self.image, table, note),
            Flow::Jump(None) => {
                if let Some(table) = self.decoder.absolute_table(self.code.slice(at..next), at) {
                    self.tables.follow(self.image, table, note);
                }
            }
            _ => {}
        }
    }

    /// Where a jump leads that leaves the object, at once or by way of a jump in some padding.
    fn leaves_the_object(&self, target: u64) -> Option<u64> {
        if !self.image.is_code(target) {
            return Some(target);
        }
        let &[0xe9, a, b, c, d] = self.image.bytes(target, 5)?.first_chunk::<5>()? else { return None };
        let end = target.wrapping_add(5).wrapping_add_signed(i64::from(i32::from_le_bytes([a, b, c, d])));
        (!self.image.is_code(end)).then_some(end)
    }

    /// Goes on behind the end of a function, which control does not pass: over filler, to where a branch is known to lead.
    fn leave_function(&mut self, at: u64) -> u64 {
        let known = self.next_target(at).unwrap_or(self.region.range.end);
        let mut filled = at;
        while filled < known {
            match self.step(self.code.slice(filled..known), filled) {
                Some(Step { length, flow: Flow::Nop | Flow::Filler, .. }) => filled += u64::from(length),
                _ => break,
            }
        }
        if filled < known {
            self.dead_since = None;
            self.give_up_on_hits(known, Doubt::Unreached);
        }
        self.line = None;
        self.x87.leave();
        known
    }

    /// Goes on behind bytes that are no instruction, at the next address that must be one.
    fn resume(&mut self, at: u64, doubt: Doubt) -> u64 {
        let region = self.region;
        let mut next = self.next_target(at + 1).unwrap_or(region.range.end);
        if at < region.trusted_until {
            next = next.min(region.trusted_until);
        }
        if region.sweep {
            next = self.after_padding(at + 1, next).unwrap_or(next);
        }
        self.give_up_on_hits(next, doubt);
        self.closed = false;
        self.x87.lose();
        self.line = None;
        self.detour = None;
        self.dead_since = None;
        next
    }

    fn next_target(&self, from: u64) -> Option<u64> {
        self.memory.targets.next(from)
    }

    /// The first address in a range where an assembler has aligned something: behind filler, on a multiple of 16.
    fn after_padding(&self, from: u64, until: u64) -> Option<u64> {
        const FILLER: [&[u8]; 5] = [
            &[0xcc],
            &[0x90],
            &[0x0f, 0x1f, 0x40, 0x00],
            &[0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x0f, 0x1f, 0x80, 0, 0, 0, 0],
        ];
        const LONG: &[u8] = &[0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0];
        let start = from.checked_next_multiple_of(16)?;
        (start..until).step_by(16).find(|&address| {
            let before = self.code.slice(from..address);
            before.ends_with(LONG) || FILLER.iter().any(|filler| before.ends_with(filler))
        })
    }

    fn give_up_on_hits(&mut self, until: u64, doubt: Doubt) {
        while let Some(address) = self.hits.next_if(|&hit| hit < until) {
            self.findings.unknown.push(Unknown { address, doubt });
        }
    }

    fn finish(mut self) {
        self.give_up_on_hits(u64::MAX, Doubt::Undecodable(self.region.range.end));
        if self.tables.exhausted() {
            let doubt = Doubt::Tables;
            self.findings.unknown.extend(self.sites.iter().map(|site| Unknown { address: site.address, doubt }));
            return;
        }
        let targets = &self.memory.targets;
        // Control must not fall out of the end of the function either.
        let closed = self.closed && self.dead_since.is_some();
        for mut site in self.sites {
            site.state_is_dead = closed;
            site.x87_is_empty = self.x87.concludes(site.x87_is_empty, self.dead_since.is_none());
            site.targets.extend(targets.within(site.neighbourhood()));
            self.findings.sites.push(site);
        }
        let padding = self.dead_since.unwrap_or(self.region.range.end)..self.region.range.end;
        if !padding.is_empty() && targets.within(padding.clone()).next().is_none() {
            self.findings.paddings.push(padding);
        }
    }
}
