/*
 * Counts calls and errors by number, and writes at the end of the process "257: 12 calls, 3 errors" to stderr.
 *
 *     cc -fpic -shared count_calls.c -lsyscall_intercept -o count_calls.so
 *     LD_PRELOAD=./count_calls.so ls
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <syscall_intercept.h>

#define MOST 1024

/* Zero at first, and shared by all threads. */
static struct {
	atomic_long calls, errors;
} counts[MOST];

static void
count(struct intercept_call *call, void *data)
{
	(void) data;
	/* A program may make calls of numbers that do not exist. */
	if (call->number < 0 || call->number >= MOST)
		return;
	atomic_fetch_add(&counts[call->number].calls, 1);
	if (syscall_error_code(call->result) != 0)
		atomic_fetch_add(&counts[call->number].errors, 1);
}

static int
print(struct intercept_call *call, void *data)
{
	const int *output = data;

	(void) call;
	for (int number = 0; number < MOST; number++) {
		long calls = atomic_load(&counts[number].calls), errors = atomic_load(&counts[number].errors);

		if (calls != 0)
			dprintf(*output, "%d: %ld calls, %ld errors\n", number, calls, errors);
	}
	return INTERCEPT_FORWARD;
}

static __attribute__((constructor)) void
start(void)
{
	static const long end[] = {SYS_exit_group};
	static int output;

	/* Many programs close stderr before they end. */
	output = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
	intercept_add_hooks(NULL, count, NULL, NULL, 0);
	intercept_add_hooks(print, NULL, &output, end, 1);
}
