/* Grows the heap, maps memory, loads and unloads libraries, on one thread and on several, and prints what it has. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static void *
work(void *argument)
{
	char *pieces[200];
	FILE *file;
	char line[256];

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++) {
			size_t size = i % 20 == 0 ? 300000 : 50 + i * 37;

			CHECK((pieces[i] = malloc(size)) != NULL);
			memset(pieces[i], i, size);
		}
		for (int i = 0; i < 200; i += 3)
			CHECK((pieces[i] = realloc(pieces[i], 400000 - i)) != NULL);
		for (int i = 0; i < 200; i++) {
			CHECK(pieces[i][49] == (char) i);
			free(pieces[i]);
		}
		malloc_trim(0);
	}
	CHECK((file = fopen("/proc/self/status", "r")) != NULL && fgets(line, sizeof(line), file) != NULL);
	fclose(file);
	return argument;
}

int
main(int argc, char **argv)
{
	static const char *libraries[] = {"libm.so.6", "libresolv.so.2", "libutil.so.1", "libgcc_s.so.1"};
	pthread_t threads[4];

	CHECK(argc == 2);
	/* Otherwise malloc reads a file, under its lock. */
	if (argv[1][0] == 't')
		CHECK(mallopt(M_TRIM_THRESHOLD, 1 << 30) == 1);
	work(NULL);
	for (int i = 0; i < 4 && argv[1][0] == 't'; i++)
		CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < 4 && argv[1][0] == 't'; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	for (int i = 0; i < 12; i++) {
		void *library = dlopen(libraries[i % 4], i % 2 ? RTLD_NOW : RTLD_LAZY);

		CHECK(library != NULL);
		CHECK(dlclose(library) == 0);
	}
	CHECK(dlopen("/no/such/library", RTLD_NOW) == NULL);
	printf("%s\n", strstr(dlerror(), "No such file") ? "well" : "?");
	return 0;
}
