/*
 * A plugin that counts, for a program that can ask how often: getuid answers how often it has been asked, geteuid how often the
 * parent has been asked for, getegid how often the answer to that was seen. When the parent is asked for, the hooks make a call of
 * their own, which must not be seen and which nobody else makes, and change errno, which must not be seen either. With OBSERVE in the environment there is a hook after the kernel; with ANSWER the parent is
 * always 4242.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

static volatile long users, parents, results;
static int answers;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	switch (number) {
	case SYS_getuid:
		*result = ++users;
		return 0;
	case SYS_geteuid:
		*result = parents;
		return 0;
	case SYS_getegid:
		*result = results;
		return 0;
	case SYS_getpgrp:
		abort();
	case SYS_getppid:
		parents++;
		(void) getpgrp();
		errno = EDOM;
		*result = 4242;
		return !answers;
	default:
		return 1;
	}
}

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;

	if (number != SYS_getppid)
		return;
	results++;
	(void) getpgrp();
	errno = ERANGE;
}

static __attribute__((constructor)) void
start(void)
{
	answers = getenv("ANSWER") != NULL;
	intercept_hook_point = hook;
	if (getenv("OBSERVE") != NULL)
		intercept_hook_point_post_kernel = after;
}
