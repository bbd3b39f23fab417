// The crossing: from a stub into Rust and back.
//
// A site's stub (src/trampoline/stub.rs) does
//
//         lea   rsp, [rsp - 128]          skips the red zone; `lea` and not `sub`: the flags are the program's
//         lea   rcx, [rip + after]        where the kernel would return to: behind the `syscall`
//         lea   r11, [rip + base]         which site this is: its descriptor lies at a fixed distance from there
//         jmp   crossing
//
// and comes here with every register but rsp as it was at the `syscall` instruction. rcx and r11 are free: whatever happens
// next, the kernel's entry sequence (or we in its place, where anybody reads them later) puts the return address and the flags into them.
//
// It does not call, because nobody comes back to it: the program goes on at its call, or behind it, by a jump from here. A call and
// a return more take 1 ns, and behind a system call, of which the kernel lets a CPU forget what was called before, 7 ns (Zen 5).
//
// The stack, `O` being rsp at the site. `Frame` in src/hook/frame.rs is the part from O-264 up to O-128:
//
//      O            the program's stack
//      O - 128      red zone: never touched
//      O - 136      behind the `syscall`: to unwinders, the return address
//      O - 144      the base of the stub; on the way to a call: where that is made
//      O - 152      rbp                   <- rbp points here from now on: CFA = rbp + 152
//      O - 160      rflags, or 0
//      O - 208      r9 r8 r10 rdx rsi rdi (the six arguments; rdi lowest)
//      O - 216      rax: the number       (after `clone` in the stub: the result)
//      O - 224      the result to return, when there is one
//      O - 232      scratch; while a hook runs, the guard's mark
//      O - 240      mxcsr, x87 control word, x87 status word
//      O - 248      where the x87 registers are saved, or 0
//      O - 256      which hooks want to see the result, when the call is made here
//      O - 264      while a hook runs, the program's errno
//      ...          x87 registers if in use, then vector registers, 64-byte aligned
//
// There are seven variants: three that save everything, for what vector registers CPUs have; the same without the x87, for
// sites where its registers are known to be empty; and one that saves general registers alone, where the rest is dead: the flags too, and
// r11, in which the kernel returns them. What a variant does not save it leaves alone: the words at O - 240 and O - 248 too; but that
// of the flags is 0 then. asm/state.S saves and restores.
//
// Most calls take the short way (src/hook/ways.rs): they matter to nobody but the hook points, and so these are asked from here. About all
// others Rust decides. What comes back from it in eax is a `Verdict`:
//
//      0 FORWARD    everything that the variant saves as it was, and on to the original `syscall` instruction
//      1 RETURN     the same, but rax = Frame.result, rcx and r11 as the kernel leaves them, and on behind it
//      2 IN_STUB    as FORWARD, but to the `syscall` in the stub: `clone` and the like, whose children have another stack
//      3 OBSERVE    the call is made here, its result shown to Rust, and then as RETURN
//
// Unwinding: to an unwinder this looks as if the `syscall` instruction had called us. rbx and r12-r15 are never touched. A hook that is
// asked from here may be left by an exception (`pthread_exit` and `pthread_cancel` are ones): the table behind each variant (the LSDA
// of the Itanium C++ ABI's exception handling) says so to the personality.
//
// What hardly ever happens stands aside, behind the jump that ends its part: a CPU falls through code faster than it jumps over some.

        .section .tbss.syscall_intercept_guard, "awT", @nobits
        .p2align 3
        .globl  syscall_intercept_guard
        .hidden syscall_intercept_guard
        .type   syscall_intercept_guard, @object
        .size   syscall_intercept_guard, 8
syscall_intercept_guard:                        // the frame whose hook runs on this thread; see src/hook/guard.rs
        .zero   8

        .section .tbss.syscall_intercept_owed, "awT", @nobits
        .p2align 2
        .globl  syscall_intercept_owed
        .hidden syscall_intercept_owed
        .type   syscall_intercept_owed, @object
        .size   syscall_intercept_owed, 4
