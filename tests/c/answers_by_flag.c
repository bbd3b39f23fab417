/* A plugin: the parent of every process is ANSWER, which the compiler's command line defines. */
#include <sys/syscall.h>

#include <syscall_intercept.h>

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number != SYS_getppid)
		return 1;
	*result = ANSWER;
	return 0;
}

static __attribute__((constructor)) void
start(void)
{
	intercept_add_hook(hook);
}
