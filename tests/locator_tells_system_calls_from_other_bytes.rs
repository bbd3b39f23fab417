//! `0f 05` is a system call where an instruction begins, and nowhere else.
#![allow(clippy::single_range_in_vec_init, reason = "a list of one function")]

mod locator_code;

use locator_code::{BASE, CMP, DATA, MOV, Object, RET, SYSCALL, XOR, at, sites};
use syscall_intercept::disasm::{Doubt, Lookalike};
use syscall_intercept::object::Source;

syscall_intercept::for_analysis_only!();

#[test]
fn a_syscall_may_be_the_first_and_the_last_instruction() {
    let located = Object::function(&[&SYSCALL]).locate();
    assert_eq!(sites(&located), [0]);
    assert!(located.sites[0].before.is_empty() && located.sites[0].after.is_empty());
}

#[test]
fn bytes_in_an_immediate_are_none() {
    // mov $0x050f,%ebx
    let located = Object::function(&[&[0xbb, 0x0f, 0x05, 0, 0], &MOV, &SYSCALL, &RET]).locate();
    assert_eq!(sites(&located), [10]);
    assert_eq!(located.lookalikes, [Lookalike { address: BASE + 1, instruction: BASE }]);
    assert!(located.unknown.is_empty());
}

#[test]
fn bytes_across_two_instructions_are_none() {
    // mov $0x0f000000,%eax; add $0x90c3,%eax, which begins with 05
    let located = Object::function(&[&[0xb8, 0, 0, 0, 0x0f, 0x05, 0xc3, 0x90, 0, 0], &RET]).locate();
    assert_eq!(sites(&located), []);
    assert_eq!(located.lookalikes.len(), 1);
}

#[test]
fn a_prefix_belongs_to_the_syscall() {
    for prefix in [0x48, 0xf3, 0xf2, 0x66] {
        let located = Object::function(&[&MOV, &[prefix], &SYSCALL, &RET]).locate();
        assert_eq!(sites(&located), [5], "{prefix:#x}");
        assert_eq!(located.sites[0].length, 3);
        assert_eq!(located.sites[0].end(), BASE + 8);
    }
}

#[test]
fn code_goes_on_behind_a_description_that_ends_at_the_syscall() {
    // glibc's clone: the FDE ends at the syscall, so that unwinders stop in the child.
    let object = Object::function(&[&MOV, &SYSCALL, &CMP, &RET]);
    for end in [5, 7] {
        let object = Object { code: object.code.clone(), data: Vec::new(), functions: object.functions.clone() };
        let located = object.with(&[0..end], Source::UnwindTable).locate();
        assert_eq!(sites(&located), [5], "FDE ends at {end}");
        assert_eq!(located.sites[0].after.len(), 1);
    }
}

#[test]
fn data_behind_a_function_is_not_taken_for_code() {
    let object =
        Object::function(&[&MOV, &SYSCALL, &MOV, &MOV, &RET, &SYSCALL, &RET]).with(&[0..18], Source::UnwindTable);
    let located = object.locate();
    assert_eq!(sites(&located), [5]);
    assert_eq!(located.unknown[0].address, BASE + 18);
    assert_eq!(located.unknown[0].doubt, Doubt::Unreached);
}

#[test]
fn constants_before_the_first_function_are_not_taken_for_code() {
    let located = Object::function(&[&SYSCALL, &MOV, &SYSCALL, &RET]).with(&[2..10], Source::UnwindTable).locate();
    assert_eq!(sites(&located), [7]);
    assert_eq!(located.unknown[0].address, BASE);
    assert!(!located.unknown[0].doubt.is_in_function());
}

#[test]
fn a_branch_leads_the_way_behind_the_end_of_a_function() {
    // je +1; ret; [end] int3; syscall
    let object = Object::function(&[&[0x74, 0x02], &RET, &[0xcc], &SYSCALL, &RET]).with(&[0..3], Source::UnwindTable);
    assert_eq!(sites(&object.locate()), [4]);
}

#[test]
fn without_a_table_the_gaps_hold_functions() {
    let parts: [&[u8]; 6] = [&MOV, &SYSCALL, &RET, &MOV, &SYSCALL, &RET];
    for source in [Source::Symbols, Source::Nothing] {
        let object = Object::function(&parts);
        let bounds: &[_] = if source == Source::Symbols { &[0..8] } else { &[] };
        assert_eq!(sites(&object.with(bounds, source).locate()), [5, 13], "{source:?}");
    }
}

