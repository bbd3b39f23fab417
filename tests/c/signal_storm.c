/*
 * Signal after signal, 20 us apart, while the program makes calls, the hook makes calls and the handler makes calls: each one that is not the
 * hook's is seen, once, and gets its result. `signal_storm HOW SIGNALS`, `HOW` being forward, observe or answer, with a `j`
 * before it if the handler is to jump out of whatever it has interrupted.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <libsyscall_intercept_hook_point.h>

#include "check.h"

/* volatile: glibc tells the compiler that its functions do not call back into this file. */
static volatile long handled, seen_of_handler, seen_of_program, asked, jumped, in_hook;
static volatile int in_handler, answers, jumps, jumping_allowed;
static sigjmp_buf back;
static timer_t timer;
/* Of a namespace of its own the program sees no parent, group or session: they are 0. */
static pid_t parent, group, session;

static int
hook(long number, long a0, long a1, long a2, long a3, long a4, long a5, long *result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	/* Only the handler and the hook ask for this. */
	if (number == SYS_getuid)
		seen_of_handler++;
	if (number == SYS_getpgrp || number == SYS_getsid)
		abort();
	if (number != SYS_getppid)
		return 1;
	seen_of_program++;
	in_hook = 1;
	for (int i = 0; i < 20; i++)
		if (getpgrp() != group || getsid(0) != session)
			abort();
	in_hook = 0;
	*result = 4242;
	return !answers;
}

static void
after(long number, long a0, long a1, long a2, long a3, long a4, long a5, long result)
{
	(void) a0, (void) a1, (void) a2, (void) a3, (void) a4, (void) a5;

	if (number == SYS_getppid && (result != parent || getpgrp() != group))
		abort();
}

/*
 * Another signal, 20 us from now. Not at fixed intervals: where a machine takes longer than that for a signal, the program would not come
 * to make calls at all.
 */
static void
send_another(void)
{
	struct itimerspec soon = {{0, 0}, {0, 20000}};

	CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
}

static void
handle(int signal)
{
	(void) signal;
	handled++;
	(void) getuid();
	if (seen_of_handler != handled)
		abort();
	send_another();
	if (jumps && jumping_allowed) {
		jumping_allowed = 0;
		jumped += in_hook;
		in_hook = 0;
		siglongjmp(back, 1);
	}
}

static void
ask_once(void)
{
	pid_t result;
	long before;

	/* A call that is interrupted for good may have been seen or not. */
	if (jumps && sigsetjmp(back, 1) == 0) {
		jumping_allowed = 1;
		(void) getppid();
	}
	jumping_allowed = 0;
	before = seen_of_program;
	errno = 77;
	result = getppid();
	CHECK(result == (answers ? 4242 : parent) && errno == 77);
	CHECK(seen_of_program == before + 1);
	asked++;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct itimerspec off = {{0, 0}, {0, 0}};

	CHECK(argc == 3);
	jumps = argv[1][0] == 'j';
	answers = strcmp(argv[1] + jumps, "answer") == 0;
	parent = getppid();
	group = getpgrp();
	session = getsid(0);
	intercept_hook_point = hook;
	if (strcmp(argv[1] + jumps, "observe") == 0)
		intercept_hook_point_post_kernel = after;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	send_another();
	while (handled < atol(argv[2]) || (jumps && jumped < 100))
		ask_once();
	CHECK(timer_settime(timer, 0, &off, NULL) == 0);
	intercept_hook_point = NULL;
	CHECK(seen_of_handler == handled && asked > 100);
	return 0;
}
