/*
 * Opens another file than the program asked for: each openat() of $REDIRECT_FROM opens $REDIRECT_TO. Shows how to change
 * arguments, and how to look at a path that may be no valid address.
 *
 *     cc -fpic -shared open_redirect.c -lsyscall_intercept -o open_redirect.so
 *     REDIRECT_FROM=/etc/hostname REDIRECT_TO=/etc/os-release LD_PRELOAD=./open_redirect.so cat /etc/hostname
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <syscall_intercept.h>

struct redirection {
	const char *from, *to;
};

/* Whether a string of the program is this one. Asks the kernel, which does not crash where the address is bad. */
static int
equals(long address, const char *text)
{
	size_t size = strlen(text) + 1;
	char copy[4096];
	struct iovec here = {copy, size}, there = {(void *) address, size};

	return size <= sizeof(copy) && process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t) size &&
		memcmp(copy, text, size) == 0;
}

static int
before(struct intercept_call *call, void *data)
{
	const struct redirection *redirection = data;

	if (equals(call->args[1], redirection->from))
		call->args[1] = (long) redirection->to;
	return INTERCEPT_FORWARD;
}

static __attribute__((constructor)) void
start(void)
{
	static const long numbers[] = {SYS_openat};
	static struct redirection redirection;

	redirection.from = getenv("REDIRECT_FROM");
	redirection.to = getenv("REDIRECT_TO");
	if (redirection.from != NULL && redirection.to != NULL)
		intercept_add_hooks(before, NULL, &redirection, numbers, 1);
}
