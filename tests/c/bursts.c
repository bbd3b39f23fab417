/*
 * Calls that can be told apart in a log, from many threads of several processes:
 *
 *     bursts ends PROCESSES THREADS CALLS    makes them all and ends
 *     bursts killed THREADS CALLS            tells through a pipe after every CALLS of a thread, and is killed in the middle; says
 *                                            for each thread how many it has told of
 *
 * A call has a number of its own: process, thread and count. One of each pair waits for nobody, the other might.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define MOST_THREADS 128
/* How much is told before the end comes. */
#define TOLD 2000

/* Above all processes and all descriptors, and below INT_MAX. */
#define NUMBER(process, thread, count) (1 << 29 | (process) << 24 | (thread) << 16 | (count))

struct told {
	int thread;
	int count;
};

static int process, calls, pipe_of_tales[2];
static bool tells;

static void *
burst(void *argument)
{
	struct told told = {.thread = (int) (long) argument};

	while (told.count < (tells ? 1 << 16 : calls)) {
		int number = NUMBER(process, told.thread, told.count);

		CHECK(getpgid(number) == -1 && errno == ESRCH);
		CHECK(close(number) == -1 && errno == EBADF);
		told.count++;
		if (tells && told.count % calls == 0)
			CHECK(write(pipe_of_tales[1], &told, sizeof(told)) == sizeof(told));
	}
	return NULL;
}

static void
bursts(long threads)
{
	pthread_t all[MOST_THREADS];

	for (long i = 0; i < threads; i++)
		CHECK(pthread_create(&all[i], NULL, burst, (void *) i) == 0);
	for (long i = 0; i < threads; i++)
		CHECK(pthread_join(all[i], NULL) == 0);
}

static void
killed(int threads)
{
	int last[MOST_THREADS] = {0}, seen = 0;
	struct told told;
	pid_t child;

	CHECK(pipe(pipe_of_tales) == 0);
	if ((child = fork()) == 0) {
		tells = true;
		bursts(threads);
		_exit(0);
	}
	CHECK(child > 0 && close(pipe_of_tales[1]) == 0);
	/* What is in the pipe by then has been told, too. */
	while (read(pipe_of_tales[0], &told, sizeof(told)) == sizeof(told)) {
		last[told.thread] = told.count;
		if (++seen == TOLD)
			CHECK(kill(child, SIGKILL) == 0);
	}
	CHECK(seen >= TOLD);
	CHECK(waitpid(child, &seen, 0) == child && WIFSIGNALED(seen) && WTERMSIG(seen) == SIGKILL);
	for (int i = 0; i < threads; i++)
		printf("%d\n", last[i]);
}

int
main(int argc, char **argv)
{
	CHECK(argc >= 4);
	calls = atoi(argv[argc - 1]);
	if (argv[1][0] == 'k') {
		killed(atoi(argv[2]));
		return 0;
	}
	int processes = atoi(argv[2]), status;

	while (process < processes && fork() != 0)
		process++;
	if (process < processes) {
		bursts(atoi(argv[3]));
		_exit(0);
	}
	while (processes-- > 0)
		CHECK(wait(&status) > 0 && status == 0);
	return 0;
}
