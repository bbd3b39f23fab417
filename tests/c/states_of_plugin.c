/*
 * The plugin in tests/plugin counts calls: sched_get_priority_max() by thread, times() by process. sched_get_priority_min() says how
 * many of the counts of threads were dropped. Its hooks allocate where the heap of this program changes.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define THREADS 20

static long
in_thread(void)
{
	return syscall(SYS_sched_get_priority_max, 0);
}

static long
in_process(void)
{
	return syscall(SYS_times, NULL);
}

static long
dropped(void)
{
	return syscall(SYS_sched_get_priority_min, 0);
}

static void *
thread(void *times)
{
	for (long time = 1; time <= (long) (intptr_t) times; time++)
		CHECK(in_thread() == time);
	return NULL;
}

static void
each_thread_has_its_own(void)
{
	pthread_t threads[THREADS];
	long before = dropped();

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, thread, (void *) (intptr_t) i) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	/* The kernel wakes who joins in the exit of the thread, so after it has been seen. The first has not counted. */
	CHECK(dropped() == before + THREADS - 1);
}

static volatile long in_handler[2];

static void
handler(int signal)
{
	(void) signal;
	in_handler[0] = in_thread();
	in_handler[1] = in_thread();
}

static void
a_handler_that_interrupts_a_hook_has_another(void)
{
	struct sigaction action = {.sa_handler = handler};
	long count = in_thread(), before = dropped();

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(syscall(SYS_sched_get_priority_max, SIGUSR1) == count + 1);
	CHECK(in_handler[0] == 1 && in_handler[1] == 2 && dropped() == before);
	/* Where it interrupts no hook it has the thread's, or the other one. */
	CHECK(raise(SIGUSR1) == 0 && in_handler[1] == in_handler[0] + 1);
}

static void
a_child_has_a_copy_of_the_thread_and_begins_as_a_process(void)
{
	long of_thread = in_thread(), of_process = in_process(), drops = dropped();
	int status;
	pid_t child = fork();

	if (child == 0) {
		long other = in_thread();

		_exit(other == of_thread + 1 && in_process() == 1 && in_process() == 2 && dropped() == drops ? 42 : 1);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 42);
	CHECK(in_thread() == of_thread + 1 && in_process() == of_process + 1 && dropped() == drops);
	/* The child of a vfork has the memory of its parent. */
	child = vfork();
	if (child == 0) {
		in_process();
		_exit(0);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && in_process() == of_process + 3);
}

/* Grows and shrinks the heap: the plugin allocates in the calls of malloc. */
static void *
allocates(void *unused)
{
	void *blocks[64] = {NULL};

	(void) unused;
	for (unsigned i = 0; i < 4000; i++) {
		size_t size = (size_t) 1 << (4 + i * 7 % 18);

		free(blocks[i % 64]);
		CHECK((blocks[i % 64] = malloc(size)) != NULL);
		memset(blocks[i % 64], 1, size < 4096 ? size : 4096);
	}
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	return NULL;
}

int
main(void)
{
	pthread_t threads[2];

	CHECK(in_thread() == 1 && in_thread() == 2 && in_process() == 1 && dropped() == 0);
	each_thread_has_its_own();
	a_handler_that_interrupts_a_hook_has_another();
	a_child_has_a_copy_of_the_thread_and_begins_as_a_process();
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, allocates, NULL) == 0);
	allocates(NULL);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	return 0;
}