syscall_intercept_owed:                         // the number of a signal this thread gets again; see src/hook/cancel.rs
        .zero   4

        // What unwinders call about exceptions that come by.
        .section .data.rel.ro.syscall_intercept_personality, "aw", @progbits
        .p2align 3
        .type   syscall_intercept_personality, @object
        .size   syscall_intercept_personality, 8
syscall_intercept_personality:
        .quad   rust_eh_personality

        // Addresses for src/trampoline/crossing.rs: of each variant those of its labels `observe`, `observed`, `return`, `step`,
        // `jump`, `returned`, `forward`, `forward_step`, `forward_jump` and `gone`, which say there what they mean.
        .section .data.rel.ro.syscall_intercept_places, "aw", @progbits
        .p2align 3
        .globl  syscall_intercept_places
        .hidden syscall_intercept_places
        .type   syscall_intercept_places, @object
        .size   syscall_intercept_places, 7 * 10 * 8
syscall_intercept_places:

        .text
        .globl  syscall_intercept_crossing_begin
        .hidden syscall_intercept_crossing_begin
syscall_intercept_crossing_begin:

        // Saves what the variant saves and gives the hook the state the ABI promises it; as far as it saves that.
        .macro  ENTER vector, control
        .cfi_def_cfa rsp, 128
        .cfi_register 16, 2                     // rip: what is in rcx
        push    rcx
        .cfi_def_cfa rsp, 136
        .cfi_offset 16, -136
        push    r11
        .cfi_def_cfa rsp, 144
        push    rbp
        .cfi_def_cfa_offset 152
        .cfi_offset rbp, -152
        mov     rbp, rsp
        .cfi_def_cfa_register rbp
        .ifc    \control, general
        push    0                               // nobody reads them later, nor r11
        .else
        pushfq
        .endif
        push    r9
        .cfi_offset r9, -168
        push    r8
        .cfi_offset r8, -176
        push    r10
        .cfi_offset r10, -184
        push    rdx
        .cfi_offset rdx, -192
        push    rsi
        .cfi_offset rsi, -200
        push    rdi
        .cfi_offset rdi, -208
        push    rax
        .cfi_offset rax, -216
        sub     rsp, 48
        .ifnc   \control, general
        test    dword ptr [rbp - 8], 0x40400    // rflags: DF or AC set? Hardly ever.
        jnz     11f
21:
        .endif
        ENTER_\control
        SAVE_\vector
        .endm

        // What of that stands aside.
        .macro  ASIDE control
        .ifnc   \control, general
11:     push    2                               // all flags clear but the one that is always set
        popfq
        jmp     21b
        .endif
        ASIDE_\control
        .endm

        // Puts vector and floating point state back; keeps eax.
        .macro  RESTORE vector, control
        .ifc    \control, x87
        mov     rcx, [rbp - 96]
        test    rcx, rcx
        jz      20f
        fxrstor64 [rcx]                         // the lower halves of the vector registers too: they come next
20:
        .endif
        RESTORE_\vector
        LEAVE_\control
        .endm

        // Puts the program's flags back, from where nothing may touch them; clobbers rax and rcx. popfq takes 5 ns, and hardly
        // ever is any flag set but those that arithmetic sets: then `sahf` sets CF PF AF ZF SF, and an addition OF. TF is left as
        // it is. Nobody has changed it, and one that was saved may be that of a tracer who has stepped over the `pushfq`: putting it
        // back would make it the program's own, and trap it when the tracer has long gone on.
        .macro  FLAGS control
        .ifnc   \control, general
        mov     ecx, [rbp - 8]
        test    ecx, 0xfffff428                 // anything but CF PF AF ZF SF OF, TF, IF and the bit that is always set
        jnz     31f                             // see ASIDE_FLAGS
        mov     eax, ecx
        shl     eax, 8                          // ah: SF ZF AF PF CF, as in the lowest byte of rflags; al: 0
        shr     ecx, 11                         // OF alone
        mov     al, cl
        add     al, 0x7f                        // overflows if al is 1
        sahf
32:
        .endif
        .endm

        .macro  ASIDE_FLAGS control
        .ifnc   \control, general
