/* The calls of a signal handler that interrupts the program are seen, on its stack and on one of its own. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

static atomic_int seen;
static volatile sig_atomic_t parent;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number != SYS_getppid)
		return 1;
	seen++;
	*result = 4242;
	return 0;
}

static void
handle(int signal)
{
	(void) signal;
	parent = getppid();
}

static void
once(int flags, int expected)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	parent = 0;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	ualarm(20000, 0);
	/* Interrupted in the middle of a call. */
	CHECK(pause() == -1 && errno == EINTR);
	CHECK(parent == 4242 && seen == expected);

	parent = 0;
	CHECK(raise(SIGALRM) == 0);
	CHECK(parent == 4242 && seen == expected + 1);
	/* And the program is seen afterwards. */
	CHECK(getppid() == 4242 && seen == expected + 2);
}

int
main(void)
{
	stack_t stack = {.ss_size = 65536};

	CHECK((stack.ss_sp = malloc(stack.ss_size)) != NULL);
	CHECK(sigaltstack(&stack, NULL) == 0);
	intercept_hook_point = hook;
	once(0, 1);
	once(SA_ONSTACK, 4);
	return 0;
}
