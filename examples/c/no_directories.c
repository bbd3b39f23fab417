/*
 * Makes reading directories fail with ENOTSUP.
 *
 *     cc -fpic -shared no_directories.c -lsyscall_intercept -o no_directories.so
 *     LD_PRELOAD=./no_directories.so ls
 */
#include <errno.h>
#include <sys/syscall.h>

#include <libsyscall_intercept_hook_point.h>

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	/* ls of today calls getdents64; older ones getdents. */
	if (number == SYS_getdents || number == SYS_getdents64) {
		*result = -ENOTSUP;
		return 0;
	}
	return 1;
}

static __attribute__((constructor)) void
start(void)
{
	intercept_hook_point = hook;
}
