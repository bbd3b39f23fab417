// What a crossing saves beside general registers and flags, and puts back: macros for asm/crossing.S, in whose frame they work.
//
// SAVE_ and RESTORE_ are for vector registers: `sse`, `avx` and `avx512` for what CPUs have, `general` for none. They move rsp, which a hook
// then finds aligned. ENTER_, LEAVE_ and ASIDE_ are for control and status words, and the x87's registers: `x87`, `mxcsr` for sites where
// the x87 is known to be empty, `general` for none. ASIDE_ is what ENTER_ jumps to in the cases that hardly ever are.

        .macro  SAVE_sse
        sub     rsp, 16 * 16
        and     rsp, -64
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movaps  [rsp + 16 * \n], xmm\n
        .endr
        .endm

        .macro  RESTORE_sse
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        movaps  xmm\n, [rsp + 16 * \n]
        .endr
        .endm

        .macro  SAVE_avx
        sub     rsp, 16 * 32
        and     rsp, -64
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovaps [rsp + 32 * \n], ymm\n
        .endr
        vzeroupper                              // hooks compiled for SSE would pay for dirty upper halves
        .endm

        .macro  RESTORE_avx
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        vmovaps ymm\n, [rsp + 32 * \n]
        .endr
        .endm

        .macro  SAVE_avx512
        sub     rsp, 32 * 64 + 8 * 8
        and     rsp, -64
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        vmovaps [rsp + 64 * \n], zmm\n
        .endr
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        kmovq   [rsp + 32 * 64 + 8 * \n], k\n
        .endr
        vzeroupper
        .endm

        .macro  RESTORE_avx512
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        vmovaps zmm\n, [rsp + 64 * \n]
        .endr
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        kmovq   k\n, [rsp + 32 * 64 + 8 * \n]
        .endr
        .endm

        // Nothing but general registers: for sites where nobody reads the others later (src/disasm/liveness.rs), nor the flags. What
        // control and status registers are to a hook, and become through it, is as with any function that is called there.
        .macro  SAVE_general
        and     rsp, -16
        .endm

        .macro  RESTORE_general
        .endm

        // Saves mxcsr and gives the hook the one that the ABI promises it.
        .macro  ENTER_mxcsr
        stmxcsr [rbp - 88]
        mov     ecx, [rbp - 88]
        and     ecx, 0xffc0                     // without the sticky exception flags
        cmp     ecx, 0x1f80                     // the ABI's default: all exceptions masked, round to nearest
        jne     12f
22:
        .endm

        .macro  ASIDE_mxcsr
12:     mov     dword ptr [rbp - 80], 0x1f80
        ldmxcsr [rbp - 80]
        jmp     22b
        .endm

        .macro  LEAVE_mxcsr                     // loading is cheaper than looking whether the hook has changed it
        ldmxcsr [rbp - 88]
        .endm

        // The same for mxcsr and the x87, and saves its registers if any is in use. Two fnstsw to memory take less than two to ax.
        .macro  ENTER_x87
        fnstsw  [rbp - 82]
        ENTER_mxcsr
        fnstcw  [rbp - 84]
        mov     qword ptr [rbp - 96], 0
        cmp     word ptr [rbp - 84], 0x37f      // the ABI's default, likewise
        jne     13f
23:
        test    word ptr [rbp - 82], 0x3800     // the top of the x87 stack is not where an empty one has it
        jnz     14f
24:
        .endm

        .macro  ASIDE_x87
        ASIDE_mxcsr
13:     mov     word ptr [rbp - 80], 0x37f
        fldcw   [rbp - 80]
        jmp     23b
14:     sub     rsp, 512
        and     rsp, -64
        fxsave64 [rsp]
        mov     [rbp - 96], rsp
        fninit                                  // an empty stack, as the ABI promises it to a function
        jmp     24b
        .endm

        .macro  LEAVE_x87
        LEAVE_mxcsr
        fnstsw  [rbp - 80]
        fldcw   [rbp - 84]
        movzx   ecx, word ptr [rbp - 80]
        cmp     cx, [rbp - 82]
        je      25f
        fnstenv [rsp]                           // the vector area has been read
        mov     cx, [rbp - 82]                  // exception flags that the hook has raised
        mov     [rsp + 4], cx
        mov     cx, [rbp - 84]                  // fnstenv masks all exceptions
        mov     [rsp], cx
        fldenv  [rsp]
25:
        .endm

        .macro  ENTER_general
        .endm

        .macro  LEAVE_general
        .endm

        .macro  ASIDE_general
        .endm
