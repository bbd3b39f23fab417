/* pthread_exit from deep down runs cleanup handlers and destructors; so does one in main, which the process survives. */
#include <pthread.h>

#include "check.h"

static pthread_key_t key;
static pthread_t other;

static void
say(void *text)
{
	puts(text);
	fflush(stdout);
}

static __attribute__((noinline)) void
deep(int depth)
{
	if (depth == 0)
		pthread_exit("result");
	pthread_cleanup_push(say, "cleanup");
	deep(depth - 1);
	pthread_cleanup_pop(0);
}

static void *
run(void *unused)
{
	CHECK(pthread_setspecific(key, "destructor") == 0);
	deep(3);
	return unused;
}

static void *
last(void *unused)
{
	CHECK(pthread_join(other, NULL) == 0);
	say("main has ended");
	return unused;
}

int
main(void)
{
	pthread_t thread;
	void *result;

	CHECK(pthread_key_create(&key, say) == 0);
	CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	say(result);
	other = pthread_self();
	CHECK(pthread_create(&thread, NULL, last, NULL) == 0);
	pthread_exit(NULL);
}
