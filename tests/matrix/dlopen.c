/* `dlopen LIBRARY`: with a thread-local and with another thread that makes system calls meanwhile. */
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static volatile int stop;

static void *
busy(void *unused)
{
	while (!stop)
		getppid();
	return unused;
}

int
main(int argc, char **argv)
{
	pthread_t thread;

	CHECK(argc == 2);
	CHECK(pthread_create(&thread, NULL, busy, NULL) == 0);
	for (int i = 0; i < 20; ++i) {
		void *library = dlopen(argv[1], RTLD_NOW);
		int (*count)(void);

		if (library == NULL)
			fprintf(stderr, "%s\n", dlerror());
		CHECK(library != NULL);
		CHECK((count = (int (*)(void)) dlsym(library, "count")) != NULL);
		CHECK(count() > 0);
		CHECK(dlclose(library) == 0);
	}
	stop = 1;
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(dlopen("/no/such/library", RTLD_NOW) == NULL);
	puts("done");
	return 0;
}
