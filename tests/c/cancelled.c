/* A thread that is blocked is cancelled and runs its cleanup: `cancelled HOW`, HOW being "deferred" or "asynchronous". */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int type, ends[2], listener, cleaned;
static volatile long waiting;
static sem_t semaphore;

static void
clean(void *unused)
{
	(void) unused;
	cleaned++;
}

static void
block_in_read(void)
{
	char byte;

	(void) read(ends[0], &byte, 1);
}

static void
block_in_nanosleep(void)
{
	nanosleep(&(struct timespec) {.tv_sec = 100}, NULL);
}

static void
block_in_poll(void)
{
	poll(&(struct pollfd) {.fd = ends[0], .events = POLLIN}, 1, 100000);
}

static void
block_in_sem_wait(void)
{
	sem_wait(&semaphore);
}

static void
block_in_accept(void)
{
	accept(listener, NULL, NULL);
}

static void
block_in_waitpid(void)
{
	waitpid(-1, NULL, 0);
}

/* No cancellation point in older libcs. */
static void
block_in_syscall(void)
{
	char byte;

	if (type == PTHREAD_CANCEL_DEFERRED)
		block_in_read();
	else
		syscall(SYS_read, ends[0], &byte, 1);
}

static const struct {
	const char *name;
	void (*block)(void);
} all[] = {
	{"read", block_in_read}, {"nanosleep", block_in_nanosleep}, {"poll", block_in_poll},
	{"sem_wait", block_in_sem_wait}, {"accept", block_in_accept}, {"waitpid", block_in_waitpid},
	{"syscall", block_in_syscall},
};

static void *
blocked(void *where)
{
	int old;

	CHECK(pthread_setcanceltype(type, &old) == 0);
	pthread_cleanup_push(clean, NULL);
	pthread_cleanup_push(clean, NULL);
	waiting = syscall(SYS_gettid);
	((void (*)(void)) where)();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static int
sleeps(long thread)
{
	char path[64], text[512] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", thread);
	CHECK((file = fopen(path, "r")) != NULL);
	CHECK(fgets(text, sizeof(text), file) != NULL);
	fclose(file);
	return strstr(text, ") S ") != NULL;
}

static void
cancel(const char *name, void (*block)(void))
{
	pthread_t thread;
	void *result;

	cleaned = waiting = 0;
	CHECK(pthread_create(&thread, NULL, blocked, block) == 0);
	for (int times = 0; times < 10; times = waiting != 0 && sleeps(waiting) ? times + 1 : 0)
		usleep(500);
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	printf("%s: %s, %d cleanups\n", name, result == PTHREAD_CANCELED ? "cancelled" : "returned", cleaned);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	pid_t child;

	CHECK(argc == 2);
	type = strcmp(argv[1], "deferred") == 0 ? PTHREAD_CANCEL_DEFERRED : PTHREAD_CANCEL_ASYNCHRONOUS;
	CHECK(pipe(ends) == 0 && sem_init(&semaphore, 0, 0) == 0);
	CHECK((listener = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	CHECK(bind(listener, (struct sockaddr *) &any, sizeof(any.sun_family)) == 0 && listen(listener, 1) == 0);
	/* Somebody to wait for. */
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		char byte;

		close(ends[1]);
		_exit(read(ends[0], &byte, 1) != 0);
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cancel(all[i].name, all[i].block);
	close(ends[1]);
	CHECK(waitpid(child, NULL, 0) == child);
	return 0;
}
