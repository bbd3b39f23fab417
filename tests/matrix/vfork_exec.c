#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int
main(int argc, char **argv)
{
	int status;

	if (argc > 1) {
		printf("executed with %s\n", argv[1]);
		return 7;
	}
	for (int i = 0; i < 5; ++i) {
		pid_t child = vfork();

		CHECK(child >= 0);
		if (child == 0) {
			execl("/proc/self/exe", argv[0], "argument", (char *) NULL);
			_exit(127);
		}
		CHECK(waitpid(child, &status, 0) == child);
		printf("%d\n", WEXITSTATUS(status));
		fflush(stdout);
	}
	return 0;
}
