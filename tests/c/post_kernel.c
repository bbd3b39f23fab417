/* The hook after the kernel sees every call that was made, with its result, and none that the hook before has answered. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

/* volatile: glibc tells the compiler that its functions do not call back into this file. */
static volatile struct call {
	long number, args[6], result;
} calls[16];
static volatile int count, before, own;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	before++;
	if (number != SYS_getppid)
		return 1;
	*result = 4242;
	return 0;
}

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	struct call call = {number, {a0, a1, a2, a3, a4, a5}, result};

	/* Not seen: neither by this hook nor by the other. */
	own += getpgrp() >= 0;
	if (count < 16)
		calls[count] = call;
	count++;
}

int
main(void)
{
	char text[8] = "";
	int fd;

	intercept_hook_point = hook;
	intercept_hook_point_post_kernel = after;

	CHECK(getppid() == 4242);
	CHECK(before == 1 && count == 0);

	CHECK((fd = open("/dev/zero", O_RDONLY)) >= 0);
	CHECK(read(fd, text, 5) == 5);
	errno = 0;
	CHECK(write(-1, text, 3) == -1 && errno == EBADF);
	CHECK(syscall(600, 1, 2, 3, 4, 5, 6) == -1 && errno == ENOSYS);
	intercept_hook_point = NULL;
	intercept_hook_point_post_kernel = NULL;

	CHECK(before == 5 && count == 4 && own == 4);
	CHECK(calls[0].number == SYS_openat && strcmp((const char *) calls[0].args[1], "/dev/zero") == 0);
	CHECK(calls[0].result == fd);
	CHECK(calls[1].number == SYS_read && (int) calls[1].args[0] == fd && calls[1].args[1] == (long) text);
	CHECK(calls[1].args[2] == 5 && calls[1].result == 5);
	CHECK(calls[2].number == SYS_write && (int) calls[2].args[0] == -1 && calls[2].args[2] == 3);
	CHECK(calls[2].result == -EBADF);
	CHECK(calls[3].number == 600 && calls[3].result == -ENOSYS);
	for (int i = 0; i < 6; i++)
		CHECK((int) calls[3].args[i] == i + 1);
	return 0;
}
