/*
 * A threaded server and a load for it.
 *
 *     echo_server serve PORT            a thread for each connection; SIGTERM ends it
 *     echo_server load PORT SECONDS     prints the number of requests and of those that failed
 *
 * A request is answered with itself, after a detour through a file and the heap: system calls of several kinds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 256
#define CLIENTS 16
#define REQUESTS_PER_CONNECTION 50

static struct sockaddr_in address = {.sin_family = AF_INET};
static atomic_long requests, failures;
static time_t end;

static int
all(ssize_t (*transfer)(int, void *, size_t), int fd, char *buffer)
{
	for (size_t done = 0; done < SIZE;) {
		ssize_t count = transfer(fd, buffer + done, SIZE - done);

		if (count <= 0)
			return 0;
		done += (size_t) count;
	}
	return 1;
}

static ssize_t
writes(int fd, void *buffer, size_t size)
{
	return write(fd, buffer, size);
}

static void *
serve_connection(void *p)
{
	int fd = (int) (long) p, file = memfd_create("request", MFD_CLOEXEC);
	char buffer[SIZE];

	while (all(read, fd, buffer)) {
		/* Large enough to be a mapping of its own. */
		char *copy = malloc(256 * 1024);

		memcpy(copy, buffer, SIZE);
		if (pwrite(file, copy, SIZE, 0) != SIZE || pread(file, buffer, SIZE, 0) != SIZE || !all(writes, fd, buffer))
			abort();
		free(copy);
	}
	close(file);
	close(fd);
	return NULL;
}

static int
serve(void)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	pthread_attr_t detached;
	pthread_t thread;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) != 0 || listen(listener, 100) != 0)
		return 1;
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0 || pthread_create(&thread, &detached, serve_connection, (void *) (long) fd) != 0)
			return 1;
	}
}

static int
connection(unsigned int seed)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), good;
	char sent[SIZE], got[SIZE];

	good = connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0;
	for (int i = 0; i < REQUESTS_PER_CONNECTION && good; i++) {
		memset(sent, (int) (seed + (unsigned int) i), SIZE);
		good = all(writes, fd, sent) && all(read, fd, got) && memcmp(sent, got, SIZE) == 0;
		requests++;
	}
	close(fd);
	return good;
}

static void *
client(void *p)
{
	unsigned int seed = (unsigned int) (long) p;

	while (time(NULL) < end)
		failures += !connection(seed++);
	return NULL;
}

static int
load(int seconds)
{
	pthread_t threads[CLIENTS];

	end = time(NULL) + seconds;
	for (long i = 0; i < CLIENTS; i++)
		if (pthread_create(&threads[i], NULL, client, (void *) i) != 0)
			return 1;
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	printf("%ld %ld\n", requests, failures);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	address.sin_port = htons((in_port_t) atoi(argv[2]));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return strcmp(argv[1], "serve") == 0 ? serve() : argc > 3 ? load(atoi(argv[3])) : 2;
}
