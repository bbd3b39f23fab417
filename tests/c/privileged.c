/* Linked with the library. Says whether it runs with more rights than its user, and what it sees of its calls. */
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
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

int
main(void)
{
	intercept_hook_point = hook;
	printf("secure %lu, user %d, for %d, allowed %d, getppid %s\n", getauxval(AT_SECURE), getuid(), geteuid(),
		syscall_hook_in_process_allowed(), getppid() == 4242 ? "intercepted" : "bare");
	return 0;
}
