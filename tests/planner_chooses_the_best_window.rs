//! Each shape of code around a system call, and the rung of the ladder it gets.
#![allow(clippy::unwrap_used, clippy::single_range_in_vec_init, reason = "a test; a list of one function")]

mod locator_code;

use locator_code::{BASE, CMP, ENDBR, MOV, Object, RET, SYSCALL, XOR, at, edits};
use syscall_intercept::object::Source;
use syscall_intercept::patch::{Reason, Rung};

syscall_intercept::for_analysis_only!();

/// A stub in reach.
const STUB: u64 = BASE + 0x100_0000;

#[test]
fn five_bytes_before_the_syscall_are_enough() {
    let patch = Object::function(&[&XOR, &MOV, &SYSCALL, &CMP, &RET]).patch();
    assert_eq!((patch.rung, patch.window.clone()), (Rung::InPlace, at(2..7)));
    assert_eq!(patch.moved_before().len(), 1);
    assert!(patch.moved_after().is_empty());
    let jump = (STUB - (BASE + 7)).to_le_bytes();
    let bytes = [&[0xe9], &jump[..4]].concat();
    assert_eq!(edits(&patch, STUB).unwrap(), [(BASE + 2, bytes)]);
}

#[test]
fn the_rest_of_a_long_window_is_filled_with_traps() {
    // mov $1,%rax, seven bytes
    let patch = Object::function(&[&[0x48, 0xc7, 0xc0, 1, 0, 0, 0], &SYSCALL, &RET]).patch();
    assert_eq!(edits(&patch, STUB).unwrap()[0].1[5..], [0xcc, 0xcc]);
}

#[test]
fn an_endbr_stays_where_it_is() {
    let patch = Object::function(&[&ENDBR, &MOV, &SYSCALL, &RET]).patch();
    assert_eq!((patch.rung, patch.window), (Rung::InPlace, at(4..9)));
    let patch = Object::function(&[&ENDBR, &XOR, &SYSCALL, &CMP, &RET]).patch();
    assert_eq!((patch.rung, patch.window), (Rung::InStub, at(6..14)));
}

#[test]
fn a_jump_into_the_window_moves_it() {
    // The loop leads to the xor: five bytes around the syscall, from there on.
    let patch = Object::function(&[&MOV, &XOR, &SYSCALL, &CMP, &[0x75, 0xf4], &RET]).patch();
    assert_eq!((patch.rung, patch.window.clone()), (Rung::InStub, at(7..15)));
    assert_eq!((patch.moved_before().len(), patch.moved_after().len()), (0, 1));
}

#[test]
fn a_jump_to_the_syscall_must_not_pass_the_hook() {
    let patch = Object::function(&[&MOV, &SYSCALL, &CMP, &[0x75, 0xf6], &RET]).patch();
    assert_eq!((patch.rung, patch.window), (Rung::InStub, at(5..13)));
}

#[test]
fn a_short_function_takes_its_padding() {
    let object = |padding: usize| Object::function(&[&SYSCALL, &RET, &vec![0x90; padding]]);
    let patch = object(2).patch();
    assert_eq!((patch.rung, patch.window.clone()), (Rung::InStub, at(0..5)));
    assert_eq!(patch.moved_after().len(), 1, "the ret");
    assert_eq!(edits(&patch, STUB).unwrap()[0].1.len(), 5);
    assert_eq!(object(1).patch().reason(), Some(Reason::NoRoom));
    assert_eq!(object(0).patch().reason(), Some(Reason::NoRoom));
}

#[test]
fn a_jump_of_two_bytes_reaches_padding() {
    // jmp +2, to: xor; syscall; test; je; ret, then 1 to 9 bytes of padding
    let tail: [&[u8]; 4] = [&XOR, &SYSCALL, &[0x74, 0x00], &RET];
    for length in 1..=9_u64 {
        let padding = vec![0xcc; length as usize];
        let patch = Object::function(&[&tail.concat(), &padding]).patch();
        if length < 5 {
            assert_eq!(patch.reason(), Some(Reason::NoRoom), "{length}");
            continue;
        }
        assert_eq!((patch.rung, patch.window.clone()), (Rung::InPlaceShort, at(0..2)));
        assert_eq!(patch.island, Some(BASE + 7));
        let edits = edits(&patch, STUB).unwrap();
        assert_eq!((edits[0].0, edits[0].1[0]), (BASE + 7, 0xe9));
        assert_eq!(edits[1], (BASE, vec![0xeb, 5]));
    }
}

#[test]
fn the_padding_may_be_a_neighbours() {
    let before: [&[u8]; 2] = [&RET, &[0x90; 15]];
    let object =
        Object::function(&[&before.concat(), &SYSCALL, &[0x74, 0xfc], &RET]).with(&[0..1, 16..21], Source::UnwindTable);
    let patch = object.patch();
    assert_eq!((patch.rung, patch.window.clone(), patch.island), (Rung::InStubShort, at(16..18), Some(BASE + 1)));
    assert_eq!(edits(&patch, STUB).unwrap()[1].1, [0xeb, 0xef]);
}

