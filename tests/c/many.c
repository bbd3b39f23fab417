/* Makes so many threads or processes, fifty at a time, and looks whether anything is left of them: `many WHAT COUNT`. */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define AT_A_TIME 50

static atomic_long ran;

static void *
run(void *number)
{
	char name[32];

	CHECK(getppid() > 0 && pthread_getname_np(pthread_self(), name, sizeof(name)) == 0);
	ran++;
	return number;
}

static void
threads(void)
{
	pthread_t all[AT_A_TIME];

	for (long i = 0; i < AT_A_TIME; i++)
		CHECK(pthread_create(&all[i], NULL, run, (void *) i) == 0);
	for (long i = 0; i < AT_A_TIME; i++) {
		void *number;

		CHECK(pthread_join(all[i], &number) == 0 && number == (void *) i);
	}
}

static void
processes(void)
{
	pid_t all[AT_A_TIME];

	for (int i = 0; i < AT_A_TIME; i++) {
		if ((all[i] = fork()) == 0)
			_exit(getppid() > 0 && access("/", R_OK) == 0 ? i : 255);
		CHECK(all[i] > 0);
	}
	for (int i = 0; i < AT_A_TIME; i++) {
		int status;

		CHECK(waitpid(all[i], &status, 0) == all[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == i);
		ran++;
	}
}

/* In kB. */
static long
resident(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long size = -1;

	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "RssAnon: %ld kB", &size);
	fclose(file);
	return size;
}

static int
entries(const char *path)
{
	DIR *folder = opendir(path);
	int count = 0;

	CHECK(folder != NULL);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static long
mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	int lines = 0, byte;

	CHECK(file != NULL);
	while ((byte = fgetc(file)) != EOF)
		lines += byte == '\n';
	fclose(file);
	return lines;
}

int
main(int argc, char **argv)
{
	long count, size, files, maps;
	void (*make)(void);

	CHECK(argc == 3);
	make = strcmp(argv[1], "threads") == 0 ? threads : processes;
	count = atol(argv[2]);
	/* Stacks and buffers that are kept. */
	make();
	ran = 0;
	size = resident();
	files = entries("/proc/self/fd");
	maps = mappings();
	while (ran < count)
		make();
	CHECK(ran == count && entries("/proc/self/task") == 3);
	CHECK(entries("/proc/self/fd") == files && mappings() <= maps + 2);
	if (resident() > size + 512)
		fprintf(stderr, "grew from %ld to %ld kB\n", size, resident());
	printf("%ld %s\n", count, argv[1]);
	return 0;
}
