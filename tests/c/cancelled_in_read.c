/* Threads that wait in read can be cancelled, and run their cleanup. */
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static int ends[2];
static int cleaned;

static void
clean(void *unused)
{
	(void) unused;
	cleaned++;
}

static void *
wait_for_ever(void *unused)
{
	char byte;

	pthread_cleanup_push(clean, NULL);
	CHECK(write(ends[1], "r", 1) == 1);
	for (;;)
		CHECK(read(ends[0], &byte, 1) == 1);
	pthread_cleanup_pop(0);
	return unused;
}

int
main(void)
{
	for (int i = 1; i <= 20; i++) {
		pthread_t thread;
		void *result;

		CHECK(pipe(ends) == 0);
		CHECK(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
		/* Sometimes it waits already, sometimes it is on its way. */
		if (i % 2 == 0)
			usleep(5000);
		CHECK(pthread_cancel(thread) == 0);
		CHECK(pthread_join(thread, &result) == 0);
		CHECK(result == PTHREAD_CANCELED && cleaned == i);
		CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
	}
	return 0;
}
