/*
 * A disk that is full after $DISK_BYTES bytes: what a program writes to files beyond that fails with ENOSPC. Does it notice?
 *
 *     cc -fpic -shared full_disk.c -lsyscall_intercept -o full_disk.so
 *     DISK_BYTES=1000 LD_PRELOAD=./full_disk.so dd if=/dev/zero of=/tmp/zeros bs=100 count=20
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <syscall_intercept.h>

static atomic_long room;

static int
before(struct intercept_call *call, void *data)
{
	struct stat file;

	(void) data;
	/* A terminal or a pipe is on no disk. */
	if (fstat((int) call->args[0], &file) != 0 || !S_ISREG(file.st_mode) ||
			atomic_fetch_sub(&room, call->args[2]) >= call->args[2])
		return INTERCEPT_FORWARD;
	call->result = -ENOSPC;
	return INTERCEPT_HANDLED;
}

static __attribute__((constructor)) void
start(void)
{
	static const long numbers[] = {SYS_write, SYS_pwrite64};
	const char *bytes = getenv("DISK_BYTES");

	atomic_init(&room, bytes != NULL ? atol(bytes) : 0);
	intercept_add_hooks(before, NULL, NULL, numbers, 2);
}
