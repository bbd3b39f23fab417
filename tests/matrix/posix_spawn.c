/* Also with a program that does not exist: the error comes back from the child. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

int
main(int argc, char **argv)
{
	char *arguments[] = {argv[0], "argument", NULL};
	posix_spawn_file_actions_t actions;
	pid_t child;
	int status;

	if (argc > 1) {
		printf("spawned with %s\n", argv[1]);
		return 7;
	}
	CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ) == 0);
	CHECK(waitpid(child, &status, 0) == child);
	printf("%d\n", WEXITSTATUS(status));

	CHECK(posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) == 0);
	CHECK(posix_spawn(&child, "/proc/self/exe", &actions, NULL, arguments, environ) == 0);
	CHECK(waitpid(child, &status, 0) == child);
	printf("%d\n", WEXITSTATUS(status));

	CHECK(posix_spawn(&child, "/no/such/program", NULL, NULL, arguments, environ) == ENOENT);
	return 0;
}
