/*
 * Fills every register with something of its own, makes a system call, and looks at what is left: all but rax as it was, rcx
 * and r11 as the kernel leaves them. Does so with the vector registers of SSE, AVX and AVX-512, where the CPU has them, and
 * from two places: one where the jump goes before the syscall, and one where it has to go over it, because something jumps to
 * the syscall itself.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

/* The kernel's: bits that are always set, and the interrupt flag. */
#define ALWAYS 0x202
/* carry, parity, auxiliary carry, zero, sign, overflow */
#define ARITHMETIC 0x8d5
#define DIRECTION 0x400
/* All exceptions masked, round to zero, flush to zero; no exception has happened. */
#define MXCSR 0xff80
/* All exceptions masked, single precision, round to zero. */
#define X87 0xc7f

/* In the order of their numbers: rax rcx rdx rbx rsp rbp rsi rdi r8 ... r15. */
enum { RAX, RCX, RSP = 4, R11 = 11 };

struct state {
	uint64_t general[16];	/* at 0 */
	uint64_t flags;		/* at 128 */
	uint64_t direction;	/* at 136: not 0 if it is to be set */
	uint32_t mxcsr;		/* at 144 */
	uint32_t x87;		/* at 148 */
	uint64_t mask[8];	/* at 152 */
	uint8_t red_zone[128];	/* at 216 */
	uint8_t vector[32][64];	/* at 344 */
};

_Static_assert(offsetof(struct state, flags) == 128 && offsetof(struct state, mxcsr) == 144, "used below");
_Static_assert(offsetof(struct state, mask) == 152 && offsetof(struct state, red_zone) == 216, "used below");
_Static_assert(offsetof(struct state, vector) == 344, "used below");

/* Global and hidden: reached from assembly without a register. */
__attribute__((visibility("hidden"))) struct state before, after;

__asm__ (
"	.text\n"
"	.macro	ASKING name, instruction, prefix, masks, jumps, numbers:vararg\n"
"	.globl	\\name, \\name\\()_behind\n"
"	.type	\\name, @function\n"
"\\name:\n"
"	.cfi_startproc\n"
"	push	%rbx\n"
"	.cfi_adjust_cfa_offset 8\n"
"	push	%rbp\n"
"	.cfi_adjust_cfa_offset 8\n"
"	push	%r12\n"
"	.cfi_adjust_cfa_offset 8\n"
"	push	%r13\n"
"	.cfi_adjust_cfa_offset 8\n"
"	push	%r14\n"
"	.cfi_adjust_cfa_offset 8\n"
"	push	%r15\n"
"	.cfi_adjust_cfa_offset 8\n"
"	push	$0\n"
"	.cfi_adjust_cfa_offset 8\n"
"	stmxcsr	(%rsp)\n"
"	fnstcw	4(%rsp)\n"
	/* The red zone. */
"	lea	before+216(%rip), %rsi\n"
"	lea	-128(%rsp), %rdi\n"
"	mov	$128, %ecx\n"
"	rep movsb\n"
	/* Flags: below the red zone, for the stack has to be used. */
"	lea	-128(%rsp), %rsp\n"
"	push	before+128(%rip)\n"
"	popfq\n"
"	lea	128(%rsp), %rsp\n"
"	mov	before+136(%rip), %rcx\n"
"	jrcxz	2f\n"
"	std\n"
"2:	.irp	n, \\numbers\n"
"	\\instruction before+344+64*\\n(%rip), %\\prefix\\n\n"
"	.endr\n"
"	.if	\\masks\n"
"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7\n"
"	kmovq	before+152+8*\\n(%rip), %k\\n\n"
"	.endr\n"
"	.endif\n"
"	ldmxcsr	before+144(%rip)\n"
"	fldcw	before+148(%rip)\n"
"	mov	before+8*1(%rip), %rcx\n"
"	mov	before+8*2(%rip), %rdx\n"
"	mov	before+8*3(%rip), %rbx\n"
"	mov	before+8*5(%rip), %rbp\n"
"	mov	before+8*6(%rip), %rsi\n"
"	mov	before+8*7(%rip), %rdi\n"
"	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	mov	before+8*\\n(%rip), %r\\n\n"
"	.endr\n"
"	mov	%rsp, before+8*4(%rip)\n"
"	.if	\\jumps\n"
"	jrcxz	1f\n"			/* rcx is not zero */
"	.endif\n"
"	mov	$110, %eax\n"		/* getppid */
"1:	syscall\n"
"\\name\\()_behind:\n"
"	mov	%rax, after+8*0(%rip)\n"
"	mov	%rcx, after+8*1(%rip)\n"
"	mov	%rdx, after+8*2(%rip)\n"
"	mov	%rbx, after+8*3(%rip)\n"
"	mov	%rsp, after+8*4(%rip)\n"
"	mov	%rbp, after+8*5(%rip)\n"
"	mov	%rsi, after+8*6(%rip)\n"
"	mov	%rdi, after+8*7(%rip)\n"
"	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	mov	%r\\n, after+8*\\n(%rip)\n"
"	.endr\n"
"	stmxcsr	after+144(%rip)\n"
"	fnstcw	after+148(%rip)\n"
"	.irp	n, \\numbers\n"
"	\\instruction %\\prefix\\n, after+344+64*\\n(%rip)\n"
"	.endr\n"
"	.if	\\masks\n"
"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7\n"
"	kmovq	%k\\n, after+152+8*\\n(%rip)\n"
"	.endr\n"
"	.endif\n"
"	lea	-128(%rsp), %rsp\n"
"	pushfq\n"
"	pop	after+128(%rip)\n"
"	lea	128(%rsp), %rsp\n"
"	cld\n"
"	lea	-128(%rsp), %rsi\n"
"	lea	after+216(%rip), %rdi\n"
"	mov	$128, %ecx\n"
"	rep movsb\n"
"	ldmxcsr	(%rsp)\n"
"	fldcw	4(%rsp)\n"
"	pop	%r15\n"
"	.cfi_adjust_cfa_offset -8\n"
"	pop	%r15\n"
"	.cfi_adjust_cfa_offset -8\n"
"	pop	%r14\n"
"	.cfi_adjust_cfa_offset -8\n"
"	pop	%r13\n"
"	.cfi_adjust_cfa_offset -8\n"
"	pop	%r12\n"
"	.cfi_adjust_cfa_offset -8\n"
"	pop	%rbp\n"
"	.cfi_adjust_cfa_offset -8\n"
"	pop	%rbx\n"
"	.cfi_adjust_cfa_offset -8\n"
"	ret\n"
"	.cfi_endproc\n"
"	.size	\\name, . - \\name\n"
"	.endm\n"

"	.irp	jumps, 0, 1\n"
"	ASKING	sse\\jumps, movups, xmm, 0, \\jumps, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	ASKING	avx\\jumps, vmovups, ymm, 0, \\jumps, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
"	ASKING	avx512_\\jumps, vmovups, zmm, 1, \\jumps, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
			"16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
"	.endr\n"
);

