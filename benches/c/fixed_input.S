// What the constructor is measured on: the same on every machine, unlike its libc, and made like one. GROUPS times: two functions
// that make a system call, in ways in which those of glibc do, and 18 that make none. Behind them, MORE that make none.

#ifndef GROUPS
#define GROUPS 200
#define MORE 0
#endif

	.text

	.macro	begin
	.p2align 4
	.cfi_startproc
	.endm

	// A wrapper: the number, the call, the errno.
	.macro	wrapper number
	begin
	mov	$\number, %eax
	syscall
	cmp	$-4095, %rax
	jae	1f
	ret
1:	neg	%eax
	mov	%eax, -8(%rsp)
	or	$-1, %rax
	ret
	.cfi_endproc
	.endm

	// A call that is in the middle of more, the number being there for a while.
	.macro	lock_and_wait number
	begin
	push	%rbx
	.cfi_def_cfa_offset 16
	mov	%rdi, %rbx
	mov	$\number, %r9d
	xor	%edx, %edx
1:	mov	$1, %eax
	xor	%ecx, %ecx
	lock cmpxchg %ecx, (%rbx)
	jne	2f
	pop	%rbx
	.cfi_remember_state
	.cfi_def_cfa_offset 8
	ret
	.cfi_restore_state
2:	xor	%r10d, %r10d
	mov	%rbx, %rdi
	mov	$128, %esi
	mov	%r9d, %eax
	syscall
	cmp	$-11, %rax
	je	1b
	test	%eax, %eax
	jns	1b
	pop	%rbx
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.endm

	// No call at all: a loop, some arithmetic, vectors, and as many branches as code has.
	.macro	other
	begin
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	test	%rdi, %rdi
	je	3f
	xor	%eax, %eax
1:	movzbl	(%rdi,%rax), %ecx
	lea	1(%rax), %rax
	cmp	$10, %cl
	je	2f
	movups	(%rsi,%rax), %xmm0
	pcmpeqb	%xmm1, %xmm0
	pmovmskb %xmm0, %edx
	test	%edx, %edx
	jne	2f
	cmp	%rax, %r8
	ja	1b
	.rept	12
	mov	16(%rdi), %rdx
	add	$24, %rdx
	mov	%rdx, 8(%rsi)
	imul	$100, %rdx, %rcx
	sub	%rcx, %rax
	cmp	$4096, %rax
	jae	3f
	.endr
2:	shl	$4, %rax
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_restore_state
3:	mov	$22, %eax
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.endm

	.rept	GROUPS
	wrapper	39
	.rept	9
	other
	.endr
	lock_and_wait 202
	.rept	9
	other
	.endr
	.endr

	.rept	MORE
	other
	.endr

	.section .note.GNU-stack, "", @progbits