31:     push    qword ptr [rbp - 8]
        popfq
        jmp     32b
        .endif
        .endm

        // r11: as the kernel leaves it.
        .macro  R11 control
        .ifnc   \control, general
        mov     r11, [rbp - 8]
        .endif
        .endm

        // With rsp = &Frame.args: all that the program still lacks, and on to where rcx says. Leaves the flags alone.
        .macro  LEAVE step, jump
        pop     rdi
        pop     rsi
        pop     rdx
        pop     r10
        pop     r8
        pop     r9
        mov     rsp, rbp
        pop     rbp
        .cfi_def_cfa rsp, 144
        .cfi_same_value rbp
\step:
        lea     rsp, [rsp + 144]                // over the red zone
        .cfi_def_cfa rsp, 0
        .cfi_register 16, 2                     // rip: what is in rcx
\jump:
        jmp     rcx
        .endm

        // rcx: where a field of the descriptor says, as seen from the descriptor; both given by their distance from the base of the
        // stub. Clobbers r11.
        .macro  TARGET field, descriptor
        mov     rcx, [rbp + 8]
        mov     r11, [rcx + \field]
        lea     rcx, [rcx + r11 + \descriptor]
        .endm

        // If a signal is owed, sends it to this thread again. The handler then runs before the last system call here has returned,
        // finds the program at its call (src/hook/in_place.rs), and this crossing does not go on: the program does, or what the
        // handler decides. It does go on if the program blocks the signal. Clobbers what the program's registers come back
        // into only later.
        .macro  OWED
        mov     rcx, [rip + syscall_intercept_owed@GOTTPOFF]
        cmp     dword ptr fs:[rcx], 0
        jne     41f                             // see ASIDE_BACK
42:
        .endm

        // What of the way back stands aside, in the part that it is of.
        .macro  ASIDE_BACK control
        ASIDE_FLAGS \control
41:     SEND
        jmp     42b
        .endm

        .macro  SEND
        cmp     dword ptr [rbp - 64], {SIGRETURN}
        je      43f                             // what is owed is owed to the code that a handler returns to
        mov     eax, {GETPID}                   // asked each time: a hook may have forked
        syscall
        mov     edi, eax
        mov     eax, {GETTID}
        syscall
        mov     esi, eax
        mov     rdx, [rip + syscall_intercept_owed@GOTTPOFF]
        mov     edx, fs:[rdx]
        mov     eax, {TGKILL}
        syscall
        mov     rcx, [rip + syscall_intercept_owed@GOTTPOFF]
        mov     dword ptr fs:[rcx], 0
43:
        .endm

        // The short way. Asks `intercept_hook_point`, and comes out behind it with the hook's answer in eax. `long` is where it goes
        // if somebody has to look closer, `none` if there is no hook.
        .macro  ASK name, long, none
        cmp     rax, {NUMBERS}
        jae     \long
        lea     rcx, [rip + {SHORT_SINCE}]
        mov     rcx, [rcx + 8 * rax]
        cmp     rcx, [rip + {CHANGE}]
        jne     \long
        mov     r11, [rip + intercept_hook_point@GOTPCREL]
        mov     r11, [r11]
        test    r11, r11
        jz      \none
        mov     rcx, [rip + syscall_intercept_guard@GOTTPOFF]
        cmp     qword ptr fs:[rcx], 0           // it is zero nearly always: src/hook/guard.rs has the rest
        jne     \long
        lea     rcx, [rbp - 72]                 // &mut Frame.result
        mov     qword ptr [rcx], 0
        push    rcx                             // the eighth argument, and the seventh
        push    r9
        mov     r9, r8
        mov     r8, r10
        lea     rcx, [rbp - 112]                // &Frame
        movabs  r10, {MARK}
        xor     r10, rcx
        mov     [rbp - 80], r10                 // the frame is marked,
        mov     r10, [rip + {ERRNO}]
        mov     r10d, fs:[r10]
        mov     [rbp - 112], r10                // errno is kept, with zero in the upper half: it is the hook point that runs;
        mov     r10, [rip + syscall_intercept_guard@GOTTPOFF]
