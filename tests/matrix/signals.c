/* A blocked read is restarted after a handler with SA_RESTART, and fails with EINTR after one without. */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

static int ends[2];
static volatile int ticks;

static void
tick(int signal)
{
	(void) signal;
	if (++ticks % 3 == 0)
		CHECK(write(ends[1], "x", 1) == 1);
}

static long
blocked_read(int flags)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = flags};
	struct itimerval timer = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
	char byte;
	long result;

	ticks = 0;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
	errno = 0;
	result = read(ends[0], &byte, 1);
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
	printf("%ld %s\n", result, result < 0 && errno == EINTR ? "EINTR" : "");
	return result;
}

int
main(void)
{
	CHECK(pipe(ends) == 0);
	CHECK(blocked_read(SA_RESTART) == 1);
	CHECK(blocked_read(0) == -1);
	return 0;
}
