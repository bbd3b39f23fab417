/*
 * Threads by the hundred, forks by the ten thousand, and that nothing of them stays behind: descriptors, memory, mappings.
 *
 * Usage: threads_and_forks THREADS FORKS
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 100

extern char **environ;

static atomic_long sum;

static void *
work(void *p)
{
	int ends[2];
	char byte = (char) (long) p;

	if (pipe(ends) != 0 || write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
		abort();
	sum += byte;
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

static void *
fork_from_a_thread(void *unused)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(getppid() > 0 ? 7 : 1);
	if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7)
		abort();
	return unused;
}

static int
in_a_clone(void *p)
{
	*(int *) p += getpid() > 0;
	return 9;
}

static int
ended_with(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int
count(const char *path)
{
	DIR *folder = opendir(path);
	int entries = 0;

	while (readdir(folder) != NULL)
		entries++;
	closedir(folder);
	return entries;
}

static long
line_of_status(const char *name)
{
	char line[200];
	long value = -1;
	FILE *file = fopen("/proc/self/status", "r");

	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name), NULL, 10);
	fclose(file);
	return value;
}

static void
threads(int number)
{
	pthread_t ids[AT_ONCE];
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	for (int done = 0; done < number; done += AT_ONCE) {
		for (int i = 0; i < AT_ONCE; i++)
			if (pthread_create(&ids[i], &small, i % 20 == 0 ? fork_from_a_thread : work, (void *) 1L) != 0)
				abort();
		for (int i = 0; i < AT_ONCE; i++)
			pthread_join(ids[i], NULL);
	}
	/* Detached ones free their own stack. */
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < AT_ONCE; i++)
		while (pthread_create(&ids[i], &small, work, (void *) 1L) != 0)
			sched_yield();
	while (line_of_status("Threads:") > 1)
		usleep(1000);
}

/* In a function of its own: the child of a vfork shares the variables of who calls it. */
static pid_t
child_that_exits_with(int code, int shares_memory)
{
	pid_t child = shares_memory ? vfork() : fork();

	if (child == 0)
		_exit(code);
	return child;
}

static void
forks(int number)
{
	long codes = 0;

	for (int done = 0; done < number; done += AT_ONCE) {
		pid_t ids[AT_ONCE];

		for (int i = 0; i < AT_ONCE; i++)
			ids[i] = child_that_exits_with(i, i % 4 == 0);
		for (int i = 0; i < AT_ONCE; i++)
			codes += ended_with(ids[i]);
	}
	printf("exit codes of forks: %ld\n", codes);
}

int
main(int argc, char **argv)
{
	static char stack[256 * 1024] __attribute__((aligned(16)));
	char *arguments[] = {"sh", "-c", "exit 5", NULL};
	int counter = 0, descriptors;
	long resident;
	pid_t child;

	if (argc != 3)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	threads(2 * AT_ONCE);
	forks(2 * AT_ONCE);
	descriptors = count("/proc/self/fd");
	resident = line_of_status("VmRSS:");

	threads(atoi(argv[1]));
	printf("sum of the threads: %ld\n", sum);
	forks(atoi(argv[2]));
	for (int i = 0; i < 50; i++) {
		child = clone(in_a_clone, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &counter);
		if (ended_with(child) != 9)
			abort();
		child = clone(in_a_clone, stack + sizeof(stack), SIGCHLD, &counter);
		if (ended_with(child) != 9)
			abort();
		if (posix_spawnp(&child, "sh", NULL, NULL, arguments, environ) != 0 || ended_with(child) != 5)
			abort();
	}
	printf("clones: %d, system: %d\n", counter, WEXITSTATUS(system("exit 3")));
	printf("descriptors that stay: %d\n", count("/proc/self/fd") - descriptors);
	/* glibc keeps stacks of ended threads for the next ones; 1 MB is more than their first pages. */
	printf("memory that stays: %s\n", line_of_status("VmRSS:") - resident < 1024 ? "none" : "some");
	return 0;
}
