/*
 * Opens plugins when it runs already (with -t: when it has a second thread, of which libc knows nothing), and asks who its parent is: by
 * libc's function, and by a number that is in no instruction.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static char stack[16384];

static int
sleep_on(void *unused)
{
	(void)unused;
	while (pause() != 0)
		;
	return 0;
}

int
main(int argc, char **argv)
{
	int first = 1;

	if (argc > 1 && strcmp(argv[1], "-t") == 0) {
		int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

		CHECK(clone(sleep_on, stack + sizeof(stack), flags, NULL) > 0);
		first = 2;
	}
	for (int i = first; i < argc; i++)
		CHECK(dlopen(argv[i], RTLD_NOW) != NULL);
	printf("%s %s\n", getppid() == 4242 ? "seen" : "unseen", syscall(SYS_getppid) == 4242 ? "seen" : "unseen");
	return 0;
}
