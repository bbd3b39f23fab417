/*
 * A plugin for a program whose signal handlers ask for the user: that is always 4711. When the program asks for its parent, the
 * hook makes calls of its own; with ANSWER in the environment it answers, with OBSERVE it sees the result.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

static int answers;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number == SYS_getuid) {
		*result = 4711;
		return 0;
	}
	if (number != SYS_getppid)
		return 1;
	if (getuid() == 4711)
		abort();
	*result = 4242;
	return !answers;
}

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;

	if (number == SYS_getppid && getuid() == 4711)
		abort();
}

static __attribute__((constructor)) void
start(void)
{
	answers = getenv("ANSWER") != NULL;
	intercept_hook_point = hook;
	if (getenv("OBSERVE") != NULL)
		intercept_hook_point_post_kernel = after;
}
