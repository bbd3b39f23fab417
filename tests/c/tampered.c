/*
 * Says what became of its calls: of chdir, which nobody makes before main, in each of its threads and processes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS 9

static volatile int results[CALLS];

static void
make(void)
{
	for (int i = 0; i < CALLS; i++) {
		int result = chdir(".");
		results[i] = result == -1 ? -errno : result;
	}
}

static void
say(const char *who)
{
	printf("%s:", who);
	for (int i = 0; i < CALLS; i++)
		printf(" %d", results[i]);
	printf("\n");
	fflush(stdout);
	memset((void *) results, 0x77, sizeof(results));
}

static void *
thread(void *name)
{
	make();
	say(name);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t id;

	make();
	say("main");
	/* Threads one after the other may get the same id: each counts for itself. */
	for (int i = 0; i < 2; i++) {
		if (pthread_create(&id, NULL, thread, "thread") != 0 || pthread_join(id, NULL) != 0)
			return 2;
	}
	if (fork() == 0) {
		make();
		say("fork");
		exit(0);
	}
	wait(NULL);
	for (int i = 0; i < 2; i++) {
		if (vfork() == 0) {
			make();
			_exit(0);
		}
		wait(NULL);
		say("vfork");
	}
	if (argc > 1) {
		fflush(stdout);
		if (vfork() == 0) {
			execl(argv[0], argv[0], NULL);
			_exit(127);
		}
		wait(NULL);
	}
	return 0;
}
