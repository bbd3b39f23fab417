/* Out of a blocked call, and out of a fault. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

static sigjmp_buf back;

static void
jump(int signal)
{
	siglongjmp(back, signal);
}

int
main(void)
{
	struct sigaction action = {.sa_handler = jump};
	struct itimerval timer = {{0, 0}, {0, 5000}};
	int ends[2];
	char byte;

	CHECK(pipe(ends) == 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
	for (volatile int i = 0; i < 20; ++i) {
		if (sigsetjmp(back, 1) == 0) {
			CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
			read(ends[0], &byte, 1);
			puts("read has returned");
		}
		if (sigsetjmp(back, 1) == 0) {
			volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			*page = 1;
			puts("no fault");
		}
	}
	puts("done");
	return 0;
}
