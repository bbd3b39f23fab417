/*
 * A plugin that lets every call pass and leaves garbage in every register a function may clobber. OBSERVE in the environment
 * makes a hook after the kernel do the same; with ANSWER the hook answers getppid itself. It stops the program if it does not
 * get the state that functions are promised.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <libsyscall_intercept_hook_point.h>

#define XMM "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
	"xmm13", "xmm14", "xmm15"

static int has_avx, has_avx512, answers;

static void
check_promises(void)
{
	uint32_t mxcsr, x87[7];
	uint64_t flags;

	__asm__ volatile ("stmxcsr %0; fnstenv %1; fldenv %1; pushfq; pop %2" : "=m" (mxcsr), "=m" (x87), "=r" (flags));
	/*
	 * Exceptions masked, round to nearest, nothing on the x87 stack; neither direction flag nor alignment check; a frame that
	 * begins at a multiple of 16.
	 */
	if ((mxcsr & 0xffc0) != 0x1f80 || (uint16_t) x87[0] != 0x37f || (uint16_t) x87[2] != 0xffff || (flags & 0x40400) != 0)
		abort();
	if ((uintptr_t) __builtin_frame_address(0) % 16 != 0)
		abort();
}

static void
clobber(void)
{
	volatile double inexact = 3;

	check_promises();
	inexact = 1 / inexact;
	/* Exceptions of the x87, and a comparison; its registers full and empty again. */
	__asm__ volatile ("fld1; fldz; fdivrp; fldpi; fsqrt; fcompp; .rept 8; fldz; .endr; .rept 8; fstp %%st; .endr" : : :
		"st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)");
	__asm__ volatile (
		".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
		"	pcmpeqd	%%xmm\\n, %%xmm\\n\n"
		".endr\n" : : : XMM);
	if (has_avx)
		__asm__ volatile (
			".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
			"	vcmptrueps %%ymm\\n, %%ymm\\n, %%ymm\\n\n"
			".endr\n" : : : XMM);
	if (has_avx512)
		__asm__ volatile (
			".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "
			"16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
			"	vpternlogd $0xff, %%zmm\\n, %%zmm\\n, %%zmm\\n\n"
			".endr\n"
			".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n"
			"	kxnorw	%%k\\n, %%k\\n, %%k\\n\n"
			".endr\n" : : : XMM);
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
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;
	clobber();
	if (!answers || number != SYS_getppid)
		return 1;
	*result = 4242;
	return 0;
}

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) number, (void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	clobber();
}

static __attribute__((constructor)) void
start(void)
{
	has_avx = __builtin_cpu_supports("avx");
	has_avx512 = __builtin_cpu_supports("avx512f");
	answers = getenv("ANSWER") != NULL;
	intercept_hook_point = hook;
	if (getenv("OBSERVE") != NULL)
		intercept_hook_point_post_kernel = after;
}
