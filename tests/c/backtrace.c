/* A hook prints the way that led to it; with an argument it only offers a place for a breakpoint. */
#include <execinfo.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

static int quiet;

void the_hook_breaks_here(void);
int the_program_asks(void);

__attribute__((noinline)) void
the_hook_breaks_here(void)
{
	void *frames[64];
	int count = backtrace(frames, 64);

	if (!quiet)
		backtrace_symbols_fd(frames, count, STDOUT_FILENO);
}

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;

	if (number == SYS_getppid)
		the_hook_breaks_here();
	return 1;
}

__attribute__((noinline)) int
the_program_asks(void)
{
	/* Not a tail call. */
	return getppid() + 1;
}

int
main(int argc, char **argv)
{
	void *frame;

	(void) argv;
	quiet = argc > 1;
	/* The first call loads libgcc. */
	backtrace(&frame, 1);
	intercept_hook_point = hook;
	return the_program_asks() == 0;
}
