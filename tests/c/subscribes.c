/*
 * A hook sees the calls it has subscribed to, and no others. With DECLARED defined it has said so before anything was patched, so
 * the code of other calls is untouched.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <syscall_intercept.h>

#include "check.h"

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

#ifdef DECLARED
INTERCEPT_SUBSCRIBE(SYS_getppid, SYS_openat)
#endif

static const long two[] = {SYS_getppid, SYS_openat}, one[] = {SYS_getppid}, other[] = {SYS_getuid};
static volatile long seen[512], strange, after;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;

	if (number >= 0 && number < 512)
		seen[number]++;
	else
		strange++;
	return 1;
}

static void
post(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) number, (void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	after++;
}

/* Whether the first instruction of a function is the jump to a stub. */
static int
is_patched(void *function)
{
	return *(unsigned char *) function == 0xe9;
}

static void
expect(int getppids, int opens, int getuids, int stranges)
{
	int fd;

	for (int i = 0; i < 512; i++)
		seen[i] = 0;
	strange = after = 0;
	CHECK(getppid() == syscall(SYS_getppid));
	CHECK((fd = open("/dev/null", O_RDONLY)) >= 0 && close(fd) == 0);
	CHECK(getuid() == (uid_t) syscall(SYS_getuid));
	CHECK(syscall(5000) == -1 && errno == ENOSYS && syscall(-1) == -1 && errno == ENOSYS);
	/* As the kernel does, by the lower half of rax. */
	CHECK(syscall(0x100000000 + SYS_getppid) == getppid());
	CHECK(seen[SYS_getppid] == 2 * getppids && seen[SYS_openat] == opens && seen[SYS_getuid] == getuids);
	CHECK(strange == stranges && (seen[SYS_close] == 1) == (stranges > 0));
}

int
main(void)
{
	intercept_hook_point = hook;
#ifdef DECLARED
	CHECK(is_patched((void *) getppid) && !is_patched((void *) getuid));
	expect(2, 1, 0, 0);
	CHECK(intercept_subscribe(other, COUNT(other)) == -1 && intercept_subscribe(NULL, 0) == -1);
	expect(2, 1, 0, 0);
#else
	CHECK(is_patched((void *) getppid) && is_patched((void *) getuid));
	expect(2, 1, 2, 2);
	CHECK(intercept_subscribe(other, COUNT(other)) == 0);
	expect(0, 0, 2, 0);
	CHECK(intercept_subscribe(NULL, 0) == 0);
	expect(2, 1, 2, 2);
	CHECK(intercept_subscribe(two, COUNT(two)) == 0);
	expect(2, 1, 0, 0);
#endif
	CHECK(intercept_subscribe(one, COUNT(one)) == 0);
	expect(2, 0, 0, 0);
	intercept_hook_point_post_kernel = post;
	expect(2, 0, 0, 0);
	CHECK(after == seen[SYS_getppid]);
	intercept_hook_point_post_kernel = NULL;
	CHECK(intercept_subscribe(two, COUNT(two)) == 0);
	expect(2, 1, 0, 0);

	/* Another hook does not see more for it. */
	CHECK(intercept_add_hook_for(hook, one, COUNT(one)) == 0);
	expect(4, 1, 0, 0);
	intercept_hook_point = NULL;
	expect(2, 0, 0, 0);

	/* One that wants something else does see it, though stubs have passed it by until now. */
#ifndef DECLARED
	CHECK(intercept_add_hook_for(hook, other, COUNT(other)) == 0);
	expect(2, 0, 2, 0);
#endif
	return 0;
}
