//! The hand-written crossing, in the variant for this CPU.
#![allow(unsafe_code, reason = "assembly")]

use super::stub;
use crate::hook::{Frame, Verdict};
use crate::sys::cpu::features;

std::arch::global_asm!(
    include_str!("../../asm/state.S"),
    include_str!("../../asm/crossing.S"),
    before = sym crate::hook::before,
    observed = sym crate::hook::observed,
    after = sym crate::hook::after,
    after_clone = sym crate::hook::after_clone,
    RETURN = const Verdict::Return as u32,
    OBSERVE = const Verdict::Observe as u32,
    SHORT_SINCE = sym crate::hook::ways::SHORT_SINCE,
    CHANGE = sym crate::hook::ways::CHANGE,
    NUMBERS = const crate::hook::ways::NUMBERS,
    ERRNO = sym crate::hook::errno::DISTANCE,
    MARK = const crate::hook::MARK,
    RESULT_AFTER_CROSSING = const stub::BASE_TO_DESCRIPTOR + stub::DESCRIPTOR_TO_RESULT,
    RESULT_AFTER_CLONE = const stub::BASE_OF_CLONE_TO_DESCRIPTOR + stub::DESCRIPTOR_TO_RESULT,
    CALL_AFTER_CROSSING = const stub::BASE_TO_DESCRIPTOR + stub::DESCRIPTOR_TO_CALL,
    DESCRIPTOR_AFTER_CROSSING = const stub::BASE_TO_DESCRIPTOR,
    DESCRIPTOR_AFTER_CLONE = const stub::BASE_OF_CLONE_TO_DESCRIPTOR,
    GETPID = const libc::SYS_getpid,
    GETTID = const libc::SYS_gettid,
    TGKILL = const libc::SYS_tgkill,
    SIGRETURN = const libc::SYS_rt_sigreturn,
);

unsafe extern "C" {
    fn syscall_intercept_crossing_sse();
    fn syscall_intercept_after_clone_sse();
    fn syscall_intercept_crossing_avx();
    fn syscall_intercept_after_clone_avx();
    fn syscall_intercept_crossing_avx512();
    fn syscall_intercept_after_clone_avx512();
    fn syscall_intercept_crossing_sse_alone();
    fn syscall_intercept_after_clone_sse_alone();
    fn syscall_intercept_crossing_avx_alone();
    fn syscall_intercept_after_clone_avx_alone();
    fn syscall_intercept_crossing_avx512_alone();
    fn syscall_intercept_after_clone_avx512_alone();
    fn syscall_intercept_crossing_general();
    fn syscall_intercept_after_clone_general();

    static syscall_intercept_places: [Places; 7];
    static syscall_intercept_crossing_begin: u8;
    static syscall_intercept_crossing_end: u8;
}

/// Addresses in one variant.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Places {
    /// From here to `observed` what the call needs is in the frame, and rbp points to the frame's end.
    observe: u64,
    /// The `syscall` instruction of a call whose result somebody wants to see.
    observed: u64,
    /// From here to `returned`: the way back with a result.
    r#return: u64,
    /// The last two instructions of it: a step over the red zone, and a jump. (Behind them is what stands aside.)
    step: u64,
    jump: u64,
    returned: u64,
    /// From here to `gone`: the way back that ends with a call, in place or in the stub; and likewise.
    forward: u64,
    forward_step: u64,
    forward_jump: u64,
    gone: u64,
}

/// Where in the crossing a program counter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// About to make the call at this address; what it needs is in the frame.
    AboutToCall(u64),
    /// At the call, or right behind it by so many bytes.
    AtCall(i64),
    /// On the way back, to a call: what the program needs is in the frame.
    Forward,
    /// On the way back, with a result: what the program needs is in the frame.
    Return,
    /// About to step over the red zone, and to go where rcx says. Everything else is the program's again.
    Step,
    /// About to go where rcx says.
    Jump,
    /// Anywhere else.
    Other,
}

