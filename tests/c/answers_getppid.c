/*
 * A plugin: the parent of every process is 4242, or ANSWER. With ADDED it adds its hook to others, and does not take the hook point.
 * With ALONE it goes down at any other call. With SUBSCRIBED it wants to see no other.
 */
#include <stdlib.h>
#include <sys/syscall.h>

#include <syscall_intercept.h>

#ifndef ANSWER
#define ANSWER 4242
#endif

#ifdef SUBSCRIBED
INTERCEPT_SUBSCRIBE(SYS_getppid)
#endif

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number == SYS_getppid) {
		*result = ANSWER;
		return 0;
	}
#ifdef ALONE
	abort();
#endif
	return 1;
}

static __attribute__((constructor)) void
start(void)
{
#ifdef ADDED
	intercept_add_hook(hook);
#else
	intercept_hook_point = hook;
#endif
}
