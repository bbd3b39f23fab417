/*
 * Lets a program make no more than a few processes. Threads are not counted.
 *
 *     cc -fpic -shared fork_ban.c -lsyscall_intercept -o fork_ban.so
 *     FORK_BAN_LIMIT=2 LD_PRELOAD=./fork_ban.so sh -c 'ls; ls; ls'
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <libsyscall_intercept_hook_point.h>

static atomic_long left;

static int
makes_a_process(long number, long a0)
{
	switch (number) {
	case SYS_fork:
	case SYS_vfork:
		return 1;
	case SYS_clone:
		return !(a0 & CLONE_THREAD);
	case SYS_clone3:
		/* libc passes a valid structure; another caller may not. */
		return a0 != 0 && !(((const struct clone_args *) a0)->flags & CLONE_THREAD);
	default:
		return 0;
	}
}

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (!makes_a_process(number, a0) || atomic_fetch_sub(&left, 1) > 0)
		return 1;
	*result = -EAGAIN;
	return 0;
}

static __attribute__((constructor)) void
start(void)
{
	const char *limit = getenv("FORK_BAN_LIMIT");

	atomic_init(&left, limit != NULL ? atol(limit) : 0);
	intercept_hook_point = hook;
}