/// Where in the crossing this program counter is; `None` if it is not there.
pub(crate) fn part(counter: u64) -> Option<Part> {
    // The addresses alone matter.
    let all = &raw const syscall_intercept_crossing_begin as u64..&raw const syscall_intercept_crossing_end as u64;
    if !all.contains(&counter) {
        return None;
    }
    // SAFETY: written by the assembler and the loader.
    let variants = unsafe { &syscall_intercept_places };
    let part = variants.iter().find_map(|places| match counter {
        at if (places.observe..places.observed).contains(&at) => Some(Part::AboutToCall(places.observed)),
        at if at == places.observed => Some(Part::AtCall(0)),
        at if at == places.observed + SYSCALL_LENGTH => Some(Part::AtCall(SYSCALL_LENGTH.cast_signed())),
        at if [places.step, places.forward_step].contains(&at) => Some(Part::Step),
        at if [places.jump, places.forward_jump].contains(&at) => Some(Part::Jump),
        at if (places.r#return..places.returned).contains(&at) => Some(Part::Return),
        at if (places.forward..places.gone).contains(&at) => Some(Part::Forward),
        _ => None,
    });
    Some(part.unwrap_or(Part::Other))
}

/// Length of the `syscall` instruction, as we write it.
pub(crate) const SYSCALL_LENGTH: u64 = 2;

// What asm/crossing.S says about the frame: distances from rbp, which is at the end of the frame less three words.
const _: () = {
    use std::mem::{offset_of, size_of};
    const RBP: usize = offset_of!(Frame, rbp);
    assert!(RBP == 112 && RBP - offset_of!(Frame, x87_saved) == 96 && RBP - offset_of!(Frame, mxcsr) == 88);
    assert!(RBP - offset_of!(Frame, x87_control) == 84 && RBP - offset_of!(Frame, x87_status) == 82);
    assert!(RBP - offset_of!(Frame, result) == 72 && RBP - offset_of!(Frame, number) == 64);
    assert!(RBP - offset_of!(Frame, args) == 56 && RBP - offset_of!(Frame, rflags) == 8);
    assert!(offset_of!(Frame, base) == RBP + 8 && size_of::<Frame>() == RBP + 24);
    assert!(Verdict::Forward as u32 == 0 && (Verdict::InStub as u32) > (Verdict::Return as u32));
    assert!(RBP - offset_of!(Frame, mark) == 80 && offset_of!(Frame, running) == 0);
};

/// The entry points of one variant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossing {
    /// Where a stub goes before the system call.
    pub(crate) entry: u64,
    /// Where it goes after a `clone` it has made itself.
    pub(crate) after_clone: u64,
}

/// The variants that stubs use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossings {
    /// Saves everything.
    pub(crate) full: Crossing,
    /// Saves everything but the x87: for sites where it is empty.
    pub(crate) vectors: Crossing,
    /// Saves general registers alone: for sites where all else is dead.
    pub(crate) general: Crossing,
}

impl Crossings {
    /// Those that save all the registers this CPU and kernel have.
    pub(crate) fn for_this_cpu() -> Crossings {
        let variant = |entry: unsafe extern "C" fn(), after_clone: unsafe extern "C" fn()| Crossing {
            entry: entry as usize as u64,
            after_clone: after_clone as usize as u64,
        };
        // kmovq, which saves all 64 bits of a mask register, is AVX512BW; without it masks have 16 bits but so have the
        // CPUs that lack it (Knights Landing): not worth a variant, they get the AVX one, and docs/limits.md says so.
        let features = features();
        let (full, vectors) = if features.avx512bw {
            (
                variant(syscall_intercept_crossing_avx512, syscall_intercept_after_clone_avx512),
                variant(syscall_intercept_crossing_avx512_alone, syscall_intercept_after_clone_avx512_alone),
            )
        } else if features.avx {
            (
                variant(syscall_intercept_crossing_avx, syscall_intercept_after_clone_avx),
                variant(syscall_intercept_crossing_avx_alone, syscall_intercept_after_clone_avx_alone),
            )
        } else {
            (
                variant(syscall_intercept_crossing_sse, syscall_intercept_after_clone_sse),
                variant(syscall_intercept_crossing_sse_alone, syscall_intercept_after_clone_sse_alone),
            )
        };
        let general = variant(syscall_intercept_crossing_general, syscall_intercept_after_clone_general);
        Crossings { full, vectors, general }
    }
}
