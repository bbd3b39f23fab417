//! A function and its patched self do the same: registers, flags, vector registers, memory and red zone.
//!
//! Random straight-line code around a system call is run as it is, then patched, then restored. It stays at its address
//! all the time, so even the addresses it computes must come out equal.
#![allow(unsafe_code, reason = "runs machine code made at run time")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::stub::{Descriptor, UNKNOWN_NUMBER};
use super::{Arena, Crossing};
use crate::object::{Functions, Image, Segment, Source};
use crate::patch::{Rung, write};
use crate::sys::call::{protect, unmap};
use crate::sys::near::map_near;
use crate::sys::text::TextWriter;
use crate::{capi, disasm, hook, patch};

/// Every register a system call must leave alone, and the three it may change.
#[repr(C)]
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    /// rax rcx rdx rbx rsi rdi rbp r8-r15
    general: [u64; 15],
    rflags: u64,
    ymm: [[u64; 4]; 16],
}

std::arch::global_asm!(
    r#"
        .globl  syscall_intercept_test_run
        .hidden syscall_intercept_test_run
syscall_intercept_test_run:                     // (rdi: code, rsi: &mut State)
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    rsi
        push    rdi
        mov     rax, rsi
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovdqu ymm\n, [rax + 128 + 32 * \n]
        .endr
        push    qword ptr [rax + 120]
        popfq
        mov     rcx, [rax + 8]
        mov     rdx, [rax + 16]
        mov     rbx, [rax + 24]
        mov     rsi, [rax + 32]
        mov     rdi, [rax + 40]
        mov     rbp, [rax + 48]
        mov     r8, [rax + 56]
        mov     r9, [rax + 64]
        mov     r10, [rax + 72]
        mov     r11, [rax + 80]
        mov     r12, [rax + 88]
        mov     r13, [rax + 96]
        mov     r14, [rax + 104]
        mov     r15, [rax + 112]
        mov     rax, [rax]
        call    [rsp]
        push    rax
        pushfq
        mov     rax, [rsp + 24]
        pop     qword ptr [rax + 120]
        pop     qword ptr [rax]
        cld
        mov     [rax + 8], rcx
        mov     [rax + 16], rdx
        mov     [rax + 24], rbx
        mov     [rax + 32], rsi
        mov     [rax + 40], rdi
        mov     [rax + 48], rbp
        mov     [rax + 56], r8
        mov     [rax + 64], r9
        mov     [rax + 72], r10
        mov     [rax + 80], r11
        mov     [rax + 88], r12
        mov     [rax + 96], r13
        mov     [rax + 104], r14
        mov     [rax + 112], r15
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovdqu [rax + 128 + 32 * \n], ymm\n
        .endr
        vzeroupper
        add     rsp, 16
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        ret
    "#
);

unsafe extern "C" {
    fn syscall_intercept_test_run(code: u64, state: *mut State);
}

const _: () = {
    assert!(std::mem::offset_of!(State, rflags) == 120 && std::mem::offset_of!(State, ymm) == 128);
};

/// Instructions to put around a system call. rbx points to memory of the test.
const INSTRUCTIONS: &[&[u8]] = &[
    &[0x90],                                           // nop
    &[0x49, 0x89, 0xca],                               // mov r10, rcx
    &[0x48, 0x31, 0xd2],                               // xor rdx, rdx
    &[0xbe, 0x44, 0x33, 0x22, 0x11],                   // mov esi, 0x11223344
    &[0x4c, 0x8d, 0x05, 0x00, 0x08, 0x00, 0x00],       // lea r8, [rip + 0x800]
    &[0x4c, 0x8b, 0x0d, 0x00, 0x08, 0x00, 0x00],       // mov r9, [rip + 0x800]
    &[0x48, 0x83, 0x3d, 0x00, 0x08, 0x00, 0x00, 0x07], // cmp qword ptr [rip + 0x800], 7
    &[0x48, 0x89, 0x54, 0x24, 0xf0],                   // mov [rsp - 16], rdx
    &[0x4c, 0x89, 0x6c, 0x24, 0x80],                   // mov [rsp - 128], r13
    &[0x4c, 0x8b, 0x64, 0x24, 0x80],                   // mov r12, [rsp - 128]
    &[0x48, 0x8b, 0x7c, 0x24, 0xf0],                   // mov rdi, [rsp - 16]
    &[0x48, 0x89, 0x33],                               // mov [rbx], rsi
    &[0x48, 0x01, 0x43, 0x08],                         // add [rbx + 8], rax
    &[0xf9],                                           // stc
    &[0x48, 0x39, 0xfe],                               // cmp rsi, rdi
    &[0x0f, 0x10, 0xc8],                               // movups xmm1, xmm0
    &[0xc5, 0xfc, 0x11, 0x7b, 0x10],                   // vmovups [rbx + 16], ymm7
    &[0xc5, 0xfd, 0xef, 0xc1],                         // vpxor ymm0, ymm0, ymm1
    &[0x3d, 0x00, 0xf0, 0xff, 0xff],                   // cmp eax, -4096
    &[0x49, 0x0f, 0xaf, 0xd0],                         // imul rdx, r8
    &[0x55, 0x5d],                                     // push rbp; pop rbp
];

