/* One thread waits in read for what never comes, while another one offers a place for a breakpoint. */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static int ends[2];
static volatile long waiting;

void now_look(void);
void *the_reader_waits(void *unused);

__attribute__((noinline)) void *
the_reader_waits(void *unused)
{
	char byte;

	waiting = syscall(SYS_gettid);
	CHECK(read(ends[0], &byte, 1) == 0);
	return unused;
}

__attribute__((noinline)) void
now_look(void)
{
	__asm__ volatile ("");
}

/* Sleeping, and for some time so. */
static int
sleeps(long thread)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", thread);
	CHECK((file = fopen(path, "r")) != NULL);
	CHECK(fgets(text, sizeof(text), file) != NULL);
	fclose(file);
	return strstr(text, ") S ") != NULL;
}

int
main(void)
{
	pthread_t thread;

	CHECK(pipe(ends) == 0);
	CHECK(pthread_create(&thread, NULL, the_reader_waits, NULL) == 0);
	while (waiting == 0 || !sleeps(waiting))
		usleep(1000);
	now_look();
	close(ends[1]);
	CHECK(pthread_join(thread, NULL) == 0);
	return 0;
}
