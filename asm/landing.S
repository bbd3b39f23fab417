// Where a thread goes on whose hook has faulted; and how this library's own signal handler returns.
//
//      int syscall_intercept_shielded(void (*run)(void *), void *data, void **landing)
//
// Calls run(data). Meanwhile *landing is the stack pointer that a fault handler has to go on with, at syscall_intercept_landing,
// to leave `run` where it is and return from here. Answers 0 if `run` has returned, 1 if it was left. The stack, from there on:
//
//      landing          mxcsr, x87 control word: what a function leaves as it found it
//      landing + 8      nothing: keeps the stack aligned
//      landing + 24     r15 r14 r13 r12 rbx rbp
//      landing + 72     return address

        .text
        .p2align 4
        .globl  syscall_intercept_shielded
        .hidden syscall_intercept_shielded
        .type   syscall_intercept_shielded, @function
syscall_intercept_shielded:
        .cfi_startproc
        push    rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        push    rbx
        .cfi_def_cfa_offset 24
        .cfi_offset rbx, -24
        push    r12
        .cfi_def_cfa_offset 32
        .cfi_offset r12, -32
        push    r13
        .cfi_def_cfa_offset 40
        .cfi_offset r13, -40
        push    r14
        .cfi_def_cfa_offset 48
        .cfi_offset r14, -48
        push    r15
        .cfi_def_cfa_offset 56
        .cfi_offset r15, -56
        sub     rsp, 24
        .cfi_def_cfa_offset 80
        stmxcsr [rsp]
        fnstcw  [rsp + 4]
        mov     [rdx], rsp
        mov     rax, rdi
        mov     rdi, rsi
        call    rax
        xor     eax, eax
        jmp     1f

        .globl  syscall_intercept_landing
        .hidden syscall_intercept_landing
syscall_intercept_landing:                      // rsp is right, DF and AC are clear, and all else is as the fault has left it
        fninit                                  // an empty x87 stack
        fldcw   [rsp + 4]
        ldmxcsr [rsp]
        mov     eax, 1
1:      add     rsp, 24
        .cfi_def_cfa_offset 56
        pop     r15
        .cfi_def_cfa_offset 48
        pop     r14
        .cfi_def_cfa_offset 40
        pop     r13
        .cfi_def_cfa_offset 32
        pop     r12
        .cfi_def_cfa_offset 24
        pop     rbx
        .cfi_def_cfa_offset 16
        pop     rbp
        .cfi_def_cfa_offset 8
        ret
        .cfi_endproc
        .size   syscall_intercept_shielded, . - syscall_intercept_shielded

        // What the kernel returns to from a handler that the program has not set (SA_RESTORER). Unwinders and debuggers know such a
        // place by these bytes: those of libcs are the same (glibc, sysdeps/unix/sysv/linux/x86_64/libc_sigaction.c).
        .p2align 4
        nop                                     // unwinders look at the byte before a return address
        .globl  syscall_intercept_restorer
        .hidden syscall_intercept_restorer
        .type   syscall_intercept_restorer, @function
syscall_intercept_restorer:
        mov     rax, {SIGRETURN}
        syscall
        .size   syscall_intercept_restorer, . - syscall_intercept_restorer
