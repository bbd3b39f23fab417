/* A read that a signal interrupts goes on after an SA_RESTART handler, and fails with EINTR after another one. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static int ends[2];
static volatile sig_atomic_t handled;
static pthread_t reader;

static void
handle(int signal)
{
	(void) signal;
	handled++;
}

static void *
disturb(void *unused)
{
	for (int i = 1; i <= 5; i++) {
		usleep(20000);
		CHECK(pthread_kill(reader, SIGUSR1) == 0);
		while (handled < i)
			usleep(1000);
	}
	usleep(20000);
	CHECK(write(ends[1], "x", 1) == 1);
	return unused;
}

int
main(void)
{
	struct sigaction action = {.sa_handler = handle};
	pthread_t thread;
	char byte = 0;

	reader = pthread_self();
	CHECK(pipe(ends) == 0);

	action.sa_flags = SA_RESTART;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(pthread_create(&thread, NULL, disturb, NULL) == 0);
	CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x');
	CHECK(handled == 5);
	CHECK(pthread_join(thread, NULL) == 0);

	action.sa_flags = 0;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	ualarm(50000, 0);
	CHECK(read(ends[0], &byte, 1) == -1 && errno == EINTR);
	CHECK(handled == 6);
	return 0;
}
