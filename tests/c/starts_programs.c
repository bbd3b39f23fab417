/*
 * Starts programs in every way there is, and in some that fail, and prints what came of it. Started with an argument it prints
 * its arguments and environment and ends with the status that the last argument names.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void
reap(const char *what, pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	printf("%s: status %x\n", what, status);
	fflush(stdout);
}

/* In a child of `fork`. */
#define IN_CHILD(what, call) \
	do { \
		pid_t child; \
		fflush(stdout); \
		if ((child = fork()) == 0) { \
			call; \
			_exit(errno); \
		} \
		reap(what, child); \
	} while (0)

/* What fails, fails in the parent. */
#define FAILS(what, call) \
	do { \
		errno = 0; \
		CHECK((call) == -1); \
		printf("%s: %s\n", what, strerrorname_np(errno)); \
	} while (0)

static char *argv_of_child[] = {"child", "an argument", "33", NULL}, **environment;

static char *
variable(const char *name)
{
	char *value = getenv(name), *text;

	CHECK(asprintf(&text, "%s=%s", name, value ? value : "") > 0);
	return text;
}

static void
spawn(char *self)
{
	posix_spawn_file_actions_t actions;
	char line[100] = "";
	FILE *pipe;
	pid_t pid;

	fflush(stdout);
	CHECK(posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_adddup2(&actions, 1, 7) == 0);
	CHECK(posix_spawn(&pid, self, &actions, NULL, argv_of_child, environment) == 0);
	reap("posix_spawn", pid);
	printf("posix_spawn of nothing: %s\n",
		strerrorname_np(posix_spawn(&pid, "/no/such/file", NULL, NULL, argv_of_child, environment)));
	fflush(stdout);
	printf("system: %x\n", system("echo shell; exit 5"));
	printf("system of nothing: %x\n", system("/no/such/file 2>/dev/null"));
	printf("system, killed: %x\n", system("kill -9 $$"));
	CHECK((pipe = popen("echo to the parent; exit 6", "r")) != NULL && fgets(line, sizeof(line), pipe) != NULL);
	printf("popen: %s", line);
	printf("pclose: %x\n", pclose(pipe));
	fflush(stdout);
	CHECK((pipe = popen("cat; exit 7", "w")) != NULL && fputs("to the child\n", pipe) > 0);
	printf("pclose: %x\n", pclose(pipe));
}

static void
exec(char *self)
{
	int fd = open(self, O_RDONLY | O_CLOEXEC), folder = open("/", O_PATH | O_DIRECTORY);
	pid_t pid;

	CHECK(fd >= 0 && folder >= 0);
	IN_CHILD("execve", execve(self, argv_of_child, environment));
	IN_CHILD("execvp", execvp("sh", (char *[]) {"sh", "-c", "exit 34", NULL}));
	IN_CHILD("fexecve", fexecve(fd, argv_of_child, environment));
	IN_CHILD("execveat", syscall(SYS_execveat, folder, self + 1, argv_of_child, environment, 0));
	IN_CHILD("execveat of nothing", syscall(SYS_execveat, folder, "no/such/file", argv_of_child, environment, 0));
	fflush(stdout);
	if ((pid = vfork()) == 0) {
		execve(self, argv_of_child, environment);
		_exit(1);
	}
	reap("vfork and execve", pid);
	if ((pid = vfork()) == 0) {
		execve("/no/such/file", argv_of_child, environment);
		_exit(errno);
	}
	reap("vfork and failing execve", pid);
}

static void
fail(char *self)
{
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char **wild = (char **) 0x10, *wild_argument[] = {"child", (char *) 0x10, NULL};

	CHECK(hole != MAP_FAILED);
	FAILS("execve of NULL", syscall(SYS_execve, NULL, argv_of_child, environment));
	FAILS("execve of a wild path", syscall(SYS_execve, hole, argv_of_child, environment));
	FAILS("execve with wild arguments", syscall(SYS_execve, self, wild, environment));
	FAILS("execve with a wild argument", syscall(SYS_execve, self, wild_argument, environment));
	FAILS("execve with a wild environment", syscall(SYS_execve, self, argv_of_child, wild));
	FAILS("execve of a folder", execve("/", argv_of_child, environment));
	FAILS("execve of no program", execve("/proc/self/maps", argv_of_child, environment));
	FAILS("execveat of a bad descriptor", syscall(SYS_execveat, -1, "", argv_of_child, environment, AT_EMPTY_PATH));
	FAILS("execveat with bad flags", syscall(SYS_execveat, AT_FDCWD, self, argv_of_child, environment, -1));
}

int
main(int argc, char **argv)
{
	char self[1000] = "";

	if (argc > 1) {
		printf("in the program: %s, %s, %s\n", argv[0], argv[1], environ[0]);
		return atoi(argv[argc - 1]);
	}
	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	/* The children are intercepted as this is. */
	environment = (char *[]) {"HERE=1", variable("LD_PRELOAD"), variable("OBSERVE"), NULL};
	spawn(self);
	exec(self);
	fail(self);
	return 0;
}
