//! What is the same in all stubs of a shape. Assembled once for each shape, and then copied: there are hundreds of stubs, and
//! programs wait for them.

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynasmApi as _, DynasmLabelApi as _, VecAssembler, dynasm};

use super::stub::{
    BASE_TO_BEHIND, BASE_TO_DESCRIPTOR, BASE_TO_EXECUTE, BASE_TO_UNWANTED, Descriptor, JUMP, TEST, TO_BASE,
};
use crate::patch::Patch;

/// What is before the descriptor.
const INT3: u8 = 0xcc;

/// What a relative address in a stub refers to.
#[derive(Debug, Clone, Copy)]
pub(super) enum To {
    /// Where the address of the table of numbers is that no hook wants.
    Unwanted,
    /// Where the addresses of the crossing are.
    Crossing,
    AfterClone,
    /// The system call in place.
    Syscall,
    /// What is behind it.
    After,
}

/// The middle of a stub: from the question whether the number is wanted up to the instructions moved from behind the system call.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) code: Vec<u8>,
    /// Where instructions end whose last four bytes are a relative address, and to what.
    pub(super) fields: Vec<(usize, To)>,
    /// Where the instruction ends whose last four bytes are the number of the call, if that is known.
    pub(super) number: Option<usize>,
}

/// The templates that have been needed so far.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// By whether the call is made in place, and whether its number is known.
    shapes: [Option<Template>; 4],
}

impl Templates {
    /// The template for a patch.
    pub(super) fn of(&mut self, patch: &Patch) -> Option<&Template> {
        let (in_place, numbered) = (patch.in_place(), patch.number.is_some());
        let shape = self.shapes.get_mut(usize::from(in_place) * 2 + usize::from(numbered))?;
        if shape.is_none() {
            *shape = Template::assemble(in_place, numbered);
        }
        shape.as_ref()
    }
}

impl Template {
    fn assemble(in_place: bool, numbered: bool) -> Option<Template> {
        let mut ops = VecAssembler::<X64Relocation>::new(0);
        let mut fields = Vec::new();
        let mut to = |ops: &VecAssembler<X64Relocation>, to| fields.push((ops.offset().0, to));
        // Any address will do where each stub has another.
        let (somewhere, number) = (0_usize, 0_i32);
        // Where the system call and what is behind it are in the stub, if they are.
        let here_instead = (!in_place).then(|| (ops.new_dynamic_label(), ops.new_dynamic_label()));

        dynasm!(ops; .arch x64; mov rcx, QWORD [extern somewhere]);
        to(&ops, To::Unwanted);
        // Two lengths of the last `lea`, so that both questions have one.
        let number_end = if numbered {
            dynasm!(ops; .arch x64; movzx ecx, BYTE [rcx + number]);
            let end = ops.offset().0;
            dynasm!(ops; .arch x64; lea ecx, [DWORD rcx - 1]);
            Some(end)
        } else {
            dynasm!(ops; .arch x64; movzx r11d, ax; movzx ecx, BYTE [rcx + r11]; lea rcx, [rcx - 1]);
            None
        };
        // `jrcxz`, which reads no flags and writes none. Not to a label: the assembler would choose another length.
        ops.extend([0xe3, (TO_BASE + BASE_TO_UNWANTED - TEST) as u8]);
        debug_assert_eq!(ops.offset().0 as u64, TEST);
        let behind_base = |ops: &VecAssembler<X64Relocation>| ops.offset().0 as u64 - TO_BASE;
        let mut cross = |ops: &mut VecAssembler<X64Relocation>, crossing| {
            dynasm!(ops; .arch x64; lea rsp, [rsp - 128]; lea rcx, [extern somewhere]);
            to(ops, To::After);
            dynasm!(ops; .arch x64; lea r11, [rip + JUMP as i32]; jmp QWORD [extern somewhere]);
            to(ops, crossing);
        };
        cross(&mut ops, To::Crossing);
        debug_assert_eq!(behind_base(&ops), 0);
        dynasm!(ops; .arch x64; syscall);
        cross(&mut ops, To::AfterClone);
        debug_assert_eq!(behind_base(&ops), BASE_TO_UNWANTED);
        match here_instead {
            Some((execute, _)) => dynasm!(ops; .arch x64; jmp =>execute),
            None => {
                dynasm!(ops; .arch x64; jmp extern somewhere);
                to(&ops, To::Syscall);
            }
        }
        while behind_base(&ops) < BASE_TO_DESCRIPTOR {
            ops.push(INT3);
        }
        ops.extend([0; size_of::<Descriptor>()]);
        debug_assert_eq!(behind_base(&ops), BASE_TO_EXECUTE);
        if let Some((execute, behind)) = here_instead {
            dynasm!(ops
                ; .arch x64
                ; =>execute
                ; syscall
                ; lea rcx, [extern somewhere]
                ; =>behind
            );
            to(&ops, To::After);
            debug_assert_eq!(behind_base(&ops), BASE_TO_BEHIND);
        }
        Some(Template { code: ops.finalize().ok()?, fields, number: number_end })
    }
}
