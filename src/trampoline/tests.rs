//! A function and its patched self do the same: registers, flags, vector registers, memory and red zone.
//!
//! Random straight-line code around a system call is run as it is, then patched, then restored. It stays at its address
//! all the time, so even the addresses it computes must come out equal.
#![allow(unsafe_code, reason = "runs machine code made at run time")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::{Crossings, Draft};
use crate::object::{Functions, Image, Segment, Source};
use crate::patch::{Edits, Patch, Rung, write};
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

/// In the order of [`State::general`].
const R11: usize = 10;

std::arch::global_asm!(
    r#"
        .globl  syscall_intercept_test_run
        .hidden syscall_intercept_test_run
syscall_intercept_test_run:                     // (rdi: code, rsi: &mut State, rdx: end of a stack for it)
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     [rdx - 8], rsp
        lea     rsp, [rdx - 8]
        push    rsi
        push    rdi
        lea     rdi, [rsp - 1024]               // what the code may find below the stack: always the same
        mov     ecx, 128
        mov     rax, -2
        rep stosq
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
        pop     rsp
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
    fn syscall_intercept_test_run(code: u64, state: *mut State, stack_end: *const u128);
}

const _: () = {
    assert!(std::mem::offset_of!(State, rflags) == 120 && std::mem::offset_of!(State, ymm) == 128);
};

/// Instructions to put around a system call; none changes rax. rbx points to memory of the test, and so does `[rip + 0x1000]`.
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
    // Relative to the instruction, with something behind the displacement.
    &[0xc7, 0x05, 0x00, 0x10, 0x00, 0x00, 0x44, 0x33, 0x22, 0x11], // mov dword ptr [rip + 0x1000], 0x11223344
    &[0x48, 0x83, 0x05, 0x00, 0x10, 0x00, 0x00, 0x05],             // add qword ptr [rip + 0x1000], 5
    &[0xf6, 0x05, 0x00, 0x10, 0x00, 0x00, 0x10],                   // test byte ptr [rip + 0x1000], 16
    &[0x69, 0x15, 0x00, 0x10, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00], // imul edx, [rip + 0x1000], 100
    &[0x66, 0xc7, 0x05, 0x00, 0x10, 0x00, 0x00, 0x34, 0x12],       // mov word ptr [rip + 0x1000], 0x1234
    &[0x64, 0x4c, 0x8d, 0x15, 0x00, 0x10, 0x00, 0x00],             // lea r10, fs:[rip + 0x1000]
    &[0xf0, 0x4c, 0x0f, 0xc1, 0x0d, 0x00, 0x10, 0x00, 0x00],       // lock xadd [rip + 0x1000], r9
    &[0x0f, 0xa4, 0x15, 0x00, 0x10, 0x00, 0x00, 0x07],             // shld [rip + 0x1000], edx, 7
    &[0x0f, 0x10, 0x1d, 0x00, 0x10, 0x00, 0x00],                   // movups xmm3, [rip + 0x1000]
    &[0xc4, 0xe3, 0x7d, 0x05, 0x15, 0x00, 0x10, 0x00, 0x00, 0x05], // vpermilpd ymm2, [rip + 0x1000], 5
    &[0xc4, 0xe3, 0x69, 0x0f, 0x25, 0x00, 0x10, 0x00, 0x00, 0x03], // vpalignr xmm4, xmm2, [rip + 0x1000], 3
];

