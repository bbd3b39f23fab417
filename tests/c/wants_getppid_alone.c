/* A plugin that wants to see all calls and goes down at any but getppid, which it answers. */
#include <stdlib.h>
#include <sys/syscall.h>

#include <libsyscall_intercept_hook_point.h>

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number != SYS_getppid)
		abort();
	*result = 4242;
	return 0;
}

static __attribute__((constructor)) void
start(void)
{
	intercept_hook_point = hook;
}
