/* A hook that allocates, prints and opens files, on several threads: none of its own calls comes back to it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

#define THREADS 4
#define CALLS 200

static FILE *nowhere;
static atomic_int asked, inner, nested;
static __thread int depth;

static void
be_busy(void)
{
	char *text = malloc(200000);
	int fd = open("/dev/null", O_WRONLY);

	CHECK(text != NULL && fd >= 0);
	snprintf(text, 200000, "process %d, group %d\n", getpid(), getpgrp());
	fprintf(nowhere, "%s", text);
	fflush(nowhere);
	CHECK(write(fd, text, strlen(text)) == (ssize_t) strlen(text));
	CHECK(close(fd) == 0);
	free(text);
}

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (depth != 0)
		nested++;
	depth++;
	if (number == SYS_getpid || number == SYS_getpgrp || number == SYS_openat || number == SYS_open)
		inner++;
	if (number == SYS_getppid) {
		asked++;
		be_busy();
		*result = 4242;
	}
	depth--;
	return number != SYS_getppid;
}

static void *
ask(void *unused)
{
	for (int i = 0; i < CALLS; i++)
		CHECK(getppid() == 4242);
	return unused;
}

int
main(void)
{
	pthread_t threads[THREADS];

	CHECK((nowhere = fopen("/dev/null", "w")) != NULL);
	intercept_hook_point = hook;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, ask, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	intercept_hook_point = NULL;

	CHECK(asked == THREADS * CALLS);
	CHECK(inner == 0);
	CHECK(nested == 0);
	return 0;
}
