/* Threads and programs that end, in one way each: `ends WAY`. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static atomic_int ended;
static int ends[2];

static void
count_end(void *unused)
{
	(void) unused;
	ended++;
}

static void *
end_soon(void *unused)
{
	CHECK(getppid() > 0);
	ended++;
	return unused;
}

static void *
busy(void *unused)
{
	for (;;)
		(void) getppid();
	return unused;
}

static void *
blocked(void *unused)
{
	char byte;

	(void) read(ends[0], &byte, 1);
	return unused;
}

/* Only its own thread of the process is left. */
static void
wait_until_alone(void)
{
	for (int i = 0; i < 10000 && access("/proc/self/task", R_OK) == 0; i++) {
		char text[4096] = "";
		FILE *file = fopen("/proc/self/status", "r");
		int threads = 0;

		while (fgets(text, sizeof(text), file) != NULL)
			sscanf(text, "Threads: %d", &threads);
		fclose(file);
		if (threads == 1)
			return;
		usleep(1000);
	}
	CHECK(!"threads have ended");
}

static void
detached(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	CHECK(pthread_attr_init(&attributes) == 0);
	CHECK(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
	for (int i = 0; i < 500; i++) {
		CHECK(pthread_create(&thread, &attributes, end_soon, NULL) == 0);
		if (i % 50 == 49)
			wait_until_alone();
	}
	CHECK(ended == 500);
	puts("all ended");
}

/* A thread that goes on after main has ended, and ends the program. */
static void *
go_on(void *main_thread)
{
	CHECK(pthread_join(*(pthread_t *) main_thread, NULL) == 0);
	printf("main has ended, cleanups: %d\n", ended);
	fflush(stdout);
	exit(0);
}

static void
exit_from_main(void)
{
	static pthread_t main_thread;
	pthread_t thread;

	main_thread = pthread_self();
	CHECK(pthread_create(&thread, NULL, go_on, &main_thread) == 0);
	pthread_cleanup_push(count_end, NULL);
	pthread_exit(NULL);
	pthread_cleanup_pop(0);
}

static __attribute__((noinline)) void
exit_deeper(void)
{
	pthread_cleanup_push(count_end, NULL);
	pthread_exit((void *) 17);
	pthread_cleanup_pop(0);
}

static void *
exit_inside(void *unused)
{
	pthread_cleanup_push(count_end, NULL);
	exit_deeper();
	pthread_cleanup_pop(0);
	return unused;
}

static void
exit_from_inside(void)
{
	pthread_t thread;
	void *result;

	CHECK(pthread_create(&thread, NULL, exit_inside, NULL) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	printf("result %ld, cleanups: %d\n", (long) result, ended);
}

static void
with_threads_running(void)
{
	pthread_t thread;

	CHECK(pipe(ends) == 0);
	for (int i = 0; i < 8; i++)
		CHECK(pthread_create(&thread, NULL, i % 2 ? busy : blocked, NULL) == 0);
	usleep(20000);
	puts("ending");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	CHECK(argc == 2);
	if (strcmp(argv[1], "detached") == 0)
		detached();
	else if (strcmp(argv[1], "pthread_exit") == 0)
		exit_from_inside();
	else if (strcmp(argv[1], "pthread_exit from main") == 0)
		exit_from_main();
	else if (strcmp(argv[1], "exit") == 0)
		with_threads_running();
	else if (strcmp(argv[1], "exit_group") == 0)
		with_threads_running(), syscall(SYS_exit_group, 0);
	else
		CHECK(!"known");
	return 0;
}
