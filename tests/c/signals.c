/* How signals arrive: `signals WHAT`. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "handlers.h"

/* linux/signal.h, which does not go together with signal.h. */
#define AUTODISARM (1u << 31)

static char *low, *high;

static void
flags_of_handlers(void)
{
	struct sigaction action;
	int status;

	install(SIGUSR1, nest, SA_NODEFER);
	CHECK(raise(SIGUSR1) == 0);
	printf("SA_NODEFER: %d handled, %d deep\n", handled, deepest);
	handled = deepest = depth = 0;
	install(SIGUSR1, nest, 0);
	CHECK(raise(SIGUSR1) == 0);
	printf("without: %d handled, %d deep\n", handled, deepest);
	handled = 0;
	install(SIGUSR1, count, SA_RESETHAND);
	CHECK(raise(SIGUSR1) == 0 && handled == 1);
	CHECK(sigaction(SIGUSR1, NULL, &action) == 0);
	printf("SA_RESETHAND: default %d, flags %x\n", action.sa_handler == SIG_DFL, action.sa_flags);
	if (fork() == 0) {
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	printf("then: %x\n", status);
	install(SIGCHLD, count, SA_NOCLDWAIT);
	handled = 0;
	if (fork() == 0)
		_exit(0);
	CHECK(wait(NULL) == -1 && errno == ECHILD);
	printf("SA_NOCLDWAIT: %d handled\n", handled);
}

static void
look_at_stack(int signal, siginfo_t *info, void *context)
{
	stack_t stack;
	sigset_t blocked;
	char here;

	(void) context;
	CHECK(sigaltstack(NULL, &stack) == 0);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	printf("%s: from %d, value %d, on the other stack %d, flags %x, blocked %d %d\n", strsignal(signal), info->si_code,
		info->si_value.sival_int, &here >= low && &here < high, stack.ss_flags, sigismember(&blocked, signal),
		sigismember(&blocked, SIGUSR2));
	handled++;
}

static void
other_stacks(void)
{
	stack_t stack = {.ss_size = 65536}, now;
	struct sigaction action = {.sa_sigaction = look_at_stack, .sa_flags = SA_SIGINFO};

	CHECK((stack.ss_sp = malloc(stack.ss_size)) != NULL);
	low = stack.ss_sp;
	high = low + stack.ss_size;
	sigaddset(&action.sa_mask, SIGUSR2);
	for (int i = 0; i < 4; i++) {
		action.sa_flags = SA_SIGINFO | (i % 2 ? SA_ONSTACK : 0);
		stack.ss_flags = i / 2 ? (int) AUTODISARM : 0;
		CHECK(sigaltstack(&stack, NULL) == 0);
		CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
		CHECK(raise(SIGUSR1) == 0);
		CHECK(sigqueue(getpid(), SIGUSR1, (union sigval) {.sival_int = 42 + i}) == 0);
		CHECK(sigaltstack(NULL, &now) == 0);
		printf("after it: %x %d\n", now.ss_flags, now.ss_sp == stack.ss_sp);
	}
	stack.ss_size = 1000;
	CHECK(sigaltstack(&stack, NULL) == -1);
	printf("too small: %s\n", strerrorname_np(errno));
}

static void
descriptors_and_timers(void)
{
	struct itimerspec soon = {{0, 1000000}, {0, 1000000}};
	struct itimerval interval = {{0, 1000}, {0, 1000}}, off = {{0, 0}, {0, 0}};
	struct signalfd_siginfo info;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value = {.sival_int = 7}};
	struct timespec second = {.tv_sec = 1};
	siginfo_t received;
	sigset_t set, old;
	timer_t timer;
	uint64_t ticks;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	CHECK((fd = signalfd(-1, &set, SFD_CLOEXEC)) >= 0);
	CHECK(sigqueue(getpid(), SIGUSR2, (union sigval) {.sival_int = 5}) == 0);
	CHECK(read(fd, &info, sizeof(info)) == sizeof(info));
	printf("signalfd: %u, value %d, own %d\n", info.ssi_signo, info.ssi_int, info.ssi_pid == (uint32_t) getpid());
	close(fd);

	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
	CHECK(sigwaitinfo(&set, &received) == SIGRTMIN);
	printf("timer: code %d, value %d\n", received.si_code, received.si_value.sival_int);
	CHECK(timer_delete(timer) == 0);
	while (sigtimedwait(&set, &received, &(struct timespec) {0}) > 0)
		;
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);

	CHECK((fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) >= 0 && timerfd_settime(fd, 0, &soon, NULL) == 0);
	CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks) && ticks >= 1);
	close(fd);

	handled = 0;
	install(SIGALRM, count, SA_RESTART);
	CHECK(setitimer(ITIMER_REAL, &interval, NULL) == 0);
	while (handled < 50)
		CHECK(getppid() >= 0);
	CHECK(setitimer(ITIMER_REAL, &off, NULL) == 0);
	/* SIGALRM may still come for the last time. */
	nanosleep(&(struct timespec) {.tv_nsec = 5000000}, &second);
	puts("timers: well");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"flags", flags_of_handlers}, {"stacks", other_stacks}, {"descriptors", descriptors_and_timers}};

	CHECK(argc == 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(), 0;
	CHECK(!"known");
}
