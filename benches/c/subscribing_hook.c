/* Lets five calls pass, and does not want to see any other. */
#include "plugin.h"

INTERCEPT_SUBSCRIBE(SYS_openat, SYS_unlinkat, SYS_renameat2, SYS_connect, SYS_bind)

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) number, (void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	return 1;
}

static __attribute__((constructor)) void
start(void)
{
	measure(hook);
}
