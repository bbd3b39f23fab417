/*
 * A thread that is blocked is cancelled: `cancel HOW WHERE`, HOW being "deferred" or "asynchronous".
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static const char *how, *where;
static volatile long waiting;
static int ends[2], listener;
static sem_t semaphore;

static void
cleanup(void *unused)
{
	(void) unused;
	puts("cleaned up");
}

static void
block(void)
{
	struct pollfd readable = {.fd = ends[0], .events = POLLIN};
	struct timespec long_time = {.tv_sec = 100};
	char byte;

	if (strcmp(where, "read") == 0)
		read(ends[0], &byte, 1);
	else if (strcmp(where, "nanosleep") == 0)
		nanosleep(&long_time, NULL);
	else if (strcmp(where, "poll") == 0)
		poll(&readable, 1, 100000);
	else if (strcmp(where, "futex") == 0)
		sem_wait(&semaphore);
	else if (strcmp(where, "accept") == 0)
		accept(listener, NULL, NULL);
	else if (strcmp(where, "syscall") == 0)
		syscall(SYS_read, ends[0], &byte, 1);
}

static void *
blocked(void *unused)
{
	int type = strcmp(how, "deferred") == 0 ? PTHREAD_CANCEL_DEFERRED : PTHREAD_CANCEL_ASYNCHRONOUS;

	pthread_cleanup_push(cleanup, NULL);
	waiting = syscall(SYS_gettid);
	pthread_setcanceltype(type, NULL);
	block();
	pthread_cleanup_pop(0);
	return unused;
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

int
main(int argc, char **argv)
{
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	pthread_t thread;
	void *result;

	CHECK(argc == 3);
	how = argv[1];
	where = argv[2];
	CHECK(pipe(ends) == 0 && sem_init(&semaphore, 0, 0) == 0);
	CHECK((listener = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	CHECK(bind(listener, (struct sockaddr *) &any, sizeof(any.sun_family)) == 0 && listen(listener, 1) == 0);
	CHECK(pthread_create(&thread, NULL, blocked, NULL) == 0);
	for (int times = 0; times < 20; times = waiting != 0 && sleeps(waiting) ? times + 1 : 0)
		usleep(1000);
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	puts(result == PTHREAD_CANCELED ? "cancelled" : "returned");
	return 0;
}
