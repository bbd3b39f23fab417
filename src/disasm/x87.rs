//! Whether an x87 register can be in use at a system call.
//!
//! To look costs a crossing seven nanoseconds (two `fnstsw`), and the answer is no nearly always. It need not look where the
//! function around the call says so:
//!
//! - By the ABI the register stack is empty where a function is entered, and no argument is passed in it. That holds for local
//!   functions too: GCC, which may know what a callee leaves alone and keep values there (`-fipa-ra`), takes it that any function changes
//!   all of these registers (`collect_fn_hard_reg_usage` in its final.cc).
//! - Instructions name these registers by their distance from the top of the stack. So how many are in use is the same each time
//!   that control comes to an instruction, by whatever way.
//!
//! So it is enough that *one* way leads from the start of the function to the call on which nothing can have filled the stack: no
//! instruction on these registers, which MMX registers are a part of, and no call of a function that may return its
//! result there. That is [`Watch::empty`].
//!
//! Other calls of the same function stand behind calls, as in glibc's `read`, which switches cancellation on if there is more than
//! one thread. What was returned in the stack there must be taken out by an instruction on it, or be the result of this function, too.
//! So if the function has no such instruction, and returns on *one* way without any call, with an empty stack, then
//! it returns nothing there, and its stack is empty everywhere. That is [`Watch::returns_empty`].
//!
//! In both cases the whole function must have no instruction on the x87 or MMX: control and status words are to a hook, and
//! become through it, as with any function that is called. And its start must be one: the parts of a function
//! that compilers put elsewhere (`name.cold`) are described to unwinders as functions, but are entered by jumps
//! ([`is_entered_by_calls`]).

use super::{
    code::{Code, run_at},
    incoming::{Arrival, is_near_target},
    locate::within,
    marks::Marks,
    step::{Flow, State, Step},
};
use std::ops::Range;

/// What is known of the stack at the current instruction of a walk, and of the whole function.
#[derive(Debug)]
pub(super) struct Watch {
    /// Whether control comes here from the function's start with nothing done to the stack, and nobody called, on some way.
    empty: bool,
    /// The first place ahead to which it branches so, or behind everything.
    next: u64,
    /// Whether it comes to a `ret` so.
    returns_empty: bool,
    /// Whether no instruction was seen that may have to do with the stack.
    untouched: bool,
    /// Whether the function was seen to be left by `ret` alone, and by calls that come back.
    closed: bool,
}

impl Watch {
    /// At the start of a function, if it is known to be one.
    pub(super) fn new(is_function: bool) -> Watch {
        Watch { empty: true, next: u64::MAX, returns_empty: false, untouched: is_function, closed: true }
    }

    /// Whether the stack is known to be empty at this instruction.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// Control comes to the instructions of a straight line. `branches` are the places to which it branches with an empty stack.
    #[inline]
    pub(super) fn come_to(&mut self, line: Range<u64>, branches: &Marks, starts: &Marks) {
        if self.next < line.end {
            self.next = branches.next(line.end).unwrap_or(u64::MAX);
            // A branch into the middle of an instruction goes along another line than this.
            self.empty |= branches.within(line).any(|target| starts.has(target));
        }
    }

    /// Passes an instruction, which `stays` in the function or not. `code` is its bytes.
    pub(super) fn pass(&mut self, at: u64, code: &[u8], step: &Step, stays: bool, branches: &mut Marks) {
        self.untouched &= step.state != State::Any;
        self.closed &= stays || matches!(step.flow, Flow::Call(_));
        if !self.empty {
            return;
        }
        match step.flow {
            // Code that is jumped back to has been passed; control comes there from above as well, nearly always.
            Flow::Conditional(Some(target)) | Flow::Jump(Some(target)) if stays && target > at => {
                branches.set(target);
                self.next = self.next.min(target);
            }
            Flow::End => self.returns_empty |= is_return(code),
            _ => {}
        }
        self.empty = !matches!(step.flow, Flow::Call(_) | Flow::Jump(_) | Flow::End);
    }

    /// Goes on at an address that control does not come to from the last instruction.
    pub(super) fn leave(&mut self) {
        self.empty = false;
    }

    /// Bytes were met that nobody understands.
    pub(super) fn lose(&mut self) {
        (self.empty, self.untouched) = (false, false);
    }

    /// At the end of the function: whether the stack is empty at a site where it was, or was not, known to be so.
    pub(super) fn concludes(&self, was_empty: bool, falls_out: bool) -> bool {
        self.untouched && (was_empty || (self.returns_empty && self.closed && !falls_out))
    }
}

/// Whether these bytes are a `ret`, in one of the ways it is written.
pub(super) fn is_return(instruction: &[u8]) -> bool {
    matches!(instruction, [0xc2 | 0xc3, ..] | [0xf2 | 0xf3, 0xc2 | 0xc3, ..])
}