/// A number no kernel knows: forwarded.
const FORWARDED: u32 = 1000;
/// The same, but the hook answers in the kernel's place and with its words.
const ANSWERED: u32 = 1001;

/// Clobbers whatever the ABI lets a function clobber.
unsafe extern "C" fn hook(number: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64, result: *mut i64) -> i32 {
    // SAFETY: declares what it clobbers.
    unsafe {
        std::arch::asm!(
            "mov rax, -1",
            "mov rcx, rax",
            "mov rdx, rax",
            "mov rsi, rax",
            "mov rdi, rax",
            "mov r8, rax",
            "mov r9, rax",
            "mov r10, rax",
            "mov r11, rax",
            "vpcmpeqd ymm0, ymm0, ymm0",
            "vmovaps ymm1, ymm0",
            "vmovaps ymm7, ymm0",
            "vmovaps ymm8, ymm0",
            "vmovaps ymm15, ymm0",
            "add rax, 1",
            clobber_abi("C"),
        );
    }
    if number != i64::from(ANSWERED) {
        return 1;
    }
    // SAFETY: the engine's place for the result.
    unsafe { result.write(-i64::from(libc::ENOSYS)) };
    0
}

unsafe extern "C" fn after(_: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64, result: i64) {
    assert_eq!(result, -i64::from(libc::ENOSYS));
}

/// Two pages: code, and data that `[rip + 0x800]` reads.
struct Function {
    base: u64,
    length: usize,
}

impl Function {
    fn new(before: &[&[u8]], number: u32, between: &[&[u8]], after: &[&[u8]]) -> Function {
        let mut code = before.concat();
        code.push(0xb8);
        code.extend(number.to_le_bytes());
        code.extend(between.concat());
        code.extend([0x0f, 0x05]);
        code.extend(after.concat());
        code.push(0xc3);
        let base = map_near(&(0x4000_0000_0000..0x4000_0000_1000), 4096).unwrap();
        // SAFETY: fresh memory, larger than the code.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), base as *mut u8, code.len());
            std::ptr::write_bytes((base + 0x400) as *mut u8, 0x5a, 0xc00);
            protect(base, 4096, libc::PROT_READ | libc::PROT_EXEC).unwrap();
        }
        Function { base, length: code.len() }
    }

    /// Runs it, and answers the registers and the memory it leaves.
    fn run(&self, state: &State, memory: &mut [u64; 8]) -> (State, [u64; 8]) {
        *memory = [3; 8];
        let mut state = state.clone();
        state.general[3] = memory.as_mut_ptr() as u64;
        // SAFETY: the code returns, keeps the stack pointer and writes to `memory` alone.
        unsafe { syscall_intercept_test_run(self.base, &raw mut state) };
        (state, *memory)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { unmap(self.base, 4096) };
    }
}