.Lhold_\name:
        mov     fs:[r10], rcx                   // and the guard is held
        mov     rcx, rdx
        mov     rdx, rsi
        mov     rsi, rdi
        mov     rdi, rax
        call    r11
        add     rsp, 16
        mov     rcx, [rip + {ERRNO}]
        mov     edx, [rbp - 112]
        cmp     edx, fs:[rcx]                   // looking is cheaper than writing: the next call reads it again
        jne     51f
52:     mov     rcx, [rip + syscall_intercept_guard@GOTTPOFF]
        mov     qword ptr fs:[rcx], 0
.Lheld_\name:
        .endm

        // What of that stands aside: a hook that has changed errno, and one that an exception leaves, or a signal handler that has
        // interrupted one.
        .macro  ASIDE_ASK name
51:     mov     fs:[rcx], edx
        jmp     52b
.Lleft_\name:
        mov     rcx, [rip + {ERRNO}]
        mov     edx, [rbp - 112]
        mov     fs:[rcx], edx
        mov     rcx, [rip + syscall_intercept_guard@GOTTPOFF]
        mov     qword ptr fs:[rcx], 0
        mov     rdi, rax                        // the exception
        call    _Unwind_Resume
        .endm

        // Calls Rust. Where the flags are not kept, a function at a hook point finds DF and AC as the program has them, but the library itself does
        // not.
        .macro  RUST function, control
        .ifc    \control, general
        pushfq
        test    dword ptr [rsp], 0x40400        // DF or AC set? Hardly ever.
        lea     rsp, [rsp + 8]
        jz      61f
        pushfq
        and     dword ptr [rsp], 0xfffffeff     // without TF: see FLAGS
        sub     rsp, 8
        push    2                               // as in ASIDE
        popfq
        call    \function
        add     rsp, 8
        popfq
        jmp     62f
61:
        .endif
        call    \function
62:
        .endm

        .macro  CROSSING name, vector, control
        .p2align 6
        .globl  syscall_intercept_crossing_\name
        .hidden syscall_intercept_crossing_\name
        .type   syscall_intercept_crossing_\name, @function
syscall_intercept_crossing_\name:
        .cfi_startproc
        .cfi_personality 0x9b, syscall_intercept_personality
        .cfi_lsda 0x1b, .Lexceptions_\name
        ENTER   \vector, \control
        ASK     \name, .Llong_\name, .Lforwarded_\name
        test    eax, eax
        jnz     .Lforwarded_\name
        RESTORE \vector, \control

        // From here on everything that the program still lacks is in the frame, whatever of it has been put back already.
.Lreturn_\name:                               // RETURN, and OBSERVE when the call has been made
        OWED
        FLAGS   \control
        lea     rsp, [rbp - 56]
        mov     rax, [rbp - 72]
        TARGET  {RESULT_AFTER_CROSSING}, {DESCRIPTOR_AFTER_CROSSING}
        R11     \control
        .cfi_remember_state
        LEAVE   .Lstep_\name, .Ljump_\name
        .cfi_restore_state
        ASIDE_BACK \control
.Lreturned_\name:

.Lforwarded_\name:                            // by the hook point, or there is none
        mov     rcx, [rip + intercept_hook_point_post_kernel@GOTPCREL]
        cmp     qword ptr [rcx], 0
        jne     .Lshown_\name
        xor     eax, eax                        // FORWARD
.Ldecided_\name:
        RESTORE \vector, \control
        cmp     eax, {RETURN}
        je      .Lreturn_\name
        ja      .Lforward_\name                // IN_STUB: the call is made at the base of the stub
        TARGET  {CALL_AFTER_CROSSING}, {DESCRIPTOR_AFTER_CROSSING}
        mov     [rbp + 8], rcx

.Lforward_\name:                              // likewise; FORWARD and IN_STUB
        OWED
        FLAGS   \control
        lea     rsp, [rbp - 64]
        pop     rax
        mov     rcx, [rbp + 8]
        .cfi_remember_state
        LEAVE   .Lforward_step_\name, .Lforward_jump_\name
        .cfi_restore_state
        ASIDE_BACK \control
