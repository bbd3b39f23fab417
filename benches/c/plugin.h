/*
 * What the plugins have in common: `asked` tells the caller whether its getppid was seen. The hook that notices makes way for
 * the one that is measured as soon as it has.
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <sys/syscall.h>

#include <syscall_intercept.h>

#define EMULATED_RESULT 4242

int asked;
static intercept_hook *measured;

static int
notice(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	if (number == SYS_getppid) {
		asked = 1;
		intercept_hook_point = measured;
	}
	return measured(number, a0, a1, a2, a3, a4, a5, result);
}

static void
measure(intercept_hook *hook)
{
	measured = hook;
	intercept_hook_point = notice;
}

#endif
