/* Says what a program can see of its start: errno, arguments, environment, open files, signals. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int error = errno;
	struct dirent *entry;
	DIR *open_files;
	sigset_t blocked;

	printf("errno %d\n", error);
	for (int i = 0; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	for (char **variable = environ; *variable != NULL; variable++)
		if (strncmp(*variable, "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0)
			printf("variable: %s\n", *variable);
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction action;

		if (sigismember(&blocked, signal) == 1)
			printf("signal %d is blocked\n", signal);
		if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			printf("signal %d is handled or ignored\n", signal);
	}
	open_files = opendir("/proc/self/fd");
	while ((entry = readdir(open_files)) != NULL)
		printf("open file: %s\n", entry->d_name);
	return 0;
}
