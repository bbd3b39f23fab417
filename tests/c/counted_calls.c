/*
 * Makes calls whose number is known: of getppid, and of getpgid with a process that cannot be.
 *
 *	counted_calls WAY CALLS [TIMES]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long calls, times;
static volatile long handled;

static void
make_calls(void)
{
	for (long i = 0; i < calls; i++)
		getppid();
	CHECK(getpgid(-1) == -1 && errno == ESRCH);
}

static void *
in_thread(void *nothing)
{
	make_calls();
	return nothing;
}

static void
in_threads(void)
{
	pthread_t *threads = calloc((size_t) times, sizeof(*threads));

	for (long i = 0; i < times; i++)
		CHECK(pthread_create(&threads[i], NULL, in_thread, NULL) == 0);
	for (long i = 0; i < times; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	free(threads);
}

static void
wait_for(pid_t child, int expected)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	CHECK(status == expected);
}

/* A few at a time. */
static void
in_turns(void)
{
	long all = times;

	times = 8;
	for (long i = 0; i < all; i += times)
		in_threads();
}

static void
in_forks(void)
{
	make_calls();
	for (long i = 0; i < times; i++) {
		pid_t child = i % 2 == 0 ? fork() : (pid_t) syscall(SYS_fork);

		CHECK(child >= 0);
		if (child == 0) {
			make_calls();
			_exit(0);
		}
		wait_for(child, 0);
	}
}

/* Another program that makes calls: by vfork and by posix_spawn. */
static void
in_programs(const char *self)
{
	char count[32];
	char *args[] = {(char *) self, "calls", count, NULL};

	snprintf(count, sizeof(count), "%ld", calls);
	for (long i = 0; i < times; i++) {
		pid_t child;

		if (i % 2 == 0) {
			child = vfork();
			CHECK(child >= 0);
			if (child == 0) {
				/* The first place does not have it. */
				execv("/no/such/program", args);
				execv(self, args);
				_exit(1);
			}
		} else {
			CHECK(posix_spawn(&child, self, NULL, NULL, args, environ) == 0);
		}
		wait_for(child, 0);
		make_calls();
	}
}

/* Several threads and processes that end where they are. */
static void
and_are_killed(void)
{
	for (long i = 0; i < times; i++) {
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0) {
			pthread_t thread;

			CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0);
			CHECK(pthread_join(thread, NULL) == 0);
			kill(getpid(), SIGKILL);
		}
		wait_for(child, SIGKILL);
	}
}

static void
handler(int signal)
{
	(void) signal;
	handled++;
	getppid();
}

/* Signals whose handlers make calls, wherever they interrupt the program. Says how many there were. */
static void
in_handlers(void)
{
	struct itimerval interval = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	while (handled < times)
		make_calls();
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	printf("%ld\n", handled);
}

/* What makes looking at a clock deadly. Calls go on and are counted; after strict mode these are all there can be. */
static void
without_a_clock(const char *way)
{
	make_calls();
	if (strcmp(way, "strict") == 0) {
		CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
		write(1, "", 0);
		syscall(SYS_exit, 0);
	}
	CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
	make_calls();
}

static void
sleeps(void)
{
	struct timespec time = {0, calls * 1000000};

	for (long i = 0; i < times; i++)
		CHECK(nanosleep(&time, NULL) == 0);
}

int
main(int argc, char **argv)
{
	const char *way = argv[1];

	CHECK(argc >= 3);
	calls = atol(argv[2]);
	times = argc > 3 ? atol(argv[3]) : 1;
	if (strcmp(way, "calls") == 0)
		make_calls();
	else if (strcmp(way, "threads") == 0)
		in_threads();
	else if (strcmp(way, "turns") == 0)
		in_turns();
	else if (strcmp(way, "forks") == 0)
		in_forks();
	else if (strcmp(way, "programs") == 0)
		in_programs(argv[0]);
	else if (strcmp(way, "killed") == 0)
		and_are_killed();
	else if (strcmp(way, "handlers") == 0)
		in_handlers();
	else if (strcmp(way, "sleeps") == 0)
		sleeps();
	else
		without_a_clock(way);
	return 0;
}
