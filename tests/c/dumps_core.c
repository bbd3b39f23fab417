/*
 * Waits in read for what never comes, until a thread of its own ends it with a signal that leaves a core: `dumps_core SIGNAL`.
 * With 0 for the signal it waits to be looked at.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static int ends[2], signal_to_send;
static pthread_t first;

void the_program_waits(void);

__attribute__((noinline)) void
the_program_waits(void)
{
	char byte;

	CHECK(read(ends[0], &byte, 1) == 1);
}

/* Sleeping, and not for a page: in read. */
static int
is_in_read(void)
{
	char path[64], text[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", getpid());
	CHECK((file = fopen(path, "r")) != NULL);
	CHECK(fgets(text, sizeof(text), file) != NULL);
	fclose(file);
	return strncmp(text, "0 ", 2) == 0;
}

static void *
end_it(void *unused)
{
	while (!is_in_read())
		usleep(1000);
	puts("waiting");
	fflush(stdout);
	if (signal_to_send != 0)
		CHECK(pthread_kill(first, signal_to_send) == 0);
	return unused;
}

int
main(int argc, char **argv)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	pthread_t thread;

	CHECK(argc == 2 && pipe(ends) == 0);
	signal_to_send = atoi(argv[1]);
	if (signal_to_send != 0)
		CHECK(setrlimit(RLIMIT_CORE, &limit) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
	first = pthread_self();
	CHECK(pthread_create(&thread, NULL, end_it, NULL) == 0);
	the_program_waits();
	return 0;
}