#[test]
fn a_table_of_a_few_functions_does_not_deny_the_others() {
    // musl: its unwind table describes what comes from libgcc, and nothing else.
    let filler = [0x90; 100];
    let object = Object::function(&[&RET, &filler, &RET, &MOV, &SYSCALL, &RET]).with(&[0..1], Source::UnwindTable);
    assert_eq!(sites(&object.locate()), [107]);
}

#[test]
fn nobody_guesses_behind_undecodable_bytes() {
    // 06 is no instruction in 64-bit code.
    let located = Object::function(&[&[0x06], &MOV, &SYSCALL, &RET]).locate();
    assert_eq!(sites(&located), []);
    assert_eq!(located.unknown[0].doubt, Doubt::Undecodable(BASE));
}

#[test]
fn a_branch_target_behind_undecodable_bytes_is_an_instruction() {
    // jmp +1; (06); mov; syscall
    let located = Object::function(&[&[0xeb, 0x01, 0x06], &MOV, &SYSCALL, &RET]).locate();
    assert_eq!(sites(&located), [8]);
    assert!(located.unknown.is_empty());
}

#[test]
fn a_sweep_starts_again_behind_padding() {
    let mut code = vec![0xc3, 0x06, 0x0f, 0x05];
    code.resize(16, 0xcc);
    let located = Object::function(&[&code, &MOV, &SYSCALL, &RET]).with(&[], Source::Nothing).locate();
    assert_eq!(sites(&located), [21]);
    assert_eq!(located.unknown[0].address, BASE + 2);
}

#[test]
fn the_signal_return_begins_where_it_says_not_where_its_description_does() {
    // glibc 2.36 at 0x3c04c: nopl 0(%rax), whose last byte the FDE of __restore_rt includes.
    let nop = [0x0f, 0x1f, 0x40, 0x00];
    let restore = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
    let located = Object::function(&[&nop, &restore, &nop]).with(&[3..13], Source::UnwindTable).locate();
    assert_eq!(sites(&located), [11]);
    let [before] = &*located.sites[0].before else { panic!("{:?}", located.sites[0].before) };
    assert_eq!(before.address, BASE + 4);
    assert_eq!(located.sites[0].number, Some(15));
}

#[test]
fn the_number_is_the_last_constant_in_eax() {
    let number = |parts: &[&[u8]]| Object::function(parts).locate().sites[0].number;
    assert_eq!(number(&[&MOV, &SYSCALL]), Some(1));
    assert_eq!(number(&[&XOR, &SYSCALL]), Some(0));
    // mov $-1,%rax
    assert_eq!(number(&[&[0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff], &SYSCALL]), Some(u32::MAX));
    // mov %rdi,%rsi in between
    assert_eq!(number(&[&MOV, &[0x48, 0x89, 0xfe], &SYSCALL]), Some(1));
    // mov $2,%al: the rest of eax is what it was
    assert_eq!(number(&[&MOV, &[0xb0, 2], &SYSCALL]), None);
    // mov %edi,%eax; rdtsc; cpuid
    assert_eq!(number(&[&MOV, &[0x89, 0xf8], &SYSCALL]), None);
    assert_eq!(number(&[&MOV, &[0x0f, 0x31], &SYSCALL]), None);
    assert_eq!(number(&[&MOV, &[0x0f, 0xa2], &SYSCALL]), None);
    // xchg %eax,%ebx and xchg %ebx,%eax
    assert_eq!(number(&[&MOV, &[0x87, 0xc3], &SYSCALL]), None);
    assert_eq!(number(&[&MOV, &[0x87, 0xd8], &SYSCALL]), None);
    // A call may return anything.
    assert_eq!(number(&[&MOV, &[0xe8, 0, 0, 0, 0], &SYSCALL]), None);
}

#[test]
fn the_number_is_unknown_where_two_ways_meet() {
    // je syscall; mov $1,%eax; syscall
    let located = Object::function(&[&[0x74, 0x05], &MOV, &SYSCALL]).locate();
    assert_eq!(located.sites[0].number, None);
}

#[test]
fn branches_from_anywhere_are_seen() {
    let into = |parts: &[&[u8]]| Object::function(parts).locate().sites.swap_remove(0).targets;
    // A loop back to the syscall.
    assert_eq!(into(&[&MOV, &SYSCALL, &[0x75, 0xfc], &RET]), [BASE + 5]);
    // loop, jrcxz, xbegin
    assert_eq!(into(&[&MOV, &SYSCALL, &[0xe2, 0xfc]]), [BASE + 5]);
    assert_eq!(into(&[&MOV, &SYSCALL, &[0xe3, 0xfc]]), [BASE + 5]);
    assert_eq!(into(&[&MOV, &SYSCALL, &[0xc7, 0xf8, 0xf8, 0xff, 0xff, 0xff]]), [BASE + 5]);
    // lea of a label in the same function
    assert_eq!(into(&[&MOV, &SYSCALL, &RET, &[0x48, 0x8d, 0x05, 0xf6, 0xff, 0xff, 0xff]]), [BASE + 5]);
}

