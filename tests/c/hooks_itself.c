/* A program that hooks its own calls. */
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number != SYS_getppid)
		return 1;
	*result = 4242;
	return 0;
}

static volatile long child;

static void
in_parent(long pid)
{
	child = pid;
}

int
main(void)
{
	pid_t pid;

	intercept_hook_point = hook;
	intercept_hook_point_clone_parent = in_parent;
	if ((pid = fork()) == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	printf("getppid %s, fork %s, allowed %d\n", getppid() == 4242 ? "intercepted" : "bare",
		child == pid ? "intercepted" : "bare", syscall_hook_in_process_allowed());
	return 0;
}
