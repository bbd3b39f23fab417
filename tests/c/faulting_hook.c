/*
 * A hook that faults: of the kind HOOK, in the way FAULT, at each dup2(.., 77). It also counts the getppid calls it sees, so that
 * the program can tell whether it is asked.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <syscall_intercept.h>

int seen;

static void (*volatile nothing)(void);
static char *volatile beyond;

void
fault_null(void)
{
	*(volatile int *) 16 = 1;
}

void
fault_wild(void)
{
	*(volatile int *) 0x8000000000000000 = 1;
}

void
fault_bus(void)
{
	*beyond = 1;
}

void
fault_ill(void)
{
	__asm__ volatile("ud2");
}

void
fault_fpe(void)
{
	__asm__ volatile("div %b0" : : "r" (0), "a" (1) : "cc");
}

void
fault_jump(void)
{
	nothing();
}

static int
go_down(volatile char *from)
{
	volatile char room[4096];

	room[0] = *from;
	return room[0] == 0 ? 0 : go_down(room) + room[0];
}

void
fault_overflow(void)
{
	volatile char top = 1;

	go_down(&top);
}

/* As a function does that does not come back: with its registers changed, the direction reversed, and the x87 and SSE set up. */
void
fault_dirty(void)
{
	static const unsigned mxcsr = 0x7f80;
	static const unsigned short control = 0xf7f;

	__asm__ volatile(
		"ldmxcsr %0; fldcw %1; fld1; fld1; std\n\t"
		"xor %%ebx, %%ebx; xor %%r12d, %%r12d; xor %%r13d, %%r13d; xor %%r14d, %%r14d; xor %%r15d, %%r15d; mov %%rbx, (%%rbx)"
		: : "m" (mxcsr), "m" (control) : "rbx", "r12", "r13", "r14", "r15", "memory");
}

static void
look(long number, long second)
{
	static const struct {
		const char *name;
		void (*fault)(void);
	} faults[] = {
		{"null", fault_null}, {"wild", fault_wild}, {"bus", fault_bus}, {"ill", fault_ill}, {"fpe", fault_fpe},
		{"jump", fault_jump}, {"overflow", fault_overflow}, {"dirty", fault_dirty},
	};

	if (number == SYS_getppid)
		__atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
	if (number != SYS_dup2 || second != 77)
		return;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(faults[i].name, getenv("FAULT")) == 0)
			faults[i].fault();
}

static int
point(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	look(number, a1);
	return 1;
}

static void
post_kernel(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a0, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	look(number, a1);
}

static int
before(struct intercept_call *call, void *data)
{
	long second = call->args[1];

	(void) data;
	/* What it has changed when it faults does not count. */
	if (call->number == SYS_dup2)
		call->args[1] = -1;
	look(call->number, second);
	call->args[1] = second;
	return INTERCEPT_FORWARD;
}

static void
after(struct intercept_call *call, void *data)
{
	long result = call->result;

	(void) data;
	call->result = -1;
	look(call->number, call->args[1]);
	call->result = result;
}

static __attribute__((constructor)) void
start(void)
{
	const char *hook = getenv("HOOK");
	int file = memfd_create("empty", MFD_CLOEXEC);

	beyond = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (strcmp(hook, "point") == 0)
		intercept_hook_point = point;
	else if (strcmp(hook, "post_kernel") == 0)
		intercept_hook_point_post_kernel = post_kernel;
	else if (strcmp(hook, "plain") == 0)
		intercept_add_hook(point);
	else if (strcmp(hook, "before") == 0)
		intercept_add_hooks(before, NULL, NULL, NULL, 0);
	else if (strcmp(hook, "after") == 0)
		intercept_add_hooks(NULL, after, NULL, NULL, 0);
	else if (strcmp(hook, "shielded_before") == 0)
		intercept_add_shielded_hooks(before, NULL, NULL, NULL, 0);
	else if (strcmp(hook, "shielded_after") == 0)
		intercept_add_shielded_hooks(NULL, after, NULL, NULL, 0);
	else
		abort();
}
