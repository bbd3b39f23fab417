/*
 * A plugin that switches its hook on and off every 100 ms, as long as the program runs. The file that SWITCHING_REPORT names
 * holds two numbers, always up to date: how often it was switched, and how many calls the hook has seen.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

static struct {
	atomic_ulong switches, seen;
} *report;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) number, (void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;
	report->seen++;
	return 1;
}

static void *
run(void *unused)
{
	for (;;) {
		intercept_hook_point = intercept_hook_point == NULL ? hook : NULL;
		report->switches++;
		usleep(100 * 1000);
	}
	return unused;
}

static __attribute__((constructor)) void
start(void)
{
	int file = open(getenv("SWITCHING_REPORT"), O_RDWR | O_CREAT, 0666);
	pthread_t thread;
	sigset_t all, before;

	if (file < 0 || ftruncate(file, sizeof(*report)) != 0)
		abort();
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	/* The program's signals are for the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (report == MAP_FAILED || pthread_create(&thread, NULL, run, NULL) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
