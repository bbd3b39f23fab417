/* Opens plugins when it runs already, and asks who its parent is: by libc's function, and by a number that is in no instruction. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		CHECK(dlopen(argv[i], RTLD_NOW) != NULL);
	printf("%s %s\n", getppid() == 4242 ? "seen" : "unseen", syscall(SYS_getppid) == 4242 ? "seen" : "unseen");
	return 0;
}
