/*
 * A slow disk: each read() and write() begins $SLOW_MS milliseconds later.
 *
 *     cc -fpic -shared slow_disk.c -lsyscall_intercept -o slow_disk.so
 *     SLOW_MS=50 LD_PRELOAD=./slow_disk.so cat /etc/passwd
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#include <syscall_intercept.h>

static int
before(struct intercept_call *call, void *data)
{
	(void) call;
	/* The data is the delay. A signal ends it early, as it would end a call that waits. */
	nanosleep(data, NULL);
	return INTERCEPT_FORWARD;
}

static __attribute__((constructor)) void
start(void)
{
	static const long numbers[] = {SYS_read, SYS_write, SYS_pread64, SYS_pwrite64};
	static struct timespec delay;
	const char *text = getenv("SLOW_MS");
	long ms = text != NULL ? atol(text) : 0;

	delay.tv_sec = ms / 1000;
	delay.tv_nsec = ms % 1000 * 1000000;
	intercept_add_hooks(before, NULL, &delay, numbers, 4);
}
