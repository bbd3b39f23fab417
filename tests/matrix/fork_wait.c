#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int
main(void)
{
	for (int i = 0; i < 20; ++i) {
		int status;
		pid_t child = fork();

		CHECK(child >= 0);
		if (child == 0) {
			printf("child %d\n", i);
			fflush(stdout);
			_exit(i);
		}
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == i);
	}
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
	return 0;
}
