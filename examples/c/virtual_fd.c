/*
 * A file that only the plugin knows: /counter holds how often it has been opened. What the program gets is a descriptor of
 * /dev/null, so that its number is nobody else's; read() and close() of it are answered here, and whatever else the program
 * does with it the kernel answers.
 *
 *     cc -fpic -shared virtual_fd.c -lsyscall_intercept -o virtual_fd.so
 *     LD_PRELOAD=./virtual_fd.so cat /counter /counter
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <syscall_intercept.h>

#define MOST 1024

static atomic_long opened;

/* What is still to be read from a descriptor; 0 where it is none of ours, and -1 at its end. */
static atomic_long left[MOST];

static long
open_counter(long flags)
{
	int fd = open("/dev/null", O_RDONLY | (flags & O_CLOEXEC));

	if (fd >= MOST) {
		close(fd);
		return -EMFILE;
	}
	if (fd < 0)
		return -errno;
	atomic_store(&left[fd], atomic_fetch_add(&opened, 1) + 1);
	return fd;
}

static long
read_counter(int fd, long address, long size)
{
	char text[24];
	struct iovec here = {text, 0}, there = {(void *) address, 0};
	long number = atomic_exchange(&left[fd], -1);
	long copied;

	if (number < 0)
		return 0;
	there.iov_len = here.iov_len = snprintf(text, sizeof(text), "%ld\n", number);
	if (size < (long) here.iov_len)
		return -EINVAL;
	/* The address may be bad: the kernel copies, and does not crash. */
	copied = process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	return copied < 0 ? -errno : copied;
}

static int
before(struct intercept_call *call, void *data)
{
	long fd = call->args[0];
	char path[sizeof("/counter")];
	struct iovec here = {path, sizeof(path)}, there = {(void *) call->args[1], sizeof(path)};

	(void) data;
	if (call->number == SYS_openat) {
		if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != sizeof(path) ||
				memcmp(path, "/counter", sizeof(path)) != 0)
			return INTERCEPT_FORWARD;
		call->result = open_counter(call->args[2]);
		return INTERCEPT_HANDLED;
	}
	if (fd < 0 || fd >= MOST || atomic_load(&left[fd]) == 0)
		return INTERCEPT_FORWARD;
	if (call->number == SYS_read) {
		call->result = read_counter((int) fd, call->args[1], call->args[2]);
		return INTERCEPT_HANDLED;
	}
	atomic_store(&left[fd], 0);     /* close() */
	return INTERCEPT_FORWARD;
}

static __attribute__((constructor)) void
start(void)
{
	static const long numbers[] = {SYS_openat, SYS_read, SYS_close};

	intercept_add_hooks(before, NULL, NULL, numbers, 3);
}
