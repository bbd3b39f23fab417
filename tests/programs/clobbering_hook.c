/*
 * A plugin that lets every call pass and leaves garbage in every register that a function may clobber, vector and mask
 * registers included. What a program then does differently, it does because a register was not put back.
 */
#include <sys/syscall.h>

#include <libsyscall_intercept_hook_point.h>

#include "probe.h"

static int has_avx, has_avx512;

static void
clobber(void)
{
	__asm__ volatile (
		".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
		"	pcmpeqd	%%xmm\\n, %%xmm\\n\n"
		".endr\n" : : : VECTOR_REGISTERS);
	if (has_avx)
		__asm__ volatile (
			".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			"	vcmptrueps %%ymm\\n, %%ymm\\n, %%ymm\\n\n"
			".endr\n" : : : VECTOR_REGISTERS);
	if (has_avx512)
		__asm__ volatile (
			".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
			"16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			"	vpternlogd $0xff, %%zmm\\n, %%zmm\\n, %%zmm\\n\n"
			".endr\n"
			".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n"
			"	kxnorw	%%k\\n, %%k\\n, %%k\\n\n"
			".endr\n" : : : VECTOR_REGISTERS);
	__asm__ volatile (
		"mov	$-1, %%rax\n"
		".irp r, rcx, rdx, rsi, rdi, r8, r9, r10, r11\n"
		"	mov	%%rax, %%\\r\n"
		".endr\n"
		"add	%%rax, %%rax\n" : : : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	if (number == PROBE)
		*(int *) a0 += 1;
	clobber();
	return 1;
}

static __attribute__((constructor)) void
start(void)
{
	has_avx = __builtin_cpu_supports("avx");
	has_avx512 = __builtin_cpu_supports("avx512f");
	intercept_hook_point = hook;
}
