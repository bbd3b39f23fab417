/* What programs are told of their handlers: `handlers_told WHAT`. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "handlers.h"

/* What sigaction says about handlers, and about what is none. */
static void
queries(void)
{
	struct sigaction action, old;
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} kernel;
	static const int numbers[] = {0, -1, 65, 1000, SIGKILL, SIGSTOP};
	int status;
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(edge != MAP_FAILED && mprotect(edge + 4096, 4096, PROT_NONE) == 0);
	install(SIGUSR1, count, SA_RESTART);
	sigemptyset(&action.sa_mask);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == count && (old.sa_flags & 0xf0000007) == (SA_RESTART | SA_SIGINFO));
	install(SIGUSR1, nest, 0);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == nest);
	CHECK(signal(SIGUSR1, SIG_IGN) == PLAIN(nest));
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_IGN);
	CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	CHECK(signal(SIGUSR1, PLAIN(count)) == SIG_DFL);
	CHECK(signal(SIGUSR1, PLAIN(nest)) == PLAIN(count));
	/* The kernel's own structure; in and out may be the same. */
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &kernel, 8) == 0 && kernel.handler == (void *) nest);
	kernel.handler = count;
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, &kernel, &kernel, 8) == 0 && kernel.handler == (void *) nest);
	CHECK(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &kernel, 8) == 0 && kernel.handler == (void *) count);

#define REFUSED(...) \
	do { \
		long result; \
		errno = 0; \
		result = syscall(SYS_rt_sigaction, __VA_ARGS__); \
		CHECK(sigaction(SIGUSR1, NULL, &old) == 0); \
		printf("%s: %ld %d, then %s\n", #__VA_ARGS__, result, errno, \
			old.sa_sigaction == count ? "count" : old.sa_sigaction == nest ? "nest" : "another"); \
	} while (0)

	kernel.handler = nest;
	REFUSED(SIGUSR1, 8L, NULL, 8L);
	REFUSED(SIGUSR1, edge + 4096, NULL, 8L);
	REFUSED(SIGUSR1, edge + 4096 - 16, NULL, 8L);
	REFUSED(SIGUSR1, -1L, NULL, 8L);
	REFUSED(SIGUSR1, 1L << 63, NULL, 8L);
	REFUSED(SIGUSR1, &kernel, NULL, 16L);
	REFUSED(SIGUSR1, &kernel, NULL, 0L);
	REFUSED(SIGUSR1, NULL, 8L, 8L);
	REFUSED(SIGUSR1, &kernel, edge + 4096, 8L);
	REFUSED(SIGUSR1, NULL, edge + 4096 - 16, 8L);
	kernel.handler = count;
	REFUSED(SIGUSR1, &kernel, -8L, 8L);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		REFUSED((long) numbers[i], &kernel, NULL, 8L);
		REFUSED((long) numbers[i], NULL, &kernel, 8L);
	}
	/* The handler that is said to be there is the one that runs. */
	handled = depth = 0;
	CHECK(raise(SIGUSR1) == 0);
	printf("handled %d\n", handled);
	/* fork keeps handlers, execve does not. */
	if (fork() == 0) {
		CHECK(sigaction(SIGUSR1, NULL, &old) == 0);
		_exit(old.sa_sigaction == count ? 10 : 11);
	}
	CHECK(wait(&status) > 0);
	printf("in a child: %x\n", status);
}

/* A child that shares the memory of its parent has handlers of its own, and the parent keeps those it has. */
static void
vforked(void)
{
	struct sigaction old;
	int status;
	pid_t child;

	install(SIGUSR1, count, 0);
	handled = depth = 0;
	if ((child = vfork()) == 0) {
		install(SIGUSR1, nest, 0);
		(void) signal(SIGUSR2, SIG_IGN);
		if (sigaction(SIGUSR1, NULL, &old) != 0 || old.sa_sigaction != nest)
			_exit(1);
		_exit(handled == 0 ? 0 : 2);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == count);
	CHECK(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
	CHECK(raise(SIGUSR1) == 0 && handled == 1);
	puts("its own");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"queries", queries}, {"vforked", vforked}};

	CHECK(argc == 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(), 0;
	CHECK(!"known");
}
