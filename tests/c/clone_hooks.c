/* The clone hooks hear of every thread and process, whichever way it was made, and nobody else notices. */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

#define MOST 64

/* Shared between all processes. */
static struct notes {
	atomic_int children, parents;
	atomic_long child[MOST], parent[MOST];
} *notes;

static void
in_child(void)
{
	int at = atomic_fetch_add(&notes->children, 1);

	notes->child[at] = syscall_no_intercept(SYS_gettid);
}

static void
in_parent(long id)
{
	int at = atomic_fetch_add(&notes->parents, 1);

	notes->parent[at] = id;
}

static int
is_noted(atomic_long *list, int count, long id)
{
	for (int i = 0; i < count; i++)
		if (list[i] == id)
			return 1;
	return 0;
}

/* What was made since the last time: so many, each seen from both sides, one of them with this id. */
static void
expect(int count, long id)
{
	CHECK(notes->children == count && notes->parents == count);
	for (int i = 0; i < count; i++)
		CHECK(is_noted(notes->parent, count, notes->child[i]));
	CHECK(id == 0 || is_noted(notes->child, count, id));
	memset(notes, 0, sizeof(*notes));
}

static void
expect_exit(pid_t pid, int code)
{
	int status;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code);
}

static void *
tell_id(void *id)
{
	*(long *) id = syscall(SYS_gettid);
	return id;
}

static void
threads(void)
{
	pthread_t thread[5];
	long ids[5];

	for (int i = 0; i < 5; i++)
		CHECK(pthread_create(&thread[i], NULL, tell_id, &ids[i]) == 0);
	for (int i = 0; i < 5; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	for (int i = 0; i < 5; i++)
		CHECK(is_noted(notes->child, 5, ids[i]));
	expect(5, ids[0]);
}

static int
exit_with(void *code)
{
	return *(int *) code;
}

static void
returns_on_its_own_stack(void)
{
	syscall(SYS_exit, 24);
}

/* `clone3` by hand: like fork, like vfork with a stack to which the child returns, and a call that is refused. */
static void
clone3_by_hand(char *stack, size_t size)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	void *child = returns_on_its_own_stack;
	long pid;

	CHECK((pid = syscall(SYS_clone3, &args, sizeof(args))) >= 0);
	if (pid == 0)
		_exit(25);
	expect_exit(pid, 25);
	expect(1, pid);

	memcpy(stack + size - 24, &child, sizeof(child));
	args.flags = CLONE_VM | CLONE_VFORK;
	args.stack = (long) stack;
	args.stack_size = size - 24;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	expect_exit(pid, 24);
	expect(1, pid);

	errno = 0;
	CHECK(syscall(SYS_clone3, NULL, sizeof(args)) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_clone3, 8, sizeof(args)) == -1 && errno == EFAULT);
	expect(0, 0);
}

int
main(void)
{
	char *true_argv[] = {"true", NULL};
	char stack[65536] __attribute__((aligned(16)));
	int code = 23;
	pid_t pid;

	notes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(notes != MAP_FAILED);
	intercept_hook_point_clone_child = in_child;
	intercept_hook_point_clone_parent = in_parent;

	threads();

	for (int i = 0; i < 3; i++) {
		CHECK((pid = fork()) >= 0);
		if (pid == 0)
			_exit(40 + i);
		expect_exit(pid, 40 + i);
		expect(1, pid);
	}

	CHECK((pid = vfork()) >= 0);
	if (pid == 0)
		_exit(7);
	expect_exit(pid, 7);
	expect(1, pid);

	CHECK(posix_spawnp(&pid, "true", NULL, NULL, true_argv, environ) == 0);
	expect_exit(pid, 0);
	expect(1, pid);

	CHECK(system("exit 3") == 3 << 8);
	expect(1, 0);

	pid = clone(exit_with, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &code);
	expect_exit(pid, 23);
	expect(1, pid);

	clone3_by_hand(stack, sizeof(stack));
	CHECK((pid = syscall(SYS_fork)) >= 0);
	if (pid == 0)
		_exit(26);
	expect_exit(pid, 26);
	expect(1, pid);

	/* One that fails makes nobody. */
	errno = 0;
	CHECK(clone(exit_with, stack + sizeof(stack), CLONE_THREAD, &code) == -1 && errno == EINVAL);
	expect(0, 0);
	return 0;
}
