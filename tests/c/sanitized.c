/*
 * What sanitizers watch: memory, threads, signals and processes. It makes no mistake in any of them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define THREADS 4
#define ROUNDS 100

static volatile sig_atomic_t signalled;

static void
on_signal(int signal)
{
	(void) signal;
	signalled = 1;
}

static void *
reads_files(void *unused)
{
	for (size_t round = 0; round < ROUNDS; ++round) {
		size_t size = 1000 + round;
		char *line = malloc(size);
		CHECK(line != NULL);
		memset(line, 1, size);
		FILE *file = fopen("/proc/self/stat", "r");
		CHECK(file != NULL);
		CHECK(fgets(line, (int) size, file) != NULL);
		CHECK(fclose(file) == 0);
		free(line);
	}
	return unused;
}

int
main(void)
{
	CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; ++i)
		CHECK(pthread_create(&threads[i], NULL, reads_files, NULL) == 0);
	CHECK(raise(SIGUSR1) == 0 && signalled);
	for (int i = 0; i < THREADS; ++i)
		CHECK(pthread_join(threads[i], NULL) == 0);

	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		_exit(3);
	int status;
	CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
	CHECK(system("exit 4") >> 8 == 4);
	puts("done");
	return 0;
}
