/*
 * A file that is not there: each openat() of $FAKE_PATH opens one that says $FAKE_TEXT. It lies in memory, so the program may read
 * it, map it, and write to it as it likes. Only opening is faked: stat() still does not find the path.
 *
 *     cc -fpic -shared fake_file.c -lsyscall_intercept -o fake_file.so
 *     FAKE_PATH=/etc/nologin FAKE_TEXT=later LD_PRELOAD=./fake_file.so cat /etc/nologin
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <syscall_intercept.h>

static const char *path, *text;

/* Whether a string of the program is this one. Asks the kernel, which does not crash where the address is bad. */
static int
equals(long address, const char *wanted)
{
	size_t size = strlen(wanted) + 1;
	char copy[4096];
	struct iovec here = {copy, size}, there = {(void *) address, size};

	return size <= sizeof(copy) && process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t) size &&
		memcmp(copy, wanted, size) == 0;
}

static int
before(struct intercept_call *call, void *data)
{
	int fd;

	(void) data;
	if (!equals(call->args[1], path))
		return INTERCEPT_FORWARD;

	fd = memfd_create(path, call->args[2] & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd >= 0 && pwrite(fd, text, strlen(text), 0) != (ssize_t) strlen(text)) {
		close(fd);
		fd = -1;
		errno = EIO;
	}
	call->result = fd < 0 ? -errno : fd;
	return INTERCEPT_HANDLED;
}

static __attribute__((constructor)) void
start(void)
{
	static const long numbers[] = {SYS_openat};

	path = getenv("FAKE_PATH");
	text = getenv("FAKE_TEXT");
	if (path != NULL && text != NULL)
		intercept_add_hooks(before, NULL, NULL, numbers, 1);
}