#[test]
fn a_cold_part_of_a_function_jumps_back() {
    // Far behind, in a function of its own: jmp to the xor before the syscall.
    let back = (2_i32 - (12 + 5)).to_le_bytes();
    let code: [&[u8]; 6] = [&XOR, &XOR, &SYSCALL, &CMP, &[0xe9], &back];
    let object = Object::function(&code).with(&[0..12, 12..17], Source::UnwindTable);
    assert_eq!(object.locate().sites[0].targets, [BASE + 2]);
}

#[test]
fn bytes_that_look_like_a_branch_into_an_instruction_are_none() {
    // glibc 2.43 at 0x9b3f3 has a `mov $202,%eax` with such bytes elsewhere in the object.
    let into = (2_i32 - (8 + 5)).to_le_bytes();
    let object = Object::function(&[&MOV, &SYSCALL, &RET, &[0xe9], &into]).with(&[0..8, 8..13], Source::UnwindTable);
    assert_eq!(object.locate().sites[0].targets, []);
}

#[test]
fn a_jump_table_leads_into_the_function() {
    // lea table(%rip),%rax; movslq; jmp *%rax; xor; xor; syscall
    let lea = (DATA as i32 - (BASE as i32 + 7)).to_le_bytes();
    let head: [&[u8]; 7] = [&[0x48, 0x8d, 0x05], &lea, &[0xff, 0xe0], &XOR, &XOR, &SYSCALL, &RET];
    let relative: Vec<u8> = [13_i32, 11].iter().flat_map(|to| (BASE as i32 + to - DATA as i32).to_le_bytes()).collect();
    let absolute: Vec<u8> = [13_u64, 11].iter().flat_map(|to| (BASE + to).to_le_bytes()).collect();
    for table in [relative, absolute] {
        let located = Object::function(&head).with_data(table).locate();
        assert_eq!(located.sites[0].address, BASE + 13);
        assert_eq!(located.sites[0].targets, [BASE + 11, BASE + 13]);
    }
}

#[test]
fn a_jump_table_stands_in_the_jump_of_a_fixed_program() {
    // jmp *table(,%rax,8); xor; syscall
    let table = (DATA as u32).to_le_bytes();
    let object = Object::function(&[&[0xff, 0x24, 0xc5], &table, &XOR, &SYSCALL, &RET]);
    let located = object.with_data((BASE + 9).to_le_bytes().to_vec()).locate();
    assert_eq!(located.sites[0].targets, [BASE + 9]);
}

#[test]
fn somebody_elses_jump_before_the_syscall_is_recognised() {
    // jmp far away; int3; int3; syscall
    let located = Object::function(&[&[0xe9, 0, 0, 0, 0x10], &[0xcc, 0xcc], &SYSCALL, &RET]).locate();
    assert_eq!(located.sites[0].detour, Some(BASE + 5 + 0x1000_0000));
    // jmp +3 to: jmp far away
    let located = Object::function(&[&[0xeb, 0x03], &SYSCALL, &RET, &[0xe9, 0, 0, 0, 0x10]]).locate();
    assert_eq!(located.sites[0].detour, Some(BASE + 10 + 0x1000_0000));
    // A jump within the object ends the code before it, no more.
    let located = Object::function(&[&[0xe9, 0, 0, 0, 0], &SYSCALL, &RET]).locate();
    assert_eq!(located.sites[0].detour, None);
}

#[test]
fn bytes_behind_a_function_are_free_if_nothing_leads_there() {
    let nop = [0x0f, 0x1f, 0x40, 0x00];
    for length in 1..=9 {
        let padding = vec![0xcc; length];
        let object = Object::function(&[&MOV, &SYSCALL, &RET, &padding]);
        assert_eq!(object.locate().paddings, [at(8..8 + length as u64)]);
    }
    // Behind a conditional jump, the nop is executed; behind a target too.
    assert_eq!(Object::function(&[&SYSCALL, &[0x74, 0xfc], &nop]).locate().paddings, []);
    assert_eq!(Object::function(&[&SYSCALL, &[0x74, 0x01], &RET, &nop]).locate().paddings, []);
}