#define DECLARE(name) void name(void); extern const char name##_behind[]

DECLARE(sse0);
DECLARE(sse1);
DECLARE(avx0);
DECLARE(avx1);
DECLARE(avx512_0);
DECLARE(avx512_1);

static void
fill(uint64_t flags, uint64_t direction)
{
	uint8_t *bytes = (uint8_t *) &before;

	for (size_t i = 0; i < sizeof(before); i++)
		bytes[i] = (uint8_t) (i * 31 + i / 256 + flags);
	before.flags = ALWAYS | flags;
	before.direction = direction;
	before.mxcsr = MXCSR;
	before.x87 = X87;
	memset(&after, 0xee, sizeof(after));
}

/* `width` and `count` of the vector registers. */
static void
once(void (*call)(void), const char *behind, size_t width, int count, int masks)
{
	static const uint64_t flags[] = {0, ARITHMETIC};

	for (int i = 0; i < 4; i++) {
		uint64_t direction = i / 2 ? DIRECTION : 0;

		fill(flags[i % 2], direction);
		call();
		for (int n = 0; n < 16; n++)
			CHECK(n == RAX || n == RCX || n == R11 || after.general[n] == before.general[n]);
		CHECK(after.general[RCX] == (uint64_t) behind);
		CHECK(after.general[R11] == (before.flags | direction));
		CHECK(after.flags == (before.flags | direction));
		CHECK(after.mxcsr == MXCSR);
		CHECK((uint16_t) after.x87 == X87);
		CHECK(memcmp(after.red_zone, before.red_zone, sizeof(after.red_zone)) == 0);
		for (int n = 0; n < count; n++)
			CHECK(memcmp(after.vector[n], before.vector[n], width) == 0);
		CHECK(!masks || memcmp(after.mask, before.mask, sizeof(after.mask)) == 0);
	}
	printf("%ld\n", (long) after.general[RAX]);
}

int
main(void)
{
	once(sse0, sse0_behind, 16, 16, 0);
	once(sse1, sse1_behind, 16, 16, 0);
	if (__builtin_cpu_supports("avx")) {
		once(avx0, avx0_behind, 32, 16, 0);
		once(avx1, avx1_behind, 32, 16, 0);
	}
	if (__builtin_cpu_supports("avx512bw")) {
		once(avx512_0, avx512_0_behind, 64, 32, 1);
		once(avx512_1, avx512_1_behind, 64, 32, 1);
	}
	return 0;
}
