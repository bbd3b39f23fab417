/* A process on a stack of its own, with and without memory of its own. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;

static int
child(void *argument)
{
	shared = *(int *) argument;
	return write(1, "child\n", 6) == 6 ? shared : 1;
}

static void
run(int flags)
{
	int argument = 42, status;
	pid_t pid;

	shared = 0;
	CHECK((pid = clone(child, stack + sizeof(stack), flags | SIGCHLD, &argument)) > 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	printf("%d %d\n", WEXITSTATUS(status), shared);
	fflush(stdout);
}

int
main(void)
{
	run(0);
	run(CLONE_VM | CLONE_VFORK);
	run(CLONE_FILES | CLONE_FS);
	return 0;
}
