/*
 * All six arguments arrive as they were passed, numbers that are no system call reach the kernel, and of a number the lower half
 * counts alone, for the kernel as for the hook.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

/* volatile: glibc tells the compiler that its functions do not call back into this file. */
static volatile long seen[7];
static volatile int calls;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	long all[7] = {number, a0, a1, a2, a3, a4, a5};

	(void) result;
	for (int i = 0; i < 7; i++)
		seen[i] = all[i];
	calls++;
	return 1;
}

int
main(void)
{
	static const long numbers[] = {600, -1, 0x7fffffff};
	const long args[6] = {0x1111111111111111, -2, 0x3333333333333333, -0x4444444444444444, 0x55, -0x6666666666666667};

	intercept_hook_point = hook;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		calls = 0;
		errno = 0;
		CHECK(syscall(numbers[i], args[0], args[1], args[2], args[3], args[4], args[5]) == -1 && errno == ENOSYS);
		CHECK(calls == 1);
		CHECK(seen[0] == numbers[i]);
		for (int j = 0; j < 6; j++)
			CHECK(seen[1 + j] == args[j]);
	}
	errno = 0;
	CHECK(syscall(0x7654321000000000 | SYS_close, -1) == -1 && errno == EBADF);
	CHECK(seen[0] == SYS_close);
	return 0;
}
