/*
 * Asks for a process group whose number is its own thread's, marked, in each way a thread or process can come to be: so a trace
 * that says who has asked can be compared with what was asked. Prints how many have.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define MARK (1 << 29)

static void
tell(void)
{
	/* Twice: the second may come from what was remembered of the first. */
	for (int i = 0; i < 2; i++)
		CHECK(getpgid(MARK | (int) syscall(SYS_gettid)) == -1 && errno == ESRCH);
}

static void *
tell_in_thread(void *unused)
{
	tell();
	return unused;
}

static int
tell_in_clone(void *unused)
{
	(void) unused;
	tell();
	return 0;
}

static void
await(pid_t child)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, __WALL) == child && status == 0);
}

int
main(int argc, char **argv)
{
	static char stack[1 << 16] __attribute__((aligned(16)));
	char *again[] = {argv[0], "again", NULL};
	pthread_t thread;
	pid_t child;

	tell();
	if (argc > 1)
		return 0;
	CHECK(pthread_create(&thread, NULL, tell_in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
	tell();
	if ((child = fork()) == 0) {
		tell();
		CHECK(pthread_create(&thread, NULL, tell_in_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
		_exit(0);
	}
	await(child);
	if ((child = vfork()) == 0) {
		tell();
		_exit(0);
	}
	await(child);
	tell();
	/* Shares memory and thread-local storage, and nobody waits for it. */
	await(clone(tell_in_clone, stack + sizeof(stack), CLONE_VM, NULL));
	tell();
	CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, again, environ) == 0);
	await(child);
	tell();
	puts("11");
	return 0;
}
