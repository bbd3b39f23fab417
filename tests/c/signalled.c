/*
 * Says what its handler of SIGUSR1 gets to see when the signal comes with a call of getppid.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int times, code, sender, value;

static void
handle(int signal, siginfo_t *info, void *context)
{
	(void) signal, (void) context;
	times++;
	code = info->si_code;
	sender = info->si_pid;
	value = info->si_value.sival_int;
}

static void
say(const char *what)
{
	printf("%s: %d times, code %d, sender %d, value %d\n", what, times, code, sender, value);
	fflush(stdout);
	times = 0;
}

int
main(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
	sigset_t set, before;

	sigaction(SIGUSR1, &action, NULL);
	long result = syscall(SYS_getppid);
	printf("%s\n", result > 1 || result == 0 ? "a parent" : result == 1 ? "one" : "an error");
	say("delivered");

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &before);
	getppid();
	say("blocked");
	sigpending(&set);
	printf("pending %d\n", sigismember(&set, SIGUSR1));
	sigprocmask(SIG_SETMASK, &before, NULL);
	say("unblocked");

	signal(SIGUSR1, SIG_IGN);
	getppid();
	say("ignored");
	signal(SIGUSR1, SIG_DFL);
	getppid();
	say("still here");
	return 0;
}