/// Instructions to put before a call and after it, the second undoing to rsp what the first has done.
const BRACKETS: &[(&[u8], &[u8])] = &[
    (&[0x51], &[0x5a]),                                                       // push rcx; pop rdx
    (&[0x6a, 0x07], &[0x41, 0x5b]),                                           // push 7; pop r11
    (&[0x9c], &[0x9d]),                                                       // pushfq; popfq
    (&[0x48, 0x83, 0xec, 0x18], &[0x48, 0x83, 0xc4, 0x18]),                   // sub rsp, 24; add rsp, 24
    (&[0x48, 0x81, 0xec, 0x88, 0, 0, 0], &[0x48, 0x81, 0xc4, 0x88, 0, 0, 0]), // sub rsp, 136; add rsp, 136
    (&[0x48, 0x8d, 0x64, 0x24, 0xf8], &[0x48, 0x8d, 0x64, 0x24, 0x08]),       // lea rsp, [rsp - 8]; lea rsp, [rsp + 8]
    (&[0xc8, 0x10, 0x00, 0x00], &[0xc9]),                                     // enter 16, 0; leave
    (&[0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xf0], &[0xc9]), // push rbp; mov rbp, rsp; and rsp, -16; leave
];

/// Ends of a straight line, beyond which no window goes: to the next instruction, always and sometimes.
const BARRIERS: &[&[u8]] = &[&[0xeb, 0x00], &[0x74, 0x00]];

/// A number no kernel knows: forwarded.
const FORWARDED: u32 = 1000;
/// The same, but the hook answers in the kernel's place and with its words.
const ANSWERED: u32 = 1001;

/// `clone(CLONE_THREAD, 0x11223344)`: has a stack for the child, so a call that is observed executes in the stub; and fails,
/// because threads must share signal handlers.
const CLONED: u32 = libc::SYS_clone as u32;
/// `mov edi, CLONE_THREAD; mov esi, 0x11223344`
const CLONE_ARGUMENTS: &[u8] = &[0xbf, 0x00, 0x00, 0x01, 0x00, 0xbe, 0x44, 0x33, 0x22, 0x11];

/// Clobbers whatever the ABI lets a function clobber.
unsafe extern "C-unwind" fn hook(number: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64, result: *mut i64) -> i32 {
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
            "fldz",
            "fldz",
            "fldz",
            "fldz",
            "fldz",
            "fldz",
            "fldz",
            "fldz", // all there are
            "fstp st(0)",
            "fstp st(0)",
            "fstp st(0)",
            "fstp st(0)",
            "fstp st(0)",
            "fstp st(0)",
            "fstp st(0)",
            "fstp st(0)",
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

unsafe extern "C-unwind" fn after(number: i64, _: i64, _: i64, _: i64, _: i64, _: i64, _: i64, result: i64) {
    let error = if number == i64::from(CLONED) { libc::EINVAL } else { libc::ENOSYS };
    assert_eq!(result, -i64::from(error));
}

/// Two pages: one of code and data that `[rip + 0x800]` reads, one of data that `[rip + 0x1000]` reads and writes.
struct Function {
    base: u64,
    length: usize,
    /// Its own, so that it is in the same place each time.
    stack: Box<[u128]>,
}

/// What a function leaves: the registers, what rbx points to, the start of the second page, where its code can write.
type Left = (State, [u64; 8], [u8; 512]);

const PAGE: usize = 4096;

impl Function {
    fn new(code: &[u8]) -> Function {
        let base = map_near(&(0x4000_0000_0000..0x4000_0000_1000), 2 * PAGE).unwrap();
        // SAFETY: fresh memory, larger than the code.
        unsafe {
            std::ptr::copy_nonoverlapping(code.as_ptr(), base as *mut u8, code.len());
            std::ptr::write_bytes((base + 0x400) as *mut u8, 0x5a, 0xc00);
            protect(base, PAGE, libc::PROT_READ | libc::PROT_EXEC).unwrap();
        }
        Function { base, length: code.len(), stack: vec![0; 8192].into() }
    }

    /// Runs it, and answers the registers and the memory it leaves.
    fn run(&self, state: &State, memory: &mut [u64; 8]) -> Left {
        *memory = [3; 8];
        let mut state = state.clone();
        state.general[3] = memory.as_mut_ptr() as u64;
        let data = (self.base + PAGE as u64) as *mut u8;
        // SAFETY: the code returns, keeps the stack pointer and writes to `memory` and its second page alone.
        let data = unsafe {
            std::ptr::write_bytes(data, 0xa5, PAGE);
            syscall_intercept_test_run(self.base, &raw mut state, self.stack.as_ptr_range().end);
            data.cast::<[u8; 512]>().read()
        };
        (state, *memory, data)
    }
}

impl Function {
    fn code(&self) -> &[u8] {
        // SAFETY: mapped by `new`, for as long as this lives.
        unsafe { std::slice::from_raw_parts(self.base as *const u8, self.length) }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { unmap(self.base, 2 * PAGE) };
    }
}

/// Runs a function bare, patched with everything saved and patched with what the locator has proved, and answers how each of
/// its calls was patched.
fn compare(function: &Function, state: &State) -> Vec<Rung> {
    let mut memory = [0; 8];
    let expected = function.run(state, &mut memory);
    let (saved, patches) = run_patched(function, state, &mut memory, Belief::Nothing);
    let rungs = patches.iter().map(|patch| patch.rung).collect();
    assert_eq!(saved, expected, "patched {rungs:?}: {:02x?}", function.code());
    // Nobody here has anything in the x87, so this changes nothing.
    let (vectors_saved, _) = run_patched(function, state, &mut memory, Belief::X87Empty);
    assert_eq!(vectors_saved, expected, "patched {rungs:?} as if the x87 were empty: {:02x?}", function.code());

    let (mut proved, patches) = run_patched(function, state, &mut memory, Belief::Proofs);
    if patches.iter().any(|patch| patch.state_is_dead) {
        // By the ABI all this is not its caller's any more.
        proved.0.ymm = expected.0.ymm;
        proved.0.rflags = expected.0.rflags;
        proved.0.general[R11] = expected.0.general[R11];
    }
    assert_eq!(proved, expected, "patched as proved {rungs:?}: {:02x?}", function.code());
    assert_eq!(function.run(state, &mut memory), expected, "restored");
    rungs
}

/// What to believe of the state at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belief {
    /// Everything may be in use.
    Nothing,
    /// What the locator has proved.
    Proofs,
    X87Empty,
    AllElseDead,
}

