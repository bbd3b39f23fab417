//! What this CPU has, asked without `cpuid`.
//!
//! In a virtual machine each `cpuid` leaves it, for some microseconds, and std's feature detection executes a dozen: a tenth of
//! what the whole constructor may take. glibc from 2.33 on has asked already and tells (`sys/platform/x86.h`); elsewhere std does.
#![allow(unsafe_code, reason = "calls a function that libc may have")]

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::OnceLock;

use super::dynamic;

/// The vector registers that a program may use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    /// ymm registers.
    pub(crate) avx: bool,
    /// Integer instructions on them.
    pub(crate) avx2: bool,
    /// zmm and mask registers, all 64 bits of the latter.
    pub(crate) avx512bw: bool,
}

/// The features of this CPU that the kernel lets programs use.
pub(crate) fn features() -> Features {
    static FEATURES: OnceLock<Features> = OnceLock::new();
    *FEATURES.get_or_init(|| from_libc().unwrap_or_else(detected))
}

fn detected() -> Features {
    Features {
        avx: is_x86_feature_detected!("avx"),
        avx2: is_x86_feature_detected!("avx2"),
        avx512bw: is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
    }
}

/// glibc's `struct cpuid_feature`: eax, ebx, ecx and edx as the CPU gives them, and the bits of them that are of use.
#[repr(C)]
struct Leaf {
    cpuid: [u32; 4],
    active: [u32; 4],
}

const EBX: usize = 1;
const ECX: usize = 2;

fn from_libc() -> Option<Features> {
    let function = dynamic::symbol(c"__x86_get_cpuid_feature_leaf")?;
    // SAFETY: the type of this function since glibc 2.33, part of its ABI.
    let leaf = unsafe { std::mem::transmute::<NonNull<c_void>, extern "C" fn(u32) -> *const Leaf>(function) };
    // The function's leaves are numbered: 0 is CPUID 1, 1 is CPUID 7.0.
    // SAFETY: a leaf that glibc knows lives as long as the process; of others it says NULL or something empty.
    let active = |number| unsafe { leaf(number).as_ref() }.map(|leaf| leaf.active);
    let (basic, extended) = (active(0)?, active(1)?);
    let bit = |word: u32, bit: u32| word >> bit & 1 == 1;
    // Intel SDM vol. 2, CPUID: leaf 1 ecx 28; leaf 7 ebx 5, 16 and 30.
    Some(Features {
        avx: bit(basic[ECX], 28),
        avx2: bit(extended[EBX], 5),
        avx512bw: bit(extended[EBX], 16) && bit(extended[EBX], 30),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libc_and_std_agree() {
        // None on musl and old glibcs; this is the only test of those that could tell.
        if let Some(told) = from_libc() {
            assert_eq!(told, detected());
        }
        assert_eq!(features(), detected());
    }
}
