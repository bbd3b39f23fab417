/* A hook that never returns: the program is intercepted all the same afterwards. With an argument also farther down the stack. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

static jmp_buf out;
static volatile int asked;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5, (void) result;

	if (number == SYS_getppid) {
		asked++;
		longjmp(out, 1);
	}
	return 1;
}

/* Asks from as far down the stack as it is told. */
static __attribute__((noinline)) void
ask(int depth)
{
	volatile char page[4096];

	memset((char *) page, depth, sizeof(page));
	if (depth > 0)
		ask(depth - 1);
	else
		(void) getppid();
	CHECK(page[0] == depth);
}

int
main(int argc, char **argv)
{
	static const int same[] = {20, 20, 20, 10, 10, 5, 0, 0}, deeper[] = {0, 0, 10, 20, 20, 5, 0, 30};
	const int *depths = argc > 1 ? deeper : same;

	(void) argv;

	intercept_hook_point = hook;
	for (volatile int i = 0; i < 8; i++) {
		if (setjmp(out) == 0) {
			ask(depths[i]);
			CHECK(!"getppid has returned");
		}
		CHECK(asked == i + 1);
	}
	return 0;
}
