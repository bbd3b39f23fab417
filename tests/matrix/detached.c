/*
 * 3000 detached threads, 50 at a time: each frees the stack it runs on when it ends. glibc keeps some of them for later and has
 * the kernel take back the others, musl unmaps every one and makes its last call without any stack. Nothing is left of them.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define AT_A_TIME 50

static atomic_int ran;

static void *
run(void *unused)
{
	char page[4096];

	memset(page, 1, sizeof(page));
	CHECK(getppid() > 0 || page[4095] == 1);
	ran++;
	return unused;
}

/* Lines of a file in /proc that begin with a word; the number behind it is added up. */
static long
count(const char *path, const char *word, long *sum)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	long lines = 0;

	CHECK(file != NULL);
	for (*sum = 0; fgets(line, sizeof(line), file) != NULL;) {
		if (strncmp(line, word, strlen(word)) == 0) {
			lines++;
			*sum += atol(line + strlen(word));
		}
	}
	fclose(file);
	return lines;
}

static void
make_and_wait(void)
{
	long threads = 0;

	for (int i = 0; i < AT_A_TIME; i++) {
		pthread_t thread;

		CHECK(pthread_create(&thread, NULL, run, NULL) == 0 && pthread_detach(thread) == 0);
	}
	for (int i = 0; i < 5000; i++) {
		CHECK(count("/proc/self/status", "Threads:", &threads) == 1);
		if (threads == 1)
			return;
		usleep(1000);
	}
	CHECK(!"threads have ended");
}

int
main(void)
{
	long first, unused;

	make_and_wait();
	first = count("/proc/self/maps", "", &unused);
	for (int i = 1; i < 60; i++)
		make_and_wait();
	CHECK(ran == 60 * AT_A_TIME);
	/* Which of the stacks are next to each other is not the same each time. */
	CHECK(count("/proc/self/maps", "", &unused) < first + AT_A_TIME);
	puts("all ended");
	return 0;
}
