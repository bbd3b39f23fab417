/*
 * Says on which side of the kernel a call has waited for at least a tenth of a second.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG 0.1

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);          /* of the vdso: no system call */
	return time.tv_sec + time.tv_nsec * 1e-9;
}

int
main(void)
{
	struct timespec time;
	double before, kernel, after, child = 0;
	int ends[2];

	before = now();
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
	after = now();
	kernel = time.tv_sec + time.tv_nsec * 1e-9;
	printf("before %d after %d\n", kernel - before >= LONG, after - kernel >= LONG);
	fflush(stdout);

	if (pipe(ends) != 0)
		return 1;
	before = now();
	if (fork() == 0) {
		child = now();
		_exit(write(ends[1], &child, sizeof(child)) != sizeof(child));
	}
	after = now();
	if (read(ends[0], &child, sizeof(child)) != sizeof(child))
		return 1;
	wait(NULL);
	printf("child later %d parent later %d\n", child - before >= LONG, after - before >= LONG);
	return 0;
}