/// Runs a function bare, patched and restored, and answers how it was patched.
fn compare(function: &Function, state: &State) -> Rung {
    // SAFETY: mapped until the end of this test.
    let bytes = unsafe { std::slice::from_raw_parts(function.base as *const u8, function.length) };
    let span = function.base..function.base + 4096;
    let segment = Segment { address: span.start, bytes, executable: true, file_offset: 0 };
    let image = Image::new(vec![segment]);
    let function_range = span.start..span.start + bytes.len() as u64;
    let functions = Functions { ranges: Vec::from([function_range]), source: Source::UnwindTable };

    let mut memory = [0; 8];
    let expected = function.run(state, &mut memory);

    let located = disasm::locate(&image, &functions).unwrap();
    let [patch] = patch::plan(located).try_into().unwrap();
    let rung = patch.rung;
    assert!(rung.is_taken(), "{rung} {bytes:02x?}");
    let descriptor =
        Descriptor { after: patch.site.end(), offset: 0, number: UNKNOWN_NUMBER, object: &(b"test" as &[u8]) };
    let patches = [(patch, descriptor)];
    let arena = Arena::build(&span, Crossing::for_this_cpu(), &patches).unwrap();
    let edits = patches[0].0.edits(arena.stubs[0].unwrap()).unwrap();
    let writer = TextWriter::new();
    // SAFETY: nobody else runs this function.
    let applied = unsafe { write::apply(&writer, &image, edits) }.unwrap();

    let patched = function.run(state, &mut memory);

    // SAFETY: as above.
    unsafe { applied.undo(&writer) }.unwrap();
    // SAFETY: the only way into these stubs was taken away by `undo`.
    unsafe { unmap(arena.memory.start, (arena.memory.end - arena.memory.start) as usize) };
    assert_eq!(patched, expected, "patched {rung}: {bytes:02x?}");
    assert_eq!(function.run(state, &mut memory), expected, "restored");
    rung
}

fn instructions(most: usize) -> impl Strategy<Value = Vec<&'static [u8]>> {
    proptest::collection::vec(proptest::sample::select(INSTRUCTIONS), 0..=most)
}

fn states() -> impl Strategy<Value = State> {
    // CF PF AF ZF SF OF, both ways; bit 1 is always set and IF is not the program's.
    let flags = proptest::bits::u64::masked(0x8d5);
    (any::<[u64; 15]>(), flags, any::<[[u64; 4]; 16]>()).prop_map(|(general, flags, ymm)| State {
        general,
        rflags: flags | 0x202,
        ymm,
    })
}

#[test]
fn a_patched_function_and_the_original_leave_identical_registers_and_memory() {
    if !is_x86_feature_detected!("avx") {
        panic!("this test compares ymm registers: run it on a CPU with AVX");
    }
    hook::activate();
    assert!(hook::add(hook));
    let rungs = std::cell::RefCell::new(std::collections::HashMap::new());
    let cases = (states(), instructions(4), instructions(2), instructions(4), any::<bool>(), any::<bool>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(2000));
    runner
        .run(&cases, |(state, before, between, behind, answered, observed)| {
            let observer = if observed { after as *mut () } else { std::ptr::null_mut() };
            capi::intercept_hook_point_post_kernel.store(observer, Ordering::Release);
            // Some of the instructions change eax, which then is no number of a call: so none may come between.
            let between: Vec<&[u8]> = between.into_iter().filter(|&code| code != [0x48, 0x01, 0x43, 0x08]).collect();
            let number = if answered { ANSWERED } else { FORWARDED };
            let function = Function::new(&before, number, &between, &behind);
            *rungs.borrow_mut().entry(compare(&function, &state).to_string()).or_insert(0) += 1;
            Ok(())
        })
        .unwrap();
    let rungs = rungs.into_inner();
    assert!(rungs["in place"] > 1000, "{rungs:?}");
}

/// Where nothing can be moved before the syscall, the call is made in the stub.
#[test]
fn a_call_in_the_stub_leaves_identical_registers_and_memory() {
    let run = |code: &[u8]| {
        let mut function = Function::new(&[], FORWARDED, &[], &[]);
        // SAFETY: nobody runs it yet.
        unsafe {
            protect(function.base, 4096, libc::PROT_READ | libc::PROT_WRITE).unwrap();
            std::ptr::copy_nonoverlapping(code.as_ptr(), function.base as *mut u8, code.len());
            protect(function.base, 4096, libc::PROT_READ | libc::PROT_EXEC).unwrap();
        }
        function.length = code.len();
        let state = State { general: [600; 15], rflags: 0x246, ymm: [[7; 4]; 16] };
        compare(&function, &state)
    };
    // syscall; cmp rax, -4096; lea r8, [rip + 0x800]; ret
    let code = [&[0x0f, 0x05, 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff][..], INSTRUCTIONS[4], &[0xc3]].concat();
    assert_eq!(run(&code), Rung::InStub);
}
