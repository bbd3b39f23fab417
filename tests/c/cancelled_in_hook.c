/*
 * A thread is about to wait for ever, its hook runs, and the cancellation arrives: `cancelled_in_hook HOW WHERE`. A hook is left
 * where it waits itself, and nowhere else; and the thread does not wait. Without the library there is no hook, and the thread
 * ends just so.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static const char *where;
static int type, ends[2];
static volatile int arrived, sent, entered, left, cleaned;
static __thread volatile int is_blocked;
static long (*no_intercept)(long, ...);

static void
compute(void)
{
	while (!sent)
		;
	/* At the latest here the signal is delivered. */
	no_intercept(SYS_getppid);
}

/* Large enough for malloc to ask the kernel each time. */
static void
allocate(void)
{
	while (!sent)
		free(malloc(10000000));
	for (int i = 0; i < 10; i++)
		free(malloc(10000000));
}

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a3, (void) a4, (void) a5;

	if (number != SYS_read || !is_blocked)
		return 1;
	entered++;
	arrived = 1;
	if (strcmp(where, "computing") == 0)
		compute();
	else if (strcmp(where, "allocating") == 0)
		allocate();
	else if (strcmp(where, "forwarding") == 0) {
		/* Is interrupted, as if by a signal. */
		*result = no_intercept(number, a0, a1, a2);
		left++;
		return 0;
	} else if (strcmp(where, "reading") == 0) {
		char byte;

		/* A cancellation point. */
		*result = read(ends[0], &byte, 1);
		return 0;
	}
	left++;
	return 1;
}

static void
clean(void *unused)
{
	(void) unused;
	cleaned++;
}

static void *
wait_for_ever(void *unused)
{
	char byte;

	CHECK(pthread_setcanceltype(type, NULL) == 0);
	pthread_cleanup_push(clean, NULL);
	is_blocked = 1;
	if (no_intercept == NULL)
		arrived = 1;
	read(ends[0], &byte, 1);
	pthread_cleanup_pop(0);
	return unused;
}

int
main(int argc, char **argv)
{
	void *hook_point = dlsym(RTLD_DEFAULT, "intercept_hook_point");
	pthread_t thread;
	void *result;

	CHECK(argc == 3);
	type = strcmp(argv[1], "deferred") == 0 ? PTHREAD_CANCEL_DEFERRED : PTHREAD_CANCEL_ASYNCHRONOUS;
	where = argv[2];
	CHECK(pipe(ends) == 0);
	if (hook_point != NULL) {
		CHECK((no_intercept = (long (*)(long, ...)) dlsym(RTLD_DEFAULT, "syscall_no_intercept")) != NULL);
		*(int (**)(long, long, long, long, long, long, long, long *)) hook_point = hook;
	}
	for (int i = 1; i <= 20; i++) {
		arrived = sent = 0;
		CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
		while (!arrived)
			usleep(100);
		if (i % 2 == 0)
			usleep(5000);
		CHECK(pthread_cancel(thread) == 0);
		sent = 1;
		CHECK(pthread_join(thread, &result) == 0);
		CHECK(result == PTHREAD_CANCELED && cleaned == i);
	}
	if (hook_point != NULL) {
		CHECK(entered == 20 && left == (strcmp(where, "reading") == 0 ? 0 : 20));
	}
	puts("cancelled each time");
	return 0;
}
