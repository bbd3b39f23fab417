/*
 * Goes on after the file of its libc has been replaced by something that is none: `outlives_its_libc LIBC LIBRARY`, `LIBC` being
 * the file to replace, or a dash if somebody else has done so, `LIBRARY` one to open that has a function `asks_getppid`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void *
run(void *parent)
{
	CHECK(*(pid_t *) parent == getppid());
	return parent;
}

static void
replace(const char *path)
{
	FILE *file;

	CHECK(unlink(path) == 0);
	CHECK((file = fopen(path, "w")) != NULL && fputs("no libc\n", file) > 0 && fclose(file) == 0);
}

int
main(int argc, char **argv)
{
	int (*asks_getppid)(void), status;
	pid_t parent = getppid(), child;
	pthread_t thread;
	void *library;

	CHECK(argc == 3);
	if (strcmp(argv[1], "-") != 0)
		replace(argv[1]);
	for (int i = 0; i < 100; i++)
		CHECK(getppid() == parent && access("/", R_OK) == 0 && access("/no/such/file", R_OK) == -1 && errno == ENOENT);
	CHECK((library = dlopen(argv[2], RTLD_NOW)) != NULL);
	CHECK((*(void **) &asks_getppid = dlsym(library, "asks_getppid")) != NULL && asks_getppid() == parent);
	CHECK(dlclose(library) == 0);
	CHECK(dlopen("/no/such/library.so", RTLD_NOW) == NULL);
	CHECK(pthread_create(&thread, NULL, run, &parent) == 0 && pthread_join(thread, NULL) == 0);
	for (int i = 0; i < 10; i++) {
		if ((child = fork()) == 0)
			_exit(access("/", R_OK) == 0 && getppid() >= 0 ? 40 + i : 1);
		CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 40 + i);
	}
	puts("it went on");
	return 0;
}