#[test]
fn an_island_is_used_once() {
    let tight: [&[u8]; 2] = [&SYSCALL, &[0x74, 0x00]];
    let code: [&[u8]; 4] = [&tight.concat(), &tight.concat(), &RET, &[0xcc; 11]];
    let islands: Vec<_> = Object::function(&code).plan().into_iter().map(|patch| patch.island).collect();
    assert_eq!(islands, [Some(BASE + 9), Some(BASE + 14)]);
    let code: [&[u8]; 4] = [&tight.concat(), &tight.concat(), &RET, &[0xcc; 9]];
    let rungs: Vec<_> = Object::function(&code).plan().into_iter().map(|patch| patch.rung).collect();
    assert_eq!(rungs, [Rung::InStubShort, Rung::LeftAlone(Reason::NoRoom)]);
}

#[test]
fn two_system_calls_in_a_row_do_not_share_a_byte() {
    let patches = Object::function(&[&MOV, &SYSCALL, &SYSCALL, &CMP, &RET]).plan();
    assert_eq!(patches[0].window, at(0..5));
    assert_eq!((patches[1].rung, patches[1].window.clone()), (Rung::InStub, at(7..15)));
}

#[test]
fn an_instruction_that_means_an_address_is_encoded_anew() {
    // lea 0x1000(%rip),%rdi, seven bytes; mov %eax,0x10(%rip) with an immediate behind the displacement
    let lea = [0x48, 0x8d, 0x3d, 0x00, 0x10, 0, 0];
    let store = [0xc7, 0x05, 0x10, 0, 0, 0, 9, 0, 0, 0];
    for code in [&lea[..], &store[..]] {
        let patch = Object::function(&[code, &SYSCALL, &RET]).patch();
        let [moved] = patch.moved_before() else { panic!("{patch:?}") };
        let (bytes, length) = moved.relocated(STUB).unwrap();
        assert_eq!(length, code.len());
        let at = if code[0] == 0x48 { 3 } else { 2 };
        let distance = |bytes: &[u8]| i64::from(i32::from_le_bytes(*bytes[at..].first_chunk().unwrap()));
        assert_eq!(STUB as i64 + distance(&bytes), BASE as i64 + distance(code));
        assert_eq!(bytes[at + 4..length], code[at + 4..]);
        assert_eq!(moved.relocated(BASE + (1 << 40)), None, "out of reach");
    }
}

#[test]
fn a_stub_out_of_reach_gets_no_jump() {
    let patch = Object::function(&[&MOV, &SYSCALL, &RET]).patch();
    assert_eq!(edits(&patch, BASE + (1 << 40)), None);
    assert_eq!(edits(&patch, BASE.wrapping_sub(1 << 40)), None);
}

#[test]
fn an_unknown_way_into_aligned_code_is_left_open() {
    // ret; nopl; xor; syscall: whoever comes to the xor comes by a way that is not seen.
    let nop = [0x0f, 0x1f, 0x44, 0x00, 0x00];
    let patch = Object::function(&[&RET, &nop, &XOR, &SYSCALL, &CMP, &RET]).patch();
    assert!(patch.window.start >= BASE + 6, "{patch:?}");
}

#[test]
fn signal_frames_without_a_description_keep_their_mark() {
    let restore = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    let musl = Object::function(&[&restore, &RET]).with(&[0..9], Source::Symbols);
    assert_eq!(musl.patch().reason(), Some(Reason::SignalReturn));
    let glibc = Object::function(&[&restore, &RET]);
    assert_eq!(glibc.patch().rung, Rung::InPlace);
}

#[test]
fn there_is_no_hook_without_a_stack() {
    // musl's __unmapself: mov $11,%eax; syscall; xor %rdi,%rdi; mov $60,%eax; syscall
    let code: [&[u8]; 5] = [&[0xb8, 11, 0, 0, 0], &SYSCALL, &[0x48, 0x31, 0xff], &[0xb8, 60, 0, 0, 0], &SYSCALL];
    let reasons: Vec<_> = Object::function(&code).plan().iter().map(|patch| patch.reason()).collect();
    assert_eq!(reasons, [Some(Reason::NoStack); 2]);
}

#[test]
fn a_patched_site_is_not_patched_again() {
    let patch = Object::function(&[&[0xe9, 0, 0, 0, 0x10], &SYSCALL, &CMP, &RET]).patch();
    assert_eq!(patch.reason(), Some(Reason::AlreadyPatched(BASE + 5 + 0x1000_0000)));
    assert_eq!(edits(&patch, STUB).unwrap(), []);
    assert!(patch.window.is_empty());
}

#[test]
fn what_was_planned_is_recognised_once_written() {
    let mut object = Object::function(&[&MOV, &SYSCALL, &RET]);
    for (address, bytes) in edits(&object.patch(), STUB).unwrap() {
        let start = (address - BASE) as usize;
        object.code[start..start + bytes.len()].copy_from_slice(&bytes);
    }
    assert_eq!(object.patch().reason(), Some(Reason::AlreadyPatched(STUB)));
}