/// Runs a function patched.
fn run_patched(function: &Function, state: &State, memory: &mut [u64; 8], belief: Belief) -> (Left, Vec<Patch>) {
    let span = function.base..function.base + 2 * PAGE as u64;
    let segment = Segment { address: span.start, bytes: function.code(), executable: true, file_offset: 0 };
    let image = Image::new(vec![segment]);
    let function_range = span.start..span.start + function.length as u64;
    let functions = Functions { ranges: Vec::from([function_range]), source: Source::UnwindTable };

    let mut located = disasm::locate(&image, &functions).unwrap();
    for site in located.sites.iter_mut().filter(|_| belief != Belief::Proofs) {
        site.state_is_dead = belief == Belief::AllElseDead;
        site.x87_is_empty = belief == Belief::X87Empty;
    }
    let patches = patch::plan(&located);
    let taken: Vec<_> = patches.iter().filter(|patch| patch.rung.is_taken()).cloned().collect();
    let mut edits = Edits::default();
    let mut draft = Draft::new(&span, b"test", Crossings::for_this_cpu(), taken.len()).unwrap();
    for patch in &taken {
        patch.edits(draft.add(patch, 0).unwrap().entry(), &mut edits).unwrap();
    }
    let arena = draft.finish().unwrap();
    let writer = TextWriter::new();
    // SAFETY: nobody else runs this function.
    let applied = unsafe { write::apply(&writer, &image, edits) }.unwrap();
    let left = function.run(state, memory);
    // SAFETY: as above.
    unsafe { applied.undo(&writer) }.unwrap();
    // SAFETY: the only way into these stubs was taken away by `undo`.
    unsafe { unmap(arena.memory.start, (arena.memory.end - arena.memory.start) as usize) };
    (left, patches)
}

