/*
 * Says how calls end that wait, or would not have to, when SIGUSR1 comes with them. With an argument its handler does not ask for a
 * description of the signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int times, code;
static int is_plain;

static void
handle(int signal, siginfo_t *info, void *context)
{
	(void) signal, (void) context;
	times++;
	code = info->si_code;
}

static void
handle_plainly(int signal)
{
	(void) signal;
	times++;
}

static void
on_signal(int flags)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | flags};
	if (is_plain) {
		action.sa_handler = handle_plainly;
		action.sa_flags = flags;
	}

	sigaction(SIGUSR1, &action, NULL);
}

static void
say(const char *what, long result)
{
	printf("%s: %ld (errno %d), %d times, code %d\n", what, result, result < 0 ? errno : 0, times, code);
	fflush(stdout);
	times = 0;
}

int
main(int argc, char **argv)
{
	(void) argv;
	is_plain = argc > 1;
	char byte = 'x';
	struct iovec part = {&byte, 1};
	struct timespec long_time = {1000, 0};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return 1;
	on_signal(0);
	say("readv waits", readv(ends[0], &part, 1));
	if (write(ends[1], "ab", 2) != 2)
		return 1;
	say("readv need not wait", readv(ends[0], &part, 1));
	say("readv without signal", readv(ends[0], &part, 1));

	on_signal(SA_RESTART);
	struct pollfd waits = {ends[0], POLLIN, 0};
	say("poll", poll(&waits, 1, -1));
	say("nanosleep", syscall(SYS_nanosleep, &long_time, NULL));

	/* Starts again, and goes on when there is something. */
	if (fork() == 0) {
		usleep(200000);
		_exit(write(ends[1], "c", 1) != 1);
	}
	say("recvfrom", recvfrom(ends[0], &byte, 1, 0, NULL, NULL));
	wait(NULL);
	return 0;
}
