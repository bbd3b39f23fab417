/* syscall_no_intercept goes straight to the kernel. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

/* volatile: glibc tells the compiler that its functions do not call back into this file. */
static volatile int calls;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) number, (void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	calls++;
	return 1;
}

int
main(void)
{
	int fd;
	long result;
	const char *page;

	CHECK((fd = memfd_create("pages", 0)) >= 0);
	CHECK(pwrite(fd, "A", 1, 0) == 1 && pwrite(fd, "B", 1, 4096) == 1);
	intercept_hook_point = hook;
	(void) getppid();
	CHECK(calls == 1);
	calls = 0;

	/* Raw results: no errno is set, on success and on failure. */
	errno = 77;
	CHECK((result = syscall_no_intercept(SYS_close, 12345)) == -EBADF);
	CHECK(errno == 77 && syscall_error_code(result) == EBADF);
	CHECK((result = syscall_no_intercept(SYS_getpid)) == syscall_no_intercept(SYS_getpid) && result > 0);
	CHECK(errno == 77 && syscall_error_code(result) == 0);
	CHECK(syscall_no_intercept(600) == -ENOSYS && syscall_no_intercept(-1) == -ENOSYS);

	/* The fifth argument of mmap is the file and the sixth the offset. */
	result = syscall_no_intercept(SYS_mmap, NULL, 4096L, (long) PROT_READ, (long) MAP_PRIVATE, (long) fd, 4096L);
	CHECK(syscall_error_code(result) == 0);
	page = (const char *) result;
	CHECK(page[0] == 'B');
	CHECK(calls == 0);

	CHECK(syscall_error_code(0) == 0 && syscall_error_code(-1) == 1 && syscall_error_code(-4095) == 4095);
	CHECK(syscall_error_code(-4097) == 0 && syscall_error_code(4095) == 0);
	return 0;
}