/// Whether the start of a function is one: nothing outside of it seems to jump there, or something calls it. `arrivals` are all at such
/// starts. What only looks like a call does not lead to this very address twice.
pub(super) fn is_entered_by_calls(function: &Range<u64>, arrivals: &[Arrival], runs: &[Code<'_>]) -> bool {
    const CALL: u8 = 0xe8;
    let is_call = |source: u64| run_at(runs, source).is_some_and(|run| run.slice(source..source + 1) == [CALL]);
    let (mut calls, mut jumps) = (0, 0);
    for &Arrival { source, .. } in within(arrivals, function.start..function.start + 1) {
        if is_call(source) {
            calls += 1;
        } else if !function.contains(&source) {
            jumps += 1;
        }
        if calls == 2 {
            return true;
        }
    }
    jumps == 0 && run_at(runs, function.start).is_none_or(|run| !is_near_target(run, function))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use crate::disasm::locate;
    use crate::object::{Functions, Image, Segment, Source};

    /// `mov $1,%eax; syscall`
    const WRITE: &[u8] = &[0xb8, 1, 0, 0, 0, 0x0f, 0x05];
    const RET: &[u8] = &[0xc3];
    const FILLER: &[u8] = &[0xcc];
    /// Of something behind all of the functions.
    const CALL: &[u8] = &[0xe8, 0x00, 0x01, 0, 0];
    const FLD1: &[u8] = &[0xd9, 0xe8];
    const FSTP: &[u8] = &[0xdd, 0xd8];
    const EMMS: &[u8] = &[0x0f, 0x77];
    const XORPS: &[u8] = &[0x0f, 0x57, 0xc0];
    const VZEROUPPER: &[u8] = &[0xc5, 0xf8, 0x77];
    const FXSAVE: &[u8] = &[0x0f, 0xae, 0x07];
    const CVTPI2PS: &[u8] = &[0x0f, 0x2a, 0xc1];
    const ENDBR64: &[u8] = &[0xf3, 0x0f, 0x1e, 0xfa];

    /// `je` over something.
    fn unless(code: &[&[u8]]) -> Vec<u8> {
        let code = code.concat();
        [&[0x74, code.len() as u8], &code[..]].concat()
    }

    /// Of each site of the first of these functions, whether the stack is empty there.
    fn empty(functions: &[&[&[u8]]]) -> Vec<bool> {
        let mut bytes: Vec<u8> = Vec::new();
        let mut ranges = Vec::new();
        for function in functions {
            let start = 0x1000 + bytes.len() as u64;
            bytes.extend(function.concat());
            ranges.push(start..0x1000 + bytes.len() as u64);
            bytes.extend([0xcc; 16]);
        }
        // What they call. An object whose functions leave much of its code out is not trusted in what it says of them.
        ranges.push(0x1000 + bytes.len() as u64..0x1400);
        bytes.resize(0x400, 0xc3);
        let image = Image::new(vec![Segment { address: 0x1000, bytes: &bytes, executable: true, file_offset: 0 }]);
        let first = ranges[0].clone();
        let located = locate(&image, &Functions { ranges, source: Source::UnwindTable }).unwrap();
        let sites = located.sites.iter().filter(|site| first.contains(&site.address));
        sites.map(|site| site.x87_is_empty).collect()
    }

    #[test]
    fn it_is_empty_as_long_as_nobody_has_filled_it() {
        assert_eq!(empty(&[&[WRITE, RET]]), [true]);
        assert_eq!(empty(&[&[ENDBR64, XORPS, WRITE, VZEROUPPER, CALL, RET]]), [true], "calls come later");
        assert_eq!(empty(&[&[CALL, WRITE, RET]]), [false], "the callee may have returned something there");
        assert_eq!(empty(&[&[&unless(&[CALL]), WRITE, RET]]), [true], "it is empty on the way around the call");
        assert_eq!(empty(&[&[CALL, &unless(&[CALL]), WRITE, RET]]), [false], "no way leads around both");
    }

    #[test]
    fn what_a_callee_has_left_there_would_be_returned() {
        let slow = [CALL, WRITE, CALL, RET].concat();
        assert_eq!(empty(&[&[&unless(&[WRITE, RET]), &slow]]), [true; 2], "as in `read`");
        assert_eq!(empty(&[&[&unless(&[CALL, WRITE, RET]), WRITE, CALL, RET]]), [false, true], "it may return that");
        let trap = [0x0f, 0x0b];
        assert_eq!(empty(&[&[&unless(&[WRITE, &trap]), &slow]]), [true, false], "that way does not return");
        let elsewhere = [0xe9, 0x00, 0x01, 0, 0];
        assert_eq!(empty(&[&[&unless(&[WRITE, RET]), CALL, WRITE, &elsewhere]]), [true, false], "it may be used there");
    }

    #[test]
    fn no_instruction_of_the_function_may_have_to_do_with_it() {
        for instruction in [FLD1, FSTP, EMMS, FXSAVE, CVTPI2PS] {
            assert_eq!(empty(&[&[WRITE, RET, instruction, RET]]), [false], "{instruction:02x?}");
            assert_eq!(empty(&[&[instruction, WRITE, RET]]), [false], "{instruction:02x?}");
        }
    }

    #[test]
    fn the_parts_of_a_function_that_stand_elsewhere_are_entered_by_jumps() {
        let part: &[&[u8]] = &[WRITE, RET];
        // Distances from the end of each branch to 0x1000; the second function begins at 0x1018.
        let back = |opcode: u8, from: i32| [&[opcode][..], &(0x1000 - from).to_le_bytes()].concat();
        let (jump, call) = (back(0xe9, 0x101d), back(0xe8, 0x101d));
        let second_call = back(0xe8, 0x1022);
        assert_eq!(empty(&[part, &[&call, RET]]), [true]);
        assert_eq!(empty(&[part, &[&jump]]), [false]);
        assert_eq!(empty(&[part, &[&[0xeb, 0xe6]]]), [false], "a short one");
        let third_jump = back(0xe9, 0x1027);
        assert_eq!(empty(&[part, &[&call, &second_call, &third_jump]]), [true], "a call in the place of its last");
        assert_eq!(empty(&[part, &[FILLER, FILLER]]), [true]);
    }
}
