/* A plugin that sees the result of every call: none is made at its original address. */
#include <stdatomic.h>

#include <libsyscall_intercept_hook_point.h>

#include "probe.h"

/* Something that depends on each result, so that the compiler cannot leave the hook out. */
static atomic_long sum;

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a1, (void) a2, (void) a3, (void) a4, (void) a5;
	if (number == PROBE)
		*(int *) a0 += 1;
	atomic_fetch_add_explicit(&sum, result, memory_order_relaxed);
}

static __attribute__((constructor)) void
start(void)
{
	intercept_hook_point_post_kernel = after;
}
