/*
 * Starts a program with an environment that it has made up, which ends with the same status:
 *     clears_the_environment WAY PROGRAM ARGUMENTS...
 * Or is that program: prints its environment and makes a hundred calls that can be told apart. Or starts many, or fails to.
 *     clears_the_environment inside
 *     clears_the_environment inside after vfork
 *     clears_the_environment many TIMES
 *     clears_the_environment wild
 */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *nothing[] = {NULL};

static int
is(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

static int
status_of(pid_t child)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* So many variables, and those of ours that do not load anything. */
static char **
made_up(int count)
{
	char **all = calloc(count + 100, sizeof(char *));
	int next = 0;

	CHECK(all != NULL);
	for (; next < count; next++)
		CHECK(asprintf(&all[next], "V%d=%d", next, next) > 0);
	for (char **variable = environ; *variable != NULL && next < count + 99; variable++)
		if (strncmp(*variable, "INTERCEPT_", 10) == 0)
			all[next++] = *variable;
	return all;
}

static void *
in_thread(void *argv)
{
	char **next = argv;

	execve(next[0], next, nothing);
	return NULL;
}

static int
start(const char *way, char **argv)
{
	pthread_t thread;
	pid_t child;

	if (is(way, "execve"))
		execve(argv[0], argv, nothing);
	if (is(way, "no array"))
		syscall(SYS_execve, argv[0], argv, NULL);
	if (is(way, "without LD_PRELOAD"))
		execve(argv[0], argv, made_up(3));
	if (is(way, "with another LD_PRELOAD"))
		execve(argv[0], argv, (char *[]) {"A=b", "LD_PRELOAD=libm.so.6", "LC_ALL=C", NULL});
	if (is(way, "with an empty LD_PRELOAD"))
		execve(argv[0], argv, (char *[]) {"LD_PRELOAD=", "LD_PRELOADED=", "INTERCEPT=", "", NULL});
	if (is(way, "with many variables"))
		execve(argv[0], argv, made_up(500));
	if (is(way, "execveat"))
		syscall(SYS_execveat, AT_FDCWD, argv[0], argv, nothing, 0);
	if (is(way, "fexecve"))
		fexecve(open(argv[0], O_RDONLY | O_CLOEXEC), argv, nothing);
	if (is(way, "fails first")) {
		CHECK(execve("/no/such/program", argv, nothing) == -1 && errno == ENOENT);
		CHECK(setenv("PATH", "/no/such/folder:/nor/this/one:/bin:/usr/bin", 1) == 0);
		execvpe("env", (char *[]) {"env", "-i", argv[0], argv[1], argv[2], argv[3], NULL}, nothing);
	}
	if (is(way, "posix_spawn")) {
		CHECK(posix_spawn(&child, argv[0], NULL, NULL, argv, nothing) == 0);
		return status_of(child);
	}
	if (is(way, "vfork")) {
		if ((child = vfork()) == 0) {
			execve("/no/such/program", argv, nothing);
			execve(argv[0], argv, nothing);
			_exit(1);
		}
		return status_of(child);
	}
	if (is(way, "thread")) {
		CHECK(pthread_create(&thread, NULL, in_thread, argv) == 0);
		pthread_join(thread, NULL);
	}
	fprintf(stderr, "%s: errno %d\n", way, errno);
	return 1;
}

static long
mapped(void)
{
	long size = -1;
	FILE *file = fopen("/proc/self/statm", "r");

	CHECK(file != NULL && fscanf(file, "%ld", &size) == 1);
	fclose(file);
	return size;
}

static void
start_many(char *self, int times)
{
	char *argv[] = {self, "ends", NULL}, **large = made_up(500);
	long before = 0;

	for (int i = 0; i < times + 10; i++) {
		pid_t child;

		/* What libc takes for itself, it has taken by now. */
		if (i == 10)
			before = mapped();
		if (i % 2 == 0) {
			CHECK(posix_spawn(&child, self, NULL, NULL, argv, i % 4 == 0 ? nothing : large) == 0);
		} else if ((child = vfork()) == 0) {
			execve(self, argv, nothing);
			_exit(1);
		}
		CHECK(status_of(child) == 7);
	}
	printf("%ld pages more\n", mapped() - before);
}

/* What the kernel refuses, it refuses still; and a call that fails changes nothing. */
static void
start_wildly(char *self)
{
	char *argv[] = {self, "inside", NULL}, *with_wild[] = {"A=b", (char *) 0x10, NULL};
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char **unended = (char **) (pages + 4096) - 2, *text = pages + 4096 - 8;

	CHECK(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
	CHECK(syscall(SYS_execve, self, argv, 0x10) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_execve, self, argv, -1L) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_execve, self, argv, 1L << 63) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_execve, self, argv, with_wild) == -1 && errno == EFAULT);
	unended[0] = unended[1] = "A=b";
	CHECK(syscall(SYS_execve, self, argv, unended) == -1 && errno == EFAULT);
	/* A name that ends where memory ends. */
	memcpy(text, "INTERCEP", 8);
	CHECK(syscall(SYS_execve, self, argv, (char *[]) {text, NULL}) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_execve, "/no/such/program", argv, nothing) == -1 && errno == ENOENT);
	CHECK(syscall(SYS_execveat, -1, "", argv, nothing, AT_EMPTY_PATH) == -1 && errno == EBADF);
	CHECK(syscall(SYS_execve, "/", argv, nothing) == -1 && errno == EACCES);
	CHECK(nothing[0] == NULL && with_wild[2] == NULL && is(argv[1], "inside"));
}

static void
hundred_calls(void)
{
	for (int i = 0; i < 100; i++)
		CHECK(getpgid(1 << 29 | i) == -1 && errno == ESRCH);
}

static __attribute__((noinline)) void
far_below(void)
{
	char hole[65536];

	/* What is on the stack from before stays there. */
	__asm__ volatile("" : : "r"(hole) : "memory");
	hundred_calls();
}

/* Calls that are made in the memory where the child of a vfork has become another program. */
static void
below_what_a_child_has_left(char *self)
{
	char *argv[] = {self, "ends", NULL};
	pid_t child = vfork();

	if (child == 0) {
		execve(self, argv, nothing);
		_exit(1);
	}
	int status = -1;
	while (syscall(SYS_wait4, child, &status, 0, NULL) != child)
		continue;
	far_below();
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

int
main(int argc, char **argv, char **envp)
{
	CHECK(argc > 1 && envp == environ);
	if (is(argv[1], "ends"))
		return 7;
	if (is(argv[1], "inside")) {
		for (char **variable = environ; *variable != NULL; variable++)
			puts(*variable);
		fflush(stdout);
		if (argc > 2)
			below_what_a_child_has_left(argv[0]);
		else
			hundred_calls();
		return 7;
	}
	if (is(argv[1], "many")) {
		CHECK(argc > 2);
		start_many(argv[0], atoi(argv[2]));
		return 0;
	}
	if (is(argv[1], "wild")) {
		start_wildly(argv[0]);
		return 0;
	}
	return start(argv[1], argv + 2);
}
