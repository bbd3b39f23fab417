/*
 * How much of a signal stack is used.
 *
 *     stack_of_handlers needs        prints how many bytes are used by a handler that makes no call, and the most that are used by one
 *                                    that makes a call
 *     stack_of_handlers runs MORE    has both run on a stack of the kernel's smallest size and so many bytes
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define MOST 0x10000
#define UNUSED 0x5a

/* Calls that do nothing, some of which are long lines in a log; the first is none. */
static const struct call {
	long number, arguments[4];
} calls[] = {
	{-1, {0}},
	{SYS_getppid, {0}},
	{SYS_access, {(long) "/no/such/file", R_OK}},
	{SYS_openat, {AT_FDCWD, (long) "/no/such/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644}},
	{SYS_execve, {(long) "/no/such/file", 0, 0}},
	{SYS_write, {-1, (long) "a line\n", 7}},
	{SYS_mmap, {0, 0, PROT_READ, MAP_PRIVATE}},
	{SYS_sendmsg, {-1, 8, 0}},
	{SYS_rt_sigaction, {70, 8, 0, 8}},
	{SYS_clone3, {0}},
	{600, {1, 2, 3, 4}},
};

static const struct call *call;
static volatile sig_atomic_t handled;
static char *memory;

static void
handle(int signal)
{
	(void) signal;
	if (call->number >= 0)
		syscall(call->number, call->arguments[0], call->arguments[1], call->arguments[2], call->arguments[3], 0, 0);
	handled = 1;
}

static void
run_on(size_t size)
{
	stack_t stack = {.ss_sp = memory + MOST - size, .ss_size = size};

	memset(memory, UNUSED, MOST);
	CHECK(sigaltstack(&stack, NULL) == 0);
	handled = 0;
	CHECK(raise(SIGUSR1) == 0 && handled);
}

static long
used(void)
{
	char *lowest = memory;

	while (*lowest == UNUSED)
		lowest++;
	return memory + MOST - lowest;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	size_t count = sizeof(calls) / sizeof(calls[0]), smallest = getauxval(AT_MINSIGSTKSZ);
	long most = 0;

	CHECK(argc >= 2 && smallest >= 2048);
	memory = mmap(NULL, MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED && sigaction(SIGUSR1, &action, NULL) == 0);
	/* The dynamic loader binds functions when they are first called, and needs much stack for it. */
	for (call = calls; call < calls + count; call++)
		run_on(MOST);
	if (strcmp(argv[1], "needs") == 0) {
		for (call = calls; call < calls + count; call++) {
			run_on(MOST);
			if (call == calls)
				printf("%ld ", used());
			else if (used() > most)
				most = used();
		}
		printf("%ld\n", most);
		return 0;
	}
	CHECK(strcmp(argv[1], "runs") == 0 && argc == 3);
	for (call = calls; call < calls + count; call++) {
		size_t size = smallest + atol(argv[2]);

		run_on(size);
		/* What lies below belongs to somebody else. */
		for (char *byte = memory; byte < memory + MOST - size; byte++)
			CHECK(*byte == UNUSED);
	}
	puts("large enough");
	return 0;
}
