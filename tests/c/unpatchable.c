/*
 * A library that counts as libc by its name, and one system call that nothing can be done about: something jumps to the
 * syscall, something to each instruction around it, and no unused bytes are within reach of a two-byte jump.
 */
__asm__ (
"	.text\n"
"	.globl	unpatchable_getppid\n"
"	.type	unpatchable_getppid, @function\n"
"unpatchable_getppid:\n"
"	.cfi_startproc\n"
"	xor	%ecx, %ecx\n"
"	.rept	100\n"
"	add	$3, %rcx\n"
"	.endr\n"
"	mov	$110, %eax\n"
"1:	syscall\n"
"2:	test	%rax, %rax\n"
"3:	js	1b\n"			/* an error: never */
"4:	cmp	$-1, %rax\n"
"	je	2b\n"
"	cmp	$-2, %rax\n"
"	je	3b\n"
"	cmp	$-3, %rax\n"
"	je	4b\n"
"	.rept	100\n"
"	add	$3, %rcx\n"
"	.endr\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size	unpatchable_getppid, . - unpatchable_getppid\n"
);

long patchable_getppid(void);

long
patchable_getppid(void)
{
	long result;

	__asm__ volatile ("mov $110, %%eax; syscall" : "=a" (result) : : "rcx", "r11", "memory");
	return result;
}
