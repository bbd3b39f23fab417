//! The hand-written crossing, in the variant for this CPU.
#![allow(unsafe_code, reason = "assembly")]

use super::stub;
use crate::hook::{Frame, Verdict};
use crate::sys::cpu::features;

std::arch::global_asm!(
    include_str!("../../asm/crossing.S"),
    before = sym crate::hook::before,
    after = sym crate::hook::after,
    after_clone = sym crate::hook::after_clone,
    RETURN = const Verdict::Return as u32,
    OBSERVE = const Verdict::Observe as u32,
    IN_STUB_DISTANCE = const stub::CROSSING_TO_IN_STUB,
    DESCRIPTOR_AFTER_CROSSING = const stub::CROSSING_TO_DESCRIPTOR,
    DESCRIPTOR_AFTER_CLONE = const stub::AFTER_CLONE_TO_DESCRIPTOR,
);

unsafe extern "C" {
    fn syscall_intercept_crossing_sse();
    fn syscall_intercept_after_clone_sse();
    fn syscall_intercept_crossing_avx();
    fn syscall_intercept_after_clone_avx();
    fn syscall_intercept_crossing_avx512();
    fn syscall_intercept_after_clone_avx512();

    static syscall_intercept_observed_sse: [u8; 2];
    static syscall_intercept_observed_avx: [u8; 2];
    static syscall_intercept_observed_avx512: [u8; 2];
}

/// Where in a call that is made in the crossing a program counter is: 0 at the `syscall` instruction, 2 behind it.
pub(crate) fn offset_in_observed_call(counter: u64) -> Option<i64> {
    // The addresses alone matter.
    let calls = [
        &raw const syscall_intercept_observed_sse,
        &raw const syscall_intercept_observed_avx,
        &raw const syscall_intercept_observed_avx512,
    ];
    calls.into_iter().find_map(|call| match counter.wrapping_sub(call as u64) {
        0 => Some(0),
        2 => Some(2),
        _ => None,
    })
}

// What asm/crossing.S says about the frame: distances from rbp, which is at the end of the frame less two words.
const _: () = {
    use std::mem::{offset_of, size_of};
    const RBP: usize = offset_of!(Frame, rbp);
    assert!(RBP == 96 && RBP - offset_of!(Frame, x87_saved) == 96 && RBP - offset_of!(Frame, mxcsr) == 88);
    assert!(RBP - offset_of!(Frame, x87_control) == 84 && RBP - offset_of!(Frame, x87_status) == 82);
    assert!(RBP - offset_of!(Frame, result) == 72 && RBP - offset_of!(Frame, number) == 64);
    assert!(RBP - offset_of!(Frame, args) == 56 && RBP - offset_of!(Frame, rflags) == 8);
    assert!(offset_of!(Frame, stub_return) == RBP + 8 && size_of::<Frame>() == RBP + 16);
    assert!(offset_of!(stub::Descriptor, after) == 0);
    assert!(Verdict::Forward as u32 == 0 && (Verdict::InStub as u32) > (Verdict::Return as u32));
    // The unwind expression has room for one byte of ULEB128.
    assert!(stub::CROSSING_TO_DESCRIPTOR < 128 && stub::AFTER_CLONE_TO_DESCRIPTOR < 128);
};

/// The entry points of one variant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossing {
    /// Where a stub goes before the system call.
    pub(crate) entry: u64,
    /// Where it goes after a `clone` it has made itself.
    pub(crate) after_clone: u64,
}

impl Crossing {
    /// The variant that saves all the vector registers this CPU and kernel have.
    pub(crate) fn for_this_cpu() -> Crossing {
        let variant = |entry: unsafe extern "C" fn(), after_clone: unsafe extern "C" fn()| Crossing {
            entry: entry as usize as u64,
            after_clone: after_clone as usize as u64,
        };
        // kmovq, which saves all 64 bits of a mask register, is AVX512BW; without it masks have 16 bits but so have the
        // CPUs that lack it (Knights Landing): not worth a variant, they get the AVX one and say so in the README.
        let features = features();
        if features.avx512bw {
            variant(syscall_intercept_crossing_avx512, syscall_intercept_after_clone_avx512)
        } else if features.avx {
            variant(syscall_intercept_crossing_avx, syscall_intercept_after_clone_avx)
        } else {
            variant(syscall_intercept_crossing_sse, syscall_intercept_after_clone_sse)
        }
    }
}
