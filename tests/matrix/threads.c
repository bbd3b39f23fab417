/* 200 threads, 20 at a time; every other one detached, which frees its own stack when it ends. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "check.h"

static sem_t places, done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long sum;
static __thread long own;

static void *
work(void *argument)
{
	own = (long) (intptr_t) argument;
	free(malloc(10000 + own));
	pthread_mutex_lock(&lock);
	sum += own;
	pthread_mutex_unlock(&lock);
	sem_post(&places);
	sem_post(&done);
	return argument;
}

int
main(void)
{
	pthread_t threads[200];

	CHECK(sem_init(&places, 0, 20) == 0 && sem_init(&done, 0, 0) == 0);
	for (intptr_t i = 0; i < 200; ++i) {
		CHECK(sem_wait(&places) == 0);
		CHECK(pthread_create(&threads[i], NULL, work, (void *) i) == 0);
		if (i % 2)
			CHECK(pthread_detach(threads[i]) == 0);
	}
	for (intptr_t i = 0; i < 200; ++i) {
		void *result;

		CHECK(sem_wait(&done) == 0);
		if (i % 2 == 0) {
			CHECK(pthread_join(threads[i], &result) == 0);
			CHECK(result == (void *) i);
		}
	}
	printf("%ld\n", sum);
	return 0;
}
