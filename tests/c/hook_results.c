/* What a hook answers, and what the program gets. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	switch (number) {
	case SYS_getppid:
		*result = 4242;
		return 0;
	case SYS_setpgid:
		*result = -EXDEV;
		return 0;
	case SYS_getpgid:
		/* The lowest result that is an errno. */
		*result = -4095;
		return 0;
	case SYS_getpriority:
		/* One less is none. */
		*result = -4096;
		return 0;
	case SYS_close:
		*result = 0;
		return 0;
	case SYS_getuid:
	case SYS_getgid:
		/* Not handled, so nobody looks at this. */
		*result = 987654;
		return number == SYS_getuid ? 1 : -77;
	default:
		return 1;
	}
}

int
main(void)
{
	char byte;
	int ends[2];

	CHECK(pipe(ends) == 0);
	intercept_hook_point = hook;

	errno = 0;
	CHECK(getppid() == 4242);
	CHECK(errno == 0);

	CHECK(setpgid(0, 0) == -1 && errno == EXDEV);
	CHECK(syscall(SYS_getpgid, 0) == -1 && errno == 4095);
	errno = 0;
	CHECK(syscall(SYS_getpriority, 0, 0) == -4096 && errno == 0);

	CHECK(getuid() == syscall_no_intercept(SYS_getuid) && getuid() != 987654);
	CHECK(getgid() == syscall_no_intercept(SYS_getgid) && getgid() != 987654);

	/* A call that was answered is not made: the pipe is still open. */
	CHECK(close(ends[1]) == 0);
	CHECK(write(ends[1], "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x');

	intercept_hook_point = NULL;
	CHECK(getppid() != 4242);
	return 0;
}
