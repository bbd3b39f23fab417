/*
 * A signal handler throws an exception that is caught by whoever made the call it has interrupted; destructors in between run.
 * -fnon-call-exceptions.
 */
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static int ends[2], destroyed;

struct Guarded {
	~Guarded() { destroyed++; }
};

static void
handle(int)
{
	Guarded in_handler;

	if (getppid() <= 0)
		abort();
	throw std::runtime_error("thrown by the handler");
}

static __attribute__((noinline)) long
blocked()
{
	Guarded in_program;
	char byte;

	return read(ends[0], &byte, 1);
}

static __attribute__((noinline)) int
faults(volatile int *at)
{
	Guarded in_program;

	return *at;
}

/* Leaves a thread through frames that have something to destroy. */
static void *
leaves(void *)
{
	Guarded in_thread;

	try {
		Guarded inside;
		pthread_exit((void *) 5);
	} catch (...) {
		destroyed += 100;
		throw;
	}
	return NULL;
}

int
main()
{
	struct sigaction action = {};
	itimerval soon = {{0, 0}, {0, 20000}};
	sigset_t all;
	pthread_t thread;
	void *result;

	action.sa_handler = handle;
	action.sa_flags = SA_NODEFER;
	if (pipe(ends) != 0 || sigaction(SIGALRM, &action, NULL) != 0 || sigaction(SIGSEGV, &action, NULL) != 0)
		return 2;
	for (int i = 0; i < 5; i++) {
		setitimer(ITIMER_REAL, &soon, NULL);
		try {
			printf("returned %ld\n", blocked());
		} catch (const std::runtime_error &error) {
			printf("caught: %s, destroyed %d\n", error.what(), destroyed);
		}
		try {
			printf("read %d\n", faults(NULL));
		} catch (const std::runtime_error &error) {
			printf("caught: %s, destroyed %d\n", error.what(), destroyed);
		}
	}
	sigprocmask(SIG_SETMASK, NULL, &all);
	printf("blocked: %d %d\n", sigismember(&all, SIGALRM), sigismember(&all, SIGSEGV));
	if (pthread_create(&thread, NULL, leaves, NULL) != 0 || pthread_join(thread, &result) != 0)
		return 3;
	printf("the thread left with %ld, destroyed %d\n", (long) result, destroyed);
	return 0;
}
