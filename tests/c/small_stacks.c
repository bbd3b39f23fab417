/* System calls from the smallest stack a thread may have, and from the smallest a signal handler may have. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t handled;

static void
handle(int signal)
{
	(void) signal;
	handled = access("/", R_OK) == 0 ? 1 : -1;
}

static void *
run(void *unused)
{
	CHECK(access("/", R_OK) == 0);
	return unused;
}

int
main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	size_t page = sysconf(_SC_PAGESIZE), size = (sysconf(_SC_SIGSTKSZ) + page - 1) / page * page;
	pthread_attr_t attributes;
	pthread_t thread;
	stack_t stack = {.ss_size = size};
	char *memory;

	CHECK(pthread_attr_init(&attributes) == 0);
	CHECK(pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN) == 0);
	CHECK(pthread_create(&thread, &attributes, run, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);

	/* Nothing below: who needs more faults. */
	memory = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED && mprotect(memory, page, PROT_NONE) == 0);
	stack.ss_sp = memory + page;
	CHECK(sigaltstack(&stack, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(raise(SIGUSR1) == 0);
	CHECK(handled == 1);
	puts("large enough");
	return 0;
}
