/* For programs that look at what signals interrupt: calls are interrupted when they wait. */
#ifndef DISTURBED_H
#define DISTURBED_H

#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>

#include "handlers.h"

static int ends[2];

/* A thread that disturbs the main one while that sleeps in a call, with a signal every time. */
static pid_t main_thread;
static volatile int disturbances;

static int
main_sleeps(void)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", main_thread);
	CHECK((file = fopen(path, "r")) != NULL && fgets(text, sizeof(text), file) != NULL);
	fclose(file);
	return strstr(text, ") S ") != NULL;
}

static void *
disturb(void *then)
{
	for (int i = 0; i < disturbances; i++) {
		for (int slept = 0; slept < 10; slept = main_sleeps() ? slept + 1 : 0)
			usleep(300);
		CHECK(syscall(SYS_tgkill, getpid(), main_thread, SIGUSR1) == 0);
		while (handled <= i)
			usleep(300);
	}
	for (int slept = 0; then != NULL && slept < 10; slept = main_sleeps() ? slept + 1 : 0)
		usleep(300);
	if (then != NULL)
		CHECK(write(ends[1], "x", 1) == 1);
	return NULL;
}

static pthread_t
disturbed(int times, int then_write)
{
	pthread_t thread;

	main_thread = syscall(SYS_gettid);
	handled = 0;
	disturbances = times;
	CHECK(pthread_create(&thread, NULL, disturb, then_write ? &thread : NULL) == 0);
	return thread;
}

#endif
