/* A static program that opens libraries, and with them a libc: it goes on. `static_program LIBRARY...`; the last one is asked. */
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int
main(int argc, char **argv)
{
	int (*asks_getppid)(void), status;
	void *library = NULL;
	pid_t child;

	for (int i = 1; i < argc; i++) {
		if ((library = dlopen(argv[i], RTLD_NOW)) == NULL)
			fprintf(stderr, "%s\n", dlerror());
		CHECK(library != NULL);
	}
	CHECK((*(void **) &asks_getppid = dlsym(library, "asks_getppid")) != NULL);
	printf("the opened libc says %s\n", asks_getppid() == getppid() ? "the same" : "something else");
	if ((child = fork()) == 0)
		_exit(asks_getppid() == getppid() ? 40 : 1);
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	printf("a child ends with %x\n", status);
	return 0;
}