.Lgone_\name:

.Lshown_\name:
        lea     rdi, [rbp - 112]                // &mut Frame
        RUST    {observed}, \control
        jmp     60f
.Llong_\name:
        lea     rdi, [rbp - 112]
        RUST    {before}, \control
60:     cmp     eax, {OBSERVE}
        jne     .Ldecided_\name
.Lobserve_\name:                              // until `observed`: the program's registers are in the frame
        mov     rcx, [rip + syscall_intercept_owed@GOTTPOFF]
        cmp     dword ptr fs:[rcx], 0
        je      63f
        SEND
63:     mov     rax, [rbp - 64]                 // the hook left garbage in all of these
        mov     rdi, [rbp - 56]
        mov     rsi, [rbp - 48]
        mov     rdx, [rbp - 40]
        mov     r10, [rbp - 32]
        mov     r8, [rbp - 24]
        mov     r9, [rbp - 16]
.Lobserved_\name:
        syscall
        mov     [rbp - 72], rax
        lea     rdi, [rbp - 112]
        RUST    {after}, \control
        mov     eax, {RETURN}
        jmp     .Ldecided_\name

        ASIDE   \control
        ASIDE_ASK \name
        .cfi_endproc
.Lover_\name:
        .pushsection .data.rel.ro.syscall_intercept_places
        .quad   .Lobserve_\name, .Lobserved_\name
        .quad   .Lreturn_\name, .Lstep_\name, .Ljump_\name, .Lreturned_\name
        .quad   .Lforward_\name, .Lforward_step_\name, .Lforward_jump_\name, .Lgone_\name
        .popsection
        .size   syscall_intercept_crossing_\name, . - syscall_intercept_crossing_\name

        // Where exceptions land: while the guard is held at `left`, from everything else nowhere.
        .pushsection .gcc_except_table, "a", @progbits
        .p2align 2
.Lexceptions_\name:
        .byte   0xff, 0xff, 0x01                // no other base, no types; call sites in uleb128
        .uleb128 72f - 71f
71:     .uleb128 0, .Lhold_\name - syscall_intercept_crossing_\name, 0, 0
        .uleb128 .Lhold_\name - syscall_intercept_crossing_\name, .Lheld_\name - .Lhold_\name
        .uleb128 .Lleft_\name - syscall_intercept_crossing_\name, 0
        .uleb128 .Lheld_\name - syscall_intercept_crossing_\name, .Lover_\name - .Lheld_\name, 0, 0
72:     .popsection

        // The second crossing of a `clone` made in the stub, in the parent and in the child: rax is the result.
        .p2align 6
        .globl  syscall_intercept_after_clone_\name
        .hidden syscall_intercept_after_clone_\name
        .type   syscall_intercept_after_clone_\name, @function
syscall_intercept_after_clone_\name:
        .cfi_startproc
        ENTER   \vector, \control
        lea     rdi, [rbp - 112]
        RUST    {after_clone}, \control
        RESTORE \vector, \control
        FLAGS   \control
        lea     rsp, [rbp - 64]
        pop     rax
        TARGET  {RESULT_AFTER_CLONE}, {DESCRIPTOR_AFTER_CLONE}
        R11     \control
        .cfi_remember_state
        LEAVE   .Lcloned_step_\name, .Lcloned_jump_\name
        .cfi_restore_state
        ASIDE_FLAGS \control
        ASIDE   \control
        .cfi_endproc
        .size   syscall_intercept_after_clone_\name, . - syscall_intercept_after_clone_\name
        .endm

        CROSSING sse, sse, x87
        CROSSING avx, avx, x87
        CROSSING avx512, avx512, x87
        CROSSING sse_alone, sse, mxcsr
        CROSSING avx_alone, avx, mxcsr
        CROSSING avx512_alone, avx512, mxcsr
        CROSSING general, general, general

        .globl  syscall_intercept_crossing_end
        .hidden syscall_intercept_crossing_end
syscall_intercept_crossing_end:
