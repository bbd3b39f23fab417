/*
 * Makes calls with alignment checks switched on, and with the direction flag set: what libc's functions do not survive that do more than make
 * a system call. Says what has become of the flags.
 */
#include <stdio.h>
#include <unistd.h>

#define ALIGNMENT 0x40000UL
#define DIRECTION 0x400UL

/* The parent's id, asked with these flags set. `set` is which of them still are. */
static pid_t
ask_with(unsigned long flags, pid_t (*ask)(void), unsigned long *set)
{
	pid_t parent;

	__asm__ volatile (
		"mov	%%rsp, %%rbx\n"
		"lea	-128(%%rsp), %%rsp\n"		/* the red zone */
		"and	$-16, %%rsp\n"
		"pushfq\n"
		"pushfq\n"
		"or	%[flags], (%%rsp)\n"
		"popfq\n"
		"sub	$8, %%rsp\n"
		"call	*%[ask]\n"
		"pushfq\n"
		"pop	%%rcx\n"
		"add	$8, %%rsp\n"
		"popfq\n"
		"mov	%%rbx, %%rsp\n"
		: "=a" (parent), "=c" (*set)
		: [flags] "r" (flags), [ask] "r" (ask)
		: "rbx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	*set &= flags;
	return parent;
}

int
main(void)
{
	static const unsigned long flags[] = {ALIGNMENT, DIRECTION, ALIGNMENT | DIRECTION};

	for (int i = 0; i < 3; i++) {
		unsigned long set;
		pid_t parent = ask_with(flags[i], getppid, &set);

		printf("%d %d\n", parent == getppid(), set == flags[i]);
	}
	return 0;
}
