/* Two contexts that take turns, each with system calls. musl has declared, but not written, these functions. */
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

#ifdef __GLIBC__
static ucontext_t first, second;
static char stack[65536];

static void
other(void)
{
	for (int i = 0; i < 3; ++i) {
		printf("other %d\n", i);
		fflush(stdout);
		CHECK(swapcontext(&second, &first) == 0);
	}
}

int
main(void)
{
	CHECK(getcontext(&second) == 0);
	second.uc_stack.ss_sp = stack;
	second.uc_stack.ss_size = sizeof(stack);
	second.uc_link = &first;
	makecontext(&second, other, 0);
	for (int i = 0; i < 4; ++i) {
		CHECK(swapcontext(&first, &second) == 0);
		printf("first %d\n", i);
		fflush(stdout);
	}
	return 0;
}
#else
int
main(void)
{
	puts("no contexts");
	return 0;
}
#endif
