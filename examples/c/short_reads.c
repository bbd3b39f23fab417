/*
 * Lets every read() return at most so many bytes, and every fifth fail with EINTR, as they may: does the program bear it? Shows
 * how to answer calls, and to see and change results.
 *
 *     cc -fpic -shared short_reads.c -lsyscall_intercept -o short_reads.so
 *     SHORT_READS=7 LD_PRELOAD=./short_reads.so wc -c /etc/passwd
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <syscall_intercept.h>

static struct {
	long most;
	atomic_long calls, bytes;
} reads;

static int
before(struct intercept_call *call, void *data)
{
	(void) data;
	if (atomic_fetch_add(&reads.calls, 1) % 5 == 4) {
		call->result = -EINTR;
		return INTERCEPT_HANDLED;
	}
	if (call->args[2] > reads.most)
		call->args[2] = reads.most;
	return INTERCEPT_OBSERVE;
}

static void
after(struct intercept_call *call, void *data)
{
	(void) data;
	if (call->result > 0)
		atomic_fetch_add(&reads.bytes, call->result);
}

static __attribute__((constructor)) void
start(void)
{
	static const long numbers[] = {SYS_read};
	const char *most = getenv("SHORT_READS");

	reads.most = most != NULL ? atol(most) : 1;
	intercept_add_hooks(before, after, NULL, numbers, 1);
}

static __attribute__((destructor)) void
end(void)
{
	fprintf(stderr, "%ld reads, %ld bytes\n", atomic_load(&reads.calls), atomic_load(&reads.bytes));
}
