/* Is shown the result of every call. */
#include <sys/syscall.h>

#include <libsyscall_intercept_hook_point.h>

int asked;

static void
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	if (number == SYS_getppid)
		asked = 1;
}

static __attribute__((constructor)) void
start(void)
{
	intercept_hook_point_post_kernel = hook;
}
