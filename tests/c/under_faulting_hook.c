/*
 * Makes the call at which the hooks of faulting_hook.c fault, from here and there: `under_faulting_hook WHERE`. If it lives on, it
 * checks that the call was made as ever, and that the hook is asked no more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int *seen;

static int
hook_is_asked(void)
{
	int before = *seen;

	(void) getppid();
	return *seen != before;
}

static void
call(void)
{
	unsigned mxcsr, mxcsr_before;
	unsigned short control, control_before;
	volatile long double sum = 1;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m" (mxcsr_before), "=m" (control_before));
	errno = 0;
	CHECK(dup2(1, 77) == 77 && errno == 0);
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m" (mxcsr), "=m" (control));
	/* Flags that arithmetic raises apart. */
	CHECK((mxcsr & ~0x3fu) == (mxcsr_before & ~0x3fu) && control == control_before);
	for (int i = 0; i < 16; i++)
		sum = sum * 2 + (long double) i;
	CHECK(sum == 65536.0L + 65519.0L);
	CHECK(fcntl(77, F_GETFD) == 0 && close(77) == 0);
}

static void *
thread(void *unused)
{
	call();
	return unused;
}

static void
in_thread(void)
{
	pthread_t other;

	CHECK(pthread_create(&other, NULL, thread, NULL) == 0 && pthread_join(other, NULL) == 0);
}

/* All at once: the second fault may come before the first has been dealt with. */
static pthread_barrier_t barrier;

static void *
together(void *unused)
{
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 100; i++)
		CHECK(dup2(1, 77) == 77);
	return unused;
}

static void
in_threads(void)
{
	pthread_t threads[4];

	CHECK(pthread_barrier_init(&barrier, NULL, 4) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, together, NULL) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void
call_in_handler(int signal)
{
	(void) signal;
	call();
}

static void
in_handler(void)
{
	CHECK(signal(SIGUSR1, call_in_handler) != SIG_ERR && raise(SIGUSR1) == 0);
}

static void
in_vfork(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0)
		_exit(dup2(1, 77) == 77 ? 0 : 1);
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	if (WIFSIGNALED(status)) {
		printf("the child died of %d\n", WTERMSIG(status));
		/* What it has done with its signals is not the parent's matter. */
		call();
	}
	CHECK(status == 0);
}

static void
give_stack(void)
{
	static char stack[65536];
	stack_t given = {.ss_sp = stack, .ss_size = sizeof(stack)};

	CHECK(sigaltstack(&given, NULL) == 0);
}

static void
with_stack_for_signals(void)
{
	give_stack();
	call();
}

static void
blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	CHECK(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
	call();
}

/* The program's own handler. */
static sigjmp_buf back;
static volatile sig_atomic_t handled;

static void
jump_back(int signal, siginfo_t *info, void *context)
{
	(void) signal, (void) context;
	printf("handled code %d address %p\n", info->si_code, info->si_addr);
	siglongjmp(back, 1);
}

static void
with_handler(void)
{
	struct sigaction action = {.sa_sigaction = jump_back, .sa_flags = SA_SIGINFO | SA_ONSTACK}, old;

	give_stack();
	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		if (sigsetjmp(back, 1) == 0)
			(void) dup2(1, 77);
		else
			handled++;
	}
	CHECK(sigaction(SIGSEGV, NULL, &old) == 0 && old.sa_sigaction == jump_back);
	if (handled == 2) {
		CHECK(hook_is_asked());
		exit(0);
	}
	CHECK(handled == 0);
}

/* A handler for one time is not used up by what it does not hear of. */
static void
count(int signal)
{
	(void) signal;
	handled++;
}

static void
with_handler_for_once(void)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = (int) SA_RESETHAND}, old;

	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	call();
	CHECK(sigaction(SIGSEGV, NULL, &old) == 0 && old.sa_handler == count && (old.sa_flags & 0xf0000007) == SA_RESETHAND);
	CHECK(raise(SIGSEGV) == 0 && handled == 1);
	CHECK(sigaction(SIGSEGV, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {
		{"here", call}, {"thread", in_thread}, {"threads", in_threads}, {"handler", in_handler}, {"vfork", in_vfork},
		{"stack", with_stack_for_signals}, {"blocked", blocked}, {"handled", with_handler}, {"once", with_handler_for_once},
	};

	CHECK(argc == 2 && (seen = dlsym(RTLD_DEFAULT, "seen")) != NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	CHECK(hook_is_asked());
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0) {
			all[i].run();
			CHECK(!hook_is_asked());
			/* Nor does it fault again. */
			call();
			puts("lives on");
			return 0;
		}
	CHECK(!"known");
}
