/*
 * System calls of every kind the library tells apart, each with a way in that loads all registers from `torture_in` and a way
 * out that stores them all in `torture_out`. A library, with a name that makes it part of libc.
 *
 * The sites ask for the parent's id. rcx is never zero, so that the jumps, which are there to be in the way, are not taken.
 */
#include "torture.h"

struct state torture_in, torture_out;

#define DECLARE(name) extern __attribute__((visibility("hidden"))) const char site_##name[], site_##name##_behind[]

DECLARE(in_place);
DECLARE(in_place_short);
DECLARE(in_stub);
DECLARE(in_stub_short);

struct kind kinds[KINDS] = {
	{"in place", site_in_place, site_in_place_behind},
	{"in place, short jump", site_in_place_short, site_in_place_short_behind},
	{"in stub", site_in_stub, site_in_stub_behind},
	{"in stub, short jump", site_in_stub_short, site_in_stub_short_behind},
};

__attribute__((visibility("hidden"))) uint64_t torture_stack, torture_site, torture_return;

__asm__ (
"	.text\n"

"	.macro	SITE name\n"
"	.p2align 7\n"
"	.type	site_\\name, @function\n"
"site_\\name:\n"
"	.cfi_startproc\n"
"	mov	$110, %eax\n"
"	.endm\n"

"	.macro	BEHIND name, moved\n"
"site_\\name\\()_behind:\n"
"	\\moved\n"
"2:	jmp	*torture_return(%rip)\n"
"	.cfi_endproc\n"
"	.size	site_\\name, . - site_\\name\n"
"	.fill	16, 1, 0xcc\n"		/* room for the long jump that a short one leads to */
"	.endm\n"

	/* The five bytes before the syscall are free. */
"	SITE	in_place\n"
"	syscall\n"
"	BEHIND	in_place\n"

	/* Two of them are. */
"	SITE	in_place_short\n"
"	jrcxz	1f\n"
"1:	mov	%eax, %eax\n"
"	syscall\n"
"	BEHIND	in_place_short\n"

	/* None; but three after it. */
"	SITE	in_stub\n"
"	jrcxz	1f\n"
"1:	syscall\n"
"	BEHIND	in_stub, \"mov %rbx, %rbx\"\n"

	/* None at all. */
"	SITE	in_stub_short\n"
"	jrcxz	2f\n"
"	jrcxz	1f\n"
"1:	syscall\n"
"	BEHIND	in_stub_short\n"

	/* The offsets are those of the fields of `struct state`. */
"	.macro	CROSS name, instruction, prefix, masks, numbers:vararg\n"
"	.globl	torture_cross_\\name\n"
"	.type	torture_cross_\\name, @function\n"
"torture_cross_\\name:\n"
"	push	%rbx\n"
"	push	%rbp\n"
"	push	%r12\n"
"	push	%r13\n"
"	push	%r14\n"
"	push	%r15\n"
"	push	$0\n"
"	stmxcsr	(%rsp)\n"
"	fnstcw	4(%rsp)\n"
"	mov	%rsp, torture_stack(%rip)\n"
"	mov	%rdi, torture_site(%rip)\n"
"	lea	1f(%rip), %rax\n"
"	mov	%rax, torture_return(%rip)\n"
"	mov	torture_in@GOTPCREL(%rip), %rax\n"
"	frstor	144(%rax)\n"
"	.irp	n, \\numbers\n"
"	\\instruction 704+64*\\n(%rax), %\\prefix\\n\n"
"	.endr\n"
"	.if	\\masks\n"
"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7\n"
"	kmovq	256+8*\\n(%rax), %k\\n\n"
"	.endr\n"
"	.endif\n"
"	ldmxcsr	136(%rax)\n"
"	push	128(%rax)\n"
"	popfq\n"
"	mov	8*1(%rax), %rcx\n"
"	mov	8*2(%rax), %rdx\n"
"	mov	8*3(%rax), %rbx\n"
"	mov	8*4(%rax), %rsp\n"
"	mov	8*5(%rax), %rbp\n"
"	mov	8*6(%rax), %rsi\n"
"	mov	8*7(%rax), %rdi\n"
"	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	mov	8*\\n(%rax), %r\\n\n"
"	.endr\n"
"	jmp	*torture_site(%rip)\n"
"1:	xchg	%rsp, torture_stack(%rip)\n"
"	push	%rax\n"
"	mov	torture_out@GOTPCREL(%rip), %rax\n"
"	pop	8*0(%rax)\n"
"	mov	%rcx, 8*1(%rax)\n"
"	mov	%rdx, 8*2(%rax)\n"
"	mov	%rbx, 8*3(%rax)\n"
"	mov	torture_stack(%rip), %rcx\n"
"	mov	%rcx, 8*4(%rax)\n"
"	mov	%rbp, 8*5(%rax)\n"
"	mov	%rsi, 8*6(%rax)\n"
"	mov	%rdi, 8*7(%rax)\n"
"	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	mov	%r\\n, 8*\\n(%rax)\n"
"	.endr\n"
"	pushfq\n"
"	pop	128(%rax)\n"
"	push	$2\n"
"	popfq\n"
"	stmxcsr	136(%rax)\n"
"	fnsave	144(%rax)\n"
"	.irp	n, \\numbers\n"
"	\\instruction %\\prefix\\n, 704+64*\\n(%rax)\n"
"	.endr\n"
"	.if	\\masks\n"
"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7\n"
"	kmovq	%k\\n, 256+8*\\n(%rax)\n"
"	.endr\n"
"	.endif\n"
"	ldmxcsr	(%rsp)\n"
"	fldcw	4(%rsp)\n"
"	pop	%r15\n"
"	pop	%r15\n"
"	pop	%r14\n"
"	pop	%r13\n"
"	pop	%r12\n"
"	pop	%rbp\n"
"	pop	%rbx\n"
"	ret\n"
"	.size	torture_cross_\\name, . - torture_cross_\\name\n"
"	.endm\n"

"	CROSS	sse, movaps, xmm, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	CROSS	avx, vmovaps, ymm, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	CROSS	avx512, vmovaps, zmm, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
		"16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
);