/// One system call and the code around it.
#[derive(Debug, Clone)]
struct Piece {
    number: u32,
    /// Before the number is loaded.
    before: Vec<&'static [u8]>,
    /// Between that and the call, perhaps behind a barrier.
    between: Vec<&'static [u8]>,
    /// After the call, perhaps behind a barrier.
    after: Vec<&'static [u8]>,
    barriers: [Option<&'static [u8]>; 2],
    /// Around the number, so that rsp is another at the call.
    brackets: Vec<(&'static [u8], &'static [u8])>,
    /// Whether the first bracket opens right before the call, behind the barrier.
    late: bool,
}

impl Piece {
    fn code(&self) -> Vec<u8> {
        let (late, early) = self.brackets.split_at(usize::from(self.late && !self.brackets.is_empty()));
        let mut code = self.before.concat();
        early.iter().for_each(|(open, _)| code.extend(*open));
        code.push(0xb8);
        code.extend(self.number.to_le_bytes());
        code.extend(self.barriers[0].unwrap_or_default());
        code.extend(self.between.concat());
        late.iter().for_each(|(open, _)| code.extend(*open));
        if self.number == CLONED {
            code.extend(CLONE_ARGUMENTS);
        }
        code.extend([0x0f, 0x05]);
        code.extend(self.barriers[1].unwrap_or_default());
        early.iter().chain(late).rev().for_each(|(_, close)| code.extend(*close));
        code.extend(self.after.concat());
        code
    }
}

fn pieces() -> impl Strategy<Value = Piece> {
    let number = prop_oneof![2 => Just(FORWARDED), 2 => Just(ANSWERED), 1 => Just(CLONED)];
    let barrier = || proptest::option::of(proptest::sample::select(BARRIERS));
    let brackets = proptest::collection::vec(proptest::sample::select(BRACKETS), 0..=2);
    let code = (instructions(4), instructions(2), instructions(4));
    (number, code, [barrier(), barrier()], brackets, any::<bool>()).prop_map(
        |(number, (before, between, after), barriers, brackets, late)| Piece {
            number,
            before,
            between,
            after,
            barriers,
            brackets,
            late,
        },
    )
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
    assert!(hook::add(hook::Added::Plain(hook), None, false).is_some());
    let rungs = std::cell::RefCell::new(std::collections::HashMap::<String, usize>::new());
    let cases = (states(), proptest::collection::vec(pieces(), 1..=2), any::<bool>(), any::<bool>());
    let config = match std::env::var_os("PROPTEST_CASES") {
        // For a long run.
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(3000),
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&cases, |(state, mut pieces, padded, observed)| {
            // What lies more than 128 bytes below the stack at a call is anybody's after it: no code may move rsp down to there,
            // and look.
            pieces.iter_mut().skip(1).for_each(|piece| piece.brackets.clear());
            let observer = if observed { after as *mut () } else { std::ptr::null_mut() };
            capi::intercept_hook_point_post_kernel.store(observer, Ordering::Release);
            let mut code: Vec<u8> = pieces.iter().flat_map(Piece::code).collect();
            code.push(0xc3);
            // Room for jumps.
            code.extend([0xcc; 16].iter().filter(|_| padded));
            for rung in compare(&Function::new(&code), &state) {
                *rungs.borrow_mut().entry(rung.to_string()).or_insert(0) += 1;
            }
            Ok(())
        })
        .unwrap();
    let rungs = rungs.into_inner();
    for rung in [Rung::InPlace, Rung::InPlaceShort, Rung::InStub, Rung::InStubShort] {
        assert!(rungs.get(&rung.to_string()).is_some_and(|&count| count > 50), "{rung}: {rungs:?}");
    }
}

/// Where nothing can be moved before the syscall, the call is made in the stub.
#[test]
fn a_call_in_the_stub_leaves_identical_registers_and_memory() {
    // syscall; cmp rax, -4096; lea r8, [rip + 0x800]; ret
    let code = [&[0x0f, 0x05, 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff][..], INSTRUCTIONS[4], &[0xc3]].concat();
    let state = State { general: [600; 15], rflags: 0x246, ymm: [[7; 4]; 16] };
    assert_eq!(compare(&Function::new(&code), &state), [Rung::InStub]);
}

/// What would happen if the locator called vector registers dead that are not.
#[test]
fn a_wrong_proof_is_noticed() {
    hook::activate();
    assert!(hook::add(hook::Added::Plain(hook), None, false).is_some());
    // mov eax, 1000; syscall; vmovdqu [rbx], ymm7; ret
    let code = [0xb8, 0xe8, 3, 0, 0, 0x0f, 0x05, 0xc5, 0xfe, 0x7f, 0x3b, 0xc3];
    let state = State { general: [600; 15], rflags: 0x246, ymm: [[7; 4]; 16] };
    let function = Function::new(&code);
    assert_eq!(compare(&function, &state), [Rung::InPlace]);
    let mut memory = [0; 8];
    let (_, expected, _) = function.run(&state, &mut memory);
    let ((_, read, _), patches) = run_patched(&function, &state, &mut memory, Belief::AllElseDead);
    assert!(patches.iter().all(|patch| patch.state_is_dead));
    assert_ne!(read, expected, "the hook has changed ymm7, and nobody has put it back");
}

/// The same of the flags, and of r11, in which the kernel returns them.
#[test]
fn a_wrong_proof_about_the_flags_is_noticed() {
    hook::activate();
    assert!(hook::add(hook::Added::Plain(hook), None, false).is_some());
    // mov eax, 1000; syscall; and then either pushfq; pop [rbx] or mov [rbx], r11; ret
    let reads: [&[u8]; 2] = [&[0x9c, 0x8f, 0x03], &[0x4c, 0x89, 0x1b]];
    for read in reads {
        let code = [&[0xb8, 0xe8, 3, 0, 0, 0x0f, 0x05][..], read, &[0xc3]].concat();
        let state = State { general: [600; 15], rflags: 0xad7, ymm: [[7; 4]; 16] };
        let function = Function::new(&code);
        assert_eq!(compare(&function, &state), [Rung::InPlace]);
        let mut memory = [0; 8];
        let (_, [expected, ..], _) = function.run(&state, &mut memory);
        assert_eq!(expected, 0xad7);
        for (belief, dead) in [(Belief::Proofs, false), (Belief::AllElseDead, true)] {
            let ((_, [read, ..], _), patches) = run_patched(&function, &state, &mut memory, belief);
            assert!(patches.iter().all(|patch| patch.state_is_dead == dead));
            assert_eq!(read == expected, !dead, "{belief:?}: the hook has changed the flags");
        }
    }
}

/// The same of the x87.
#[test]
fn a_wrong_proof_that_the_x87_is_empty_is_noticed() {
    hook::activate();
    assert!(hook::add(hook::Added::Plain(hook), None, false).is_some());
    // fld1; mov eax, 1000; syscall; fstp qword [rbx]; ret
    let code = [0xd9, 0xe8, 0xb8, 0xe8, 3, 0, 0, 0x0f, 0x05, 0xdd, 0x1b, 0xc3];
    let state = State { general: [600; 15], rflags: 0x246, ymm: [[7; 4]; 16] };
    let function = Function::new(&code);
    let mut memory = [0; 8];
    let (_, [expected, ..], _) = function.run(&state, &mut memory);
    assert_eq!(f64::from_bits(expected), 1.0);
    for belief in [Belief::Nothing, Belief::Proofs, Belief::X87Empty] {
        let ((_, [read, ..], _), patches) = run_patched(&function, &state, &mut memory, belief);
        let believed_empty = belief == Belief::X87Empty;
        assert!(patches.iter().all(|patch| patch.x87_is_empty == believed_empty && !patch.state_is_dead));
        assert_eq!(read == expected, !believed_empty, "{belief:?}: the hook has used all eight registers");
    }
}
