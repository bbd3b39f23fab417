/*
 * Goes where paths in /proc lead elsewhere or may not be followed, does something to its descriptors, and becomes another program:
 *     leaves WAY CLOSING PROGRAM ARGUMENTS...
 * Or is that program: makes a hundred calls that can be told apart, or prints its descriptors.
 *     leaves inside
 *     leaves lists
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int
is(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

/* The child goes on; the parent ends as it does. */
static void
only_the_child_goes_on(pid_t child)
{
	int status;

	CHECK(child >= 0);
	if (child == 0)
		return;
	CHECK(waitpid(child, &status, 0) == child);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void
write_line(const char *path, const char *line)
{
	int file = open(path, O_WRONLY);

	CHECK(file >= 0 && write(file, line, strlen(line)) == (ssize_t)strlen(line));
	close(file);
}

/* Without that nobody there may make another one. */
static void
stay_the_same_user(uid_t user, gid_t group)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1\n", (unsigned)user, (unsigned)user);
	write_line("/proc/self/uid_map", line);
	write_line("/proc/self/setgroups", "deny\n");
	snprintf(line, sizeof(line), "%u %u 1\n", (unsigned)group, (unsigned)group);
	write_line("/proc/self/gid_map", line);
}

static void
joins_a_namespace_of_another_process(void)
{
	int done[2];
	char byte, path[64];

	CHECK(pipe(done) == 0);
	pid_t other = fork();
	CHECK(other >= 0);
	if (other == 0) {
		CHECK(unshare(CLONE_NEWUSER) == 0 && write(done[1], "", 1) == 1);
		pause();
	}
	CHECK(read(done[0], &byte, 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)other);
	int space = open(path, O_RDONLY);
	CHECK(space >= 0 && setns(space, CLONE_NEWUSER) == 0);
	CHECK(kill(other, SIGKILL) == 0 && waitpid(other, NULL, 0) == other);
	close(space);
	close(done[0]);
	close(done[1]);
}

static void
leave(const char *way)
{
	if (is(way, "unshare")) {
		uid_t user = geteuid();
		gid_t group = getegid();
		CHECK(unshare(CLONE_NEWUSER) == 0);
		stay_the_same_user(user, group);
	} else if (is(way, "clone")) {
		only_the_child_goes_on((pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0));
	} else if (is(way, "clone3")) {
		struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
		only_the_child_goes_on((pid_t)syscall(SYS_clone3, &args, sizeof(args)));
	} else if (is(way, "setns")) {
		joins_a_namespace_of_another_process();
	} else if (is(way, "processes")) {
		CHECK(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
		CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		only_the_child_goes_on(fork());
		CHECK(mount("proc", "/proc", "proc", 0, NULL) == 0);
	} else if (is(way, "no-proc")) {
		CHECK(unshare(CLONE_NEWNS) == 0);
		CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		CHECK(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
	} else if (is(way, "user")) {
		CHECK(setgroups(0, NULL) == 0);
		CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	} else if (is(way, "capability")) {
		CHECK(prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE) == 0);
	} else {
		CHECK(is(way, "stays"));
	}
}

static void
treat_descriptors(const char *closing)
{
	if (is(closing, "in-child"))
		only_the_child_goes_on(fork());
	if (is(closing, "marks"))
		CHECK(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) == 0);
	else if (!is(closing, "keeps"))
		CHECK(syscall(SYS_close_range, 3, ~0U, 0) == 0);
}

static void
list_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	CHECK(folder != NULL);
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder))
			printf("%s\n", entry->d_name);
	}
}

int
main(int argc, char **argv)
{
	if (argc == 2 && is(argv[1], "inside")) {
		for (int i = 0; i < 100; i++)
			CHECK(getpgid(1 << 29 | i) == -1 && errno == ESRCH);
		return 7;
	}
	if (argc == 2 && is(argv[1], "lists")) {
		list_descriptors();
		return 0;
	}
	CHECK(argc > 3);
	leave(argv[1]);
	treat_descriptors(argv[2]);
	execv(argv[3], argv + 3);
	return 1;
}
