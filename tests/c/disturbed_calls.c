/* How calls go on that a signal has interrupted: `disturbed_calls WHAT`. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

#include "disturbed.h"

/* Every call that may be restarted, and every one that never is, after handlers of both kinds. */
static void
interrupted_calls(int flags)
{
	struct timespec time = {.tv_sec = 20}, left;
	struct pollfd readable = {.fd = ends[0], .events = POLLIN};
	struct epoll_event event;
	int epoll = epoll_create1(0);
	int32_t word = 0;
	sem_t semaphore;
	sigset_t empty;
	char byte;
	pid_t child;

#define INTERRUPTED(what, call, then_write) \
	do { \
		pthread_t thread; \
		long result; \
		thread = disturbed(2, then_write); \
		errno = 0; \
		result = (call); \
		printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : ""); \
		while (handled < 2) \
			usleep(1000); \
		CHECK(pthread_join(thread, NULL) == 0); \
		while (poll(&readable, 1, 0) == 1) \
			CHECK(read(ends[0], &byte, 1) == 1); \
	} while (0)

	install(SIGUSR1, count, flags);
	sigemptyset(&empty);
	CHECK(sem_init(&semaphore, 0, 0) == 0);
	INTERRUPTED("read", read(ends[0], &byte, 1), 1);
	INTERRUPTED("futex", syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0), 0);
	INTERRUPTED("nanosleep", nanosleep(&time, &left), 0);
	INTERRUPTED("poll", poll(&readable, 1, 20000), 1);
	INTERRUPTED("ppoll", ppoll(&readable, 1, &time, &empty), 1);
	INTERRUPTED("epoll_wait", epoll_wait(epoll, &event, 1, 20000), 0);
	INTERRUPTED("pause", pause(), 0);
	INTERRUPTED("sigsuspend", sigsuspend(&empty), 0);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		usleep(400000);
		_exit(3);
	}
	INTERRUPTED("waitid", waitid(P_PID, child, NULL, WEXITED | WNOWAIT), 0);
	CHECK(waitpid(child, NULL, 0) == child);
	close(epoll);
}

/* Stopped and continued, which is what restart_syscall is for, a call goes on and keeps its time. */
static void
stopped_and_continued(void)
{
	struct timespec before, after, time = {.tv_nsec = 150000000};
	struct pollfd nothing = {.fd = ends[0], .events = POLLIN};
	int32_t word = 0;

	for (int i = 0; i < 3; i++) {
		pid_t child = fork();
		int status;

		CHECK(child >= 0);
		if (child == 0) {
			long result, elapsed;

			clock_gettime(CLOCK_MONOTONIC, &before);
			errno = 0;
			if (i == 0)
				result = nanosleep(&time, NULL);
			else if (i == 1)
				result = poll(&nothing, 1, 150);
			else
				result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0);
			clock_gettime(CLOCK_MONOTONIC, &after);
			elapsed = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
			printf("%d: %ld %d %s\n", i, result, errno, elapsed >= 149 && elapsed < 2000 ? "in time" : "off");
			fflush(stdout);
			_exit(0);
		}
		for (int j = 0; j < 3; j++) {
			usleep(20000);
			CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
			CHECK(kill(child, SIGCONT) == 0);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
}

static void
restart(void)
{
	interrupted_calls(SA_RESTART);
}

static void
fail(void)
{
	interrupted_calls(0);
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} all[] = {{"restart", restart}, {"fail", fail}, {"stop", stopped_and_continued}};

	CHECK(argc == 2 && pipe(ends) == 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(), 0;
	CHECK(!"known");
}
