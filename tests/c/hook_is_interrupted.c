/*
 * A signal handler interrupts a hook, on its own stack or on others below and above it: what the hook calls afterwards still
 * does not come back to it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

#define STACK 65536

static volatile sig_atomic_t handled;
static volatile int nested;
static __thread volatile int depth;
static void *handler_stack;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number == SYS_getpgrp)
		nested++;
	if (number != SYS_getppid)
		return 1;
	CHECK(depth++ == 0);
	/* Past the hook, so that the kernel delivers the signal here. */
	CHECK(syscall_no_intercept(SYS_tgkill, (long) getpid(), syscall_no_intercept(SYS_gettid), (long) SIGUSR1) == 0);
	(void) getpgrp();
	depth--;
	*result = 4242;
	return 0;
}

static void
handle(int signal)
{
	(void) signal;
	(void) getuid();
	handled++;
}

static void *
ask(void *unused)
{
	stack_t stack = {.ss_sp = handler_stack, .ss_size = STACK, .ss_flags = handler_stack ? 0 : SS_DISABLE};

	CHECK(sigaltstack(&stack, NULL) == 0);
	handled = 0;
	for (int i = 1; i <= 10; i++) {
		CHECK(getppid() == 4242);
		CHECK(handled == i && nested == 0);
	}
	return unused;
}

static void
in_a_thread(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, ask, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
}

int
main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	char high[STACK];

	memset(high, 0, sizeof(high));
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	intercept_hook_point = hook;
	ask(NULL);
	in_a_thread();
	/* The heap is below all stacks, that of main above all others. */
	CHECK((handler_stack = malloc(STACK)) != NULL);
	ask(NULL);
	in_a_thread();
	handler_stack = high;
	in_a_thread();
	return 0;
}
