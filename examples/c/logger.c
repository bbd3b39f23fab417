/*
 * Writes the number and the result of each system call to stderr, as "39 = 4711". INTERCEPT_LOG does this with names and
 * arguments; this shows how to see results.
 *
 *     cc -fpic -shared logger.c -lsyscall_intercept -o logger.so
 *     LD_PRELOAD=./logger.so true
 */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	char line[64];
	int length;

	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	/* Whatever a hook calls is not intercepted. One write a line, so that the lines of two threads do not mix. */
	length = snprintf(line, sizeof(line), "%ld = %ld\n", number, result);
	syscall_no_intercept(SYS_write, STDERR_FILENO, line, length);
}

static __attribute__((constructor)) void
start(void)
{
	intercept_hook_point_post_kernel = after;
}
